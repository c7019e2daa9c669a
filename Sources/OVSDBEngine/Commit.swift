// The end of a transaction: what it did is brought into agreement with the rules that hold between
// rows, or refused. The order of the steps is the order in which stock servers report violations:
//
//  1. rows that did not really change are forgotten;
//  2. strong references are counted from the differences of the touched rows: one that leads
//     nowhere, or to a row that was deleted, is an error;
//  3. rows of tables that are not roots and that nobody refers to any more are deleted, and so on
//     with those that only they referred to;
//  4. the limits on the number of rows are checked;
//  5. weak references to rows that are gone are removed from the rows that have them;
//  6. the indexes must be unique in what results;
//  7. changed rows get a new `_version`.

import OVSDBModel

struct Commit {
    var transaction: Transaction
    /// Rows whose count of references has reached zero.
    var unreferenced: [RowLocation] = []

    init(_ transaction: Transaction) { self.transaction = transaction }

    var base: Database { transaction.base }

    /// Performs the steps and returns what the transaction changes in total.
    mutating func run(makeUUID: () -> RowUUID) throws(OVSDBError) -> DatabaseDelta {
        forgetUnchanged()
        guard transaction.touched.contains(where: { $0 != nil }) else { return DatabaseDelta() }
        try countReferences()
        try checkDeletedRows()
        queueUnreferenced()
        collectGarbage()
        try checkRowLimits()
        try removeWeakReferences()
        try checkIndexes()
        return delta(makeUUID)
    }

    private mutating func forgetUnchanged() {
        for index in transaction.touched.indices {
            transaction.touched[index]?.forgetUnchanged()
            if transaction.touched[index]?.rows.isEmpty == true { transaction.touched[index] = nil }
        }
    }

    private func checkRowLimits() throws(OVSDBError) {
        for table in transaction.touchedTables {
            let schema = base.schema.tables[table]
            guard let limit = schema.maximumRows else { continue }
            var count = base.tables[table].count
            for touched in transaction.touchedRows(table) {
                if touched.isInserted { count += 1 }
                if touched.isDeleted { count -= 1 }
            }
            guard count > limit else { continue }
            throw .constraintViolation(
                "transaction causes \"\(schema.name)\" table to contain \(count) rows, greater "
                    + "than the schema-defined limit of \(limit) row(s)")
        }
    }

    private func delta(_ makeUUID: () -> RowUUID) -> DatabaseDelta {
        var delta = DatabaseDelta()
        for table in transaction.touchedTables {
            var rows: [RowChange] = []
            for touched in transaction.touchedRows(table) where touched.isChanged {
                rows.append(
                    RowChange(
                        uuid: touched.uuid, old: touched.old?.row, new: touched.new,
                        oldVersion: touched.old?.version ?? .zero,
                        newVersion: touched.new == nil ? .zero : makeUUID()))
            }
            guard !rows.isEmpty else { continue }
            rows.sort { $0.uuid < $1.uuid }
            delta.tables.append(TableChanges(table: table, rows: rows))
        }
        return delta
    }
}

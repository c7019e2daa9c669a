// Unique indexes, judged by what results from the whole transaction: values may be swapped between
// rows, or taken over from a row that is deleted.

import OVSDBModel

extension Commit {
    func checkIndexes() throws(OVSDBError) {
        for table in transaction.touchedTables {
            for index in base.schema.tables[table].indexColumns.indices {
                try checkIndex(table, index)
            }
        }
    }

    private func checkIndex(_ table: Int, _ index: Int) throws(OVSDBError) {
        guard let rows = transaction.touched[table] else { return }
        let stored = base.tables[table]
        var owners: [IndexKey: RowUUID] = [:]
        for touched in rows.rows {
            guard let row = touched.new else { continue }
            let key = stored.key(ofIndex: index, row)
            if let other = owners.updateValue(touched.uuid, forKey: key) {
                throw duplicate(table, index, other, touched.uuid)
            }
            // A touched owner in the base is judged by what it has now, in this same loop.
            if let other = stored.indexes[index][key], other != touched.uuid,
                rows.position(other) == nil
            {
                throw duplicate(table, index, other, touched.uuid)
            }
        }
    }

    private func duplicate(
        _ table: Int, _ index: Int, _ first: RowUUID, _ second: RowUUID
    ) -> OVSDBError {
        var rows = (RowLocation(table: table, uuid: first), RowLocation(table: table, uuid: second))
        if let a = transaction.row(rows.0), let b = transaction.row(rows.1),
            comparable(table, a).lexicographicallyPrecedes(comparable(table, b))
        {
            swap(&rows.0, &rows.1)
        }
        let schema = base.schema.tables[table]
        let columns = schema.indexes[index]
        let names = Commit.englishList(columns.map { "\"\($0)\"" })
        let values = indexText(table, index, transaction.row(rows.0))
        return .constraintViolation(
            "Transaction causes multiple rows in \"\(schema.name)\" table to have identical values "
                + "(\(values)) for index on column\(columns.count > 1 ? "s" : "") \(names).  "
                + "First \(describe(rows.0, index))  Second \(describe(rows.1, index))")
    }

    /// The values that put two rows in an order that doesn't depend on chance.
    private func comparable(_ table: Int, _ row: Row) -> [Datum] {
        let columns = base.schema.tables[table].columns
        return columns.indices.filter { index in
            columns[index].type.key.type != .uuid && columns[index].type.value?.type != .uuid
        }.map { row[$0] }
    }

    private func indexText(_ table: Int, _ index: Int, _ row: Row?) -> String {
        guard let row else { return "" }
        let schema = base.schema.tables[table]
        return Commit.englishList(
            schema.indexColumns[index].map { row[$0].text(schema.columns[$0].type) })
    }

    private func describe(_ location: RowLocation, _ index: Int) -> String {
        let subject = "row, with UUID \(location.uuid), "
        guard let touched = transaction[touched: location], touched.isChanged
        else {
            return subject + "existed in the database before this transaction and was not modified "
                + "by the transaction."
        }
        guard let old = touched.old, let new = touched.new else {
            return subject + "was inserted by this transaction."
        }
        let table = base.tables[location.table]
        if table.key(ofIndex: index, old.row) == table.key(ofIndex: index, new) {
            return subject + "existed in the database before this transaction, which modified some "
                + "of the row's columns but not any columns in this index."
        }
        let before = indexText(location.table, index, old.row)
        return subject + "had the following index values before the transaction: \(before)."
    }

    /// "a", "a and b", "a, b, and c".
    static func englishList(_ items: [String]) -> String {
        guard let last = items.last, items.count > 1 else { return items.first ?? "" }
        let head = items.dropLast().joined(separator: ", ")
        return items.count > 2 ? "\(head), and \(last)" : "\(head) and \(last)"
    }
}

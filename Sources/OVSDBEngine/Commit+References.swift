// Strong references: the counts follow from what the touched rows had and have, so nothing else has
// to be looked at. References of a row to itself don't count.

import OVSDBModel

extension Commit {
    mutating func countReferences() throws(OVSDBError) {
        for table in transaction.touchedTables {
            let parts = base.references[table].strong
            if parts.isEmpty { continue }
            // Rows that are brought in on the way have not changed.
            for touched in transaction.touchedRows(table) {
                for part in parts { try countReferences(table, part, touched) }
            }
        }
    }

    private mutating func countReferences(
        _ table: Int, _ part: TableReferences.Part, _ touched: TouchedRow
    ) throws(OVSDBError) {
        let old = touched.old?.row[part.column] ?? .empty
        let new = touched.new?[part.column] ?? .empty
        for (uuid, difference) in part.countDifferences(from: old, to: new)
        where uuid != touched.uuid {
            let target = RowLocation(table: part.target, uuid: uuid)
            guard adjust(target, by: difference) != nil else {
                throw danglingReference(RowLocation(table: table, uuid: touched.uuid), part, uuid)
            }
        }
    }

    /// Adds `difference` to the count of references to a row and returns the count; nil if there is
    /// no such row.
    ///
    /// A row that was deleted by this transaction still counts, so that what remains is reported.
    private mutating func adjust(_ target: RowLocation, by difference: Int) -> Int? {
        if transaction.touched[target.table]?.position(target.uuid) == nil {
            guard let stored = base[target] else { return difference <= 0 ? 0 : nil }
            transaction.touch(target, stored)
        }
        guard let position = transaction.touched[target.table]?.position(target.uuid),
            let touched = transaction.touched[target.table]?.rows[position]
        else { return nil }
        guard touched.old != nil || touched.new != nil else { return difference <= 0 ? 0 : nil }
        transaction.touched[target.table]?.addReferences(difference, at: position)
        return touched.references + difference
    }

    private func danglingReference(
        _ location: RowLocation, _ part: TableReferences.Part, _ uuid: RowUUID
    ) -> OVSDBError {
        let table = base.schema.tables[location.table]
        return OVSDBError(
            tag: "referential integrity violation",
            details: "Table \(table.name) column \(table.columns[part.column].name) row "
                + "\(location.uuid) references nonexistent row \(uuid) in table "
                + "\(base.schema.tables[part.target].name).")
    }

    func checkDeletedRows() throws(OVSDBError) {
        for table in transaction.touchedTables {
            for touched in transaction.touchedRows(table)
            where touched.new == nil && touched.references != 0 {
                throw OVSDBError(
                    tag: "referential integrity violation",
                    details: "cannot delete \(base.schema.tables[table].name) row \(touched.uuid) "
                        + "because of \(touched.references) remaining reference(s)")
            }
        }
    }

    // MARK: Garbage

    mutating func queueUnreferenced() {
        for table in transaction.touchedTables where !base.schema.tables[table].isRoot {
            for touched in transaction.touchedRows(table)
            where touched.new != nil && touched.references == 0 {
                unreferenced.append(RowLocation(table: table, uuid: touched.uuid))
            }
        }
    }

    /// Deletes what nobody refers to, and what only that referred to.
    mutating func collectGarbage() {
        while let location = unreferenced.popLast() {
            guard let row = transaction.row(location) else { continue }
            transaction.delete(location)
            release(location, from: row, to: nil)
        }
    }

    /// Takes back the references that `old` has and `new` hasn't.
    mutating func release(_ location: RowLocation, from old: Row, to new: Row?) {
        for part in base.references[location.table].strong {
            let after = new?[part.column] ?? .empty
            for (uuid, difference) in part.countDifferences(from: old[part.column], to: after)
            where uuid != location.uuid {
                let target = RowLocation(table: part.target, uuid: uuid)
                let count = adjust(target, by: difference)
                if count == 0, !base.schema.tables[target.table].isRoot {
                    unreferenced.append(target)
                }
            }
        }
    }
}

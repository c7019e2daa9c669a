// Strong references: the counts follow from what the touched rows had and have, so nothing else has
// to be looked at. References of a row to itself don't count.

import OVSDBModel

extension Commit {
    mutating func countReferences() throws(OVSDBError) {
        for location in transaction.touchedLocations {
            let parts = base.references[location.table].strong
            guard !parts.isEmpty, let touched = transaction[touched: location] else { continue }
            for part in parts { try countReferences(location, part, touched) }
        }
    }

    private mutating func countReferences(
        _ location: RowLocation, _ part: TableReferences.Part, _ touched: TouchedRow
    ) throws(OVSDBError) {
        let old = touched.old?.row[part.column] ?? .empty
        let new = touched.new?[part.column] ?? .empty
        for (uuid, difference) in part.countDifferences(from: old, to: new)
        where uuid != location.uuid {
            let target = RowLocation(table: part.target, uuid: uuid)
            guard adjust(target, by: difference) else {
                throw danglingReference(location, part, uuid)
            }
        }
    }

    /// Adds `difference` to the count of references to a row; false if there is no such row.
    ///
    /// A row that was deleted by this transaction still counts, so that what remains is reported.
    private mutating func adjust(_ target: RowLocation, by difference: Int) -> Bool {
        if let touched = transaction[touched: target] {
            guard touched.old != nil || touched.new != nil else { return difference <= 0 }
        } else {
            guard let stored = base[target] else { return difference <= 0 }
            transaction.touch(target, stored)
        }
        transaction.touched[target.table]?.rows[target.uuid]?.references += difference
        return true
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
        for location in transaction.touchedLocations {
            guard let touched = transaction[touched: location], touched.new == nil,
                touched.references != 0
            else { continue }
            throw OVSDBError(
                tag: "referential integrity violation",
                details: "cannot delete \(base.schema.tables[location.table].name) row "
                    + "\(location.uuid) because of \(touched.references) remaining reference(s)")
        }
    }

    // MARK: Garbage

    mutating func queueUnreferenced() {
        for table in transaction.touchedTables where !base.schema.tables[table].isRoot {
            for uuid in transaction.touched[table]?.order ?? [] {
                let location = RowLocation(table: table, uuid: uuid)
                guard let touched = transaction[touched: location], touched.new != nil,
                    touched.references == 0
                else { continue }
                unreferenced.append(location)
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
                _ = adjust(target, by: difference)
                let isGarbage = transaction[touched: target]?.references == 0
                if isGarbage, !base.schema.tables[target.table].isRoot {
                    unreferenced.append(target)
                }
            }
        }
    }
}

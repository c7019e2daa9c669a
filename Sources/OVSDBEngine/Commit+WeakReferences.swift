// Weak references: those that lead nowhere are removed from the rows that have them, in the rows
// that the transaction changed as well as in rows that refer to what it deleted. The latter are
// known by the reverse index that every table keeps.

import OVSDBModel

extension Commit {
    /// Removing a pair of a map can take away a strong reference too, so that more rows become
    /// garbage, and so on until nothing more is deleted.
    mutating func removeWeakReferences() throws(OVSDBError) {
        var examined: Set<RowLocation> = []
        repeat {
            for location in rowsToExamine(&examined) { try removeWeakReferences(location) }
            collectGarbage()
        } while transaction.touchedLocations.contains { isDeleted($0) && !examined.contains($0) }
    }

    private func isDeleted(_ location: RowLocation) -> Bool {
        transaction[touched: location].map { $0.old != nil && $0.new == nil } ?? false
    }

    /// The rows whose weak references may lead nowhere: those that changed, and those that refer to
    /// a deleted row that is not in `examined` yet.
    private func rowsToExamine(_ examined: inout Set<RowLocation>) -> [RowLocation] {
        var rows: [RowLocation] = []
        var referrers: Set<RowLocation> = []
        for location in transaction.touchedLocations {
            guard let touched = transaction[touched: location] else { continue }
            if isDeleted(location) {
                guard examined.insert(location).inserted else { continue }
                let all = base.tables[location.table].weakReferrers[location.uuid] ?? [:]
                referrers.formUnion(all.keys)
            } else if touched.isChanged, !base.references[location.table].weak.isEmpty {
                rows.append(location)
            }
        }
        return referrers.isEmpty ? rows : rows + referrers.subtracting(rows).sorted()
    }

    private mutating func removeWeakReferences(_ location: RowLocation) throws(OVSDBError) {
        guard let row = transaction.row(location) else { return }
        var cleaned = row
        for column in base.references[location.table].weakColumns {
            let kept = withoutDeadReferences(row[column], column: column, location)
            guard kept != row[column] else { continue }
            try checkNotEmptied(location, column: column, from: row[column], to: kept)
            cleaned[column] = kept
        }
        guard cleaned != row else { return }
        transaction.modify(location, cleaned)
        release(location, from: row, to: cleaned)
    }

    private func withoutDeadReferences(
        _ datum: Datum, column: Int, _ location: RowLocation
    ) -> Datum {
        var result = datum
        for part in base.references[location.table].weak where part.column == column {
            result = part.filter(result) { uuid in
                transaction.exists(RowLocation(table: part.target, uuid: uuid))
            }
        }
        return result
    }

    private func checkNotEmptied(
        _ location: RowLocation, column: Int, from old: Datum, to new: Datum
    ) throws(OVSDBError) {
        let table = base.schema.tables[location.table]
        let name = table.columns[column].name
        guard new.count < table.columns[column].type.minimum else { return }
        let isNew = base[location] == nil
        let inserted = isNew ? "(inserted within this transaction) " : ""
        if isNew, old.atoms.contains(.uuid(.zero)) {
            throw .constraintViolation(
                "Weak reference column \"\(name)\" in \"\(table.name)\" row \(location.uuid) "
                    + "\(inserted)contained all-zeros UUID (probably as the default value for "
                    + "this column) but deleting this value caused a constraint volation because "
                    + "this column is not allowed to be empty.")
        }
        throw .constraintViolation(
            "Deletion of \(old.count - new.count) weak reference(s) to deleted (or never-existing) "
                + "rows from column \"\(name)\" in \"\(table.name)\" row \(location.uuid) "
                + "\(inserted)caused this column to become empty, but constraints on this column "
                + "disallow an empty column.")
    }
}

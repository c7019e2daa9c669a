// Weak references: those that lead nowhere are removed from the rows that have them, in the rows
// that the transaction changed as well as in rows that refer to what it deleted. The latter are
// known by the reverse index that every table keeps.

import OVSDBModel

extension Commit {
    /// Removing a pair of a map can take away a strong reference too, so that more rows become
    /// garbage, and so on until nothing more is deleted.
    mutating func removeWeakReferences() throws(OVSDBError) {
        var examined: Set<RowLocation> = []
        var deleted = deletedRows()
        repeat {
            examined.formUnion(deleted)
            for location in rowsToExamine(deleted) { try removeWeakReferences(location) }
            collectGarbage()
            deleted = deletedRows().filter { !examined.contains($0) }
        } while !deleted.isEmpty
    }

    private func deletedRows() -> [RowLocation] {
        transaction.touchedTables.flatMap { table in
            transaction.touchedRows(table).filter(\.isDeleted).map {
                RowLocation(table: table, uuid: $0.uuid)
            }
        }
    }

    /// The rows whose weak references may lead nowhere: those that changed, and those that refer to
    /// one of the `deleted` rows.
    private func rowsToExamine(_ deleted: [RowLocation]) -> [RowLocation] {
        var rows: [RowLocation] = []
        for table in transaction.touchedTables where !base.references[table].weak.isEmpty {
            for touched in transaction.touchedRows(table)
            where touched.new != nil && touched.isChanged {
                rows.append(RowLocation(table: table, uuid: touched.uuid))
            }
        }
        var referrers: Set<RowLocation> = []
        for location in deleted {
            guard let all = base.tables[location.table].weakReferrers[location.uuid] else {
                continue
            }
            referrers.formUnion(all.keys)
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

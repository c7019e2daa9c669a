import HashTreeCollections
import OVSDBModel

// The only place where rows change. It trusts the delta: a commit, here or on another server, has
// checked it.

extension Database {
    /// Changes the database as `delta` says, which must fit what is there: its `old` rows exist and
    /// have those contents.
    public mutating func apply(_ delta: DatabaseDelta) {
        for changes in delta.tables {
            for change in changes.rows where change.new == nil {
                remove(change, table: changes.table)
            }
        }
        // Rows before references, so that a reference finds its target in whatever order they come.
        for changes in delta.tables {
            for change in changes.rows where change.new != nil {
                replace(change, table: changes.table)
            }
        }
        var references: [RowLocation: Int] = [:]
        for changes in delta.tables {
            for change in changes.rows { count(change, table: changes.table, &references) }
        }
        for (target, count) in references {
            tables[target.table].rows[target.uuid]?.references += count
        }
    }

    /// Index entries of all old values go before any new one comes: values may move between rows.
    private mutating func remove(_ change: RowChange, table: Int) {
        tables[table].rows[change.uuid] = nil
        tables[table].weakReferrers[change.uuid] = nil
    }

    private mutating func replace(_ change: RowChange, table: Int) {
        guard let new = change.new else { return }
        if change.old == nil {
            tables[table].rows[change.uuid] = StoredRow(
                row: new, version: change.newVersion, references: 0)
        } else {
            tables[table].rows[change.uuid]?.row = new
            tables[table].rows[change.uuid]?.version = change.newVersion
        }
    }

    /// Notes the strong references that come and go in `strong`, as many rows refer to few.
    private mutating func count(
        _ change: RowChange, table: Int, _ strong: inout [RowLocation: Int]
    ) {
        updateIndexes(change, table: table)
        let references = references[table]
        for part in references.strong {
            for (uuid, count) in part.countDifferences(change) where uuid != change.uuid {
                strong[RowLocation(table: part.target, uuid: uuid), default: 0] += count
            }
        }
        for part in references.weak {
            let location = RowLocation(table: table, uuid: change.uuid)
            for (uuid, count) in part.countDifferences(change) where uuid != change.uuid {
                tables[part.target].addReferrer(location, to: uuid, count)
            }
        }
    }

    private mutating func updateIndexes(_ change: RowChange, table: Int) {
        for index in tables[table].indexes.indices {
            let old = change.old.map { tables[table].key(ofIndex: index, $0) }
            let new = change.new.map { tables[table].key(ofIndex: index, $0) }
            guard old != new else { continue }
            // Another row may have taken over the old values already.
            if let old, tables[table].indexes[index][old] == change.uuid {
                tables[table].indexes[index][old] = nil
            }
            if let new { tables[table].indexes[index][new] = change.uuid }
        }
    }
}

extension TableReferences.Part {
    fileprivate func countDifferences(_ change: RowChange) -> [(uuid: RowUUID, count: Int)] {
        countDifferences(
            from: change.old?[column] ?? .empty, to: change.new?[column] ?? .empty)
    }
}

extension Table {
    fileprivate mutating func addReferrer(_ location: RowLocation, to uuid: RowUUID, _ count: Int) {
        guard rows[uuid] != nil else { return }
        let total = (weakReferrers[uuid]?[location] ?? 0) + count
        assert(total >= 0)
        weakReferrers[uuid, default: [:]][location] = total == 0 ? nil : total
        if weakReferrers[uuid]?.isEmpty == true { weakReferrers[uuid] = nil }
    }
}

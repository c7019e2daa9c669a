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
        for changes in delta.tables {
            for change in changes.rows { count(change, table: changes.table) }
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

    private mutating func count(_ change: RowChange, table: Int) {
        updateIndexes(change, table: table)
        let location = RowLocation(table: table, uuid: change.uuid)
        for part in references[table].strong {
            let old = change.old?[part.column] ?? .empty
            let new = change.new?[part.column] ?? .empty
            for (uuid, count) in part.countDifferences(from: old, to: new)
            where uuid != change.uuid {
                tables[part.target].rows[uuid]?.references += count
            }
        }
        for part in references[table].weak {
            let old = change.old?[part.column] ?? .empty
            let new = change.new?[part.column] ?? .empty
            for (uuid, count) in part.countDifferences(from: old, to: new)
            where uuid != change.uuid {
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

extension Table {
    fileprivate mutating func addReferrer(_ location: RowLocation, to uuid: RowUUID, _ count: Int) {
        guard rows[uuid] != nil else { return }
        let total = (weakReferrers[uuid]?[location] ?? 0) + count
        assert(total >= 0)
        weakReferrers[uuid, default: [:]][location] = total == 0 ? nil : total
        if weakReferrers[uuid]?.isEmpty == true { weakReferrers[uuid] = nil }
    }
}

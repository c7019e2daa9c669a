// Finding the rows that a `where` selects: by identity or through an index if its clauses allow
// that, else by looking at every row of the table.

import OVSDBModel

extension Transaction {
    /// The rows of `table` that satisfy all of `conditions`, sorted by identity.
    mutating func query(table: Int, _ conditions: [Condition]) -> [RowUUID] {
        if conditions.contains(where: { $0.function == .alwaysFalse }) { return [] }
        if let candidates = candidates(table: table, conditions) {
            return candidates.filter { matches(table, $0, conditions) }.sorted()
        }
        return scan(table: table, conditions).sorted()
    }

    private func matches(_ table: Int, _ uuid: RowUUID, _ conditions: [Condition]) -> Bool {
        let location = RowLocation(table: table, uuid: uuid)
        guard let row = row(location) else { return false }
        return conditions.matchesAll(uuid: uuid, version: version(location), row: row)
    }

    private func scan(table: Int, _ conditions: [Condition]) -> [RowUUID] {
        var result: [RowUUID] = []
        let touched = touched[table]
        for (uuid, stored) in base.tables[table].rows where touched?.position(uuid) == nil {
            if conditions.matchesAll(uuid: uuid, version: stored.version, row: stored.row) {
                result.append(uuid)
            }
        }
        for row in touched?.rows ?? [] where matches(table, row.uuid, conditions) {
            result.append(row.uuid)
        }
        return result
    }

    /// A set of rows that includes all that can satisfy `conditions`; nil if only a scan can tell.
    private mutating func candidates(table: Int, _ conditions: [Condition]) -> Set<RowUUID>? {
        if let uuid = Transaction.identity(conditions) { return [uuid] }
        let schema = base.tables[table].schema
        for (index, columns) in schema.indexColumns.enumerated() {
            if let key = Transaction.key(columns, conditions) {
                return lookUp(table: table, index: index, key)
            }
        }
        return nil
    }

    private static func identity(_ conditions: [Condition]) -> RowUUID? {
        for condition in conditions where condition.column == .uuid {
            if condition.function == .equal || condition.function == .includes {
                return condition.argument.uuid
            }
        }
        return nil
    }

    /// The values that `conditions` require in all of `columns`; nil if one is left open.
    private static func key(_ columns: [Int], _ conditions: [Condition]) -> IndexKey? {
        var values: [Datum] = []
        for column in columns {
            let clause = conditions.first {
                $0.column == .column(column) && $0.function == .equal
            }
            guard let clause else { return nil }
            values.append(clause.argument)
        }
        return IndexKey(values: values)
    }

    private mutating func lookUp(table: Int, index: Int, _ key: IndexKey) -> Set<RowUUID> {
        var result: Set<RowUUID> = []
        if let uuid = base.tables[table].indexes[index][key] { result.insert(uuid) }
        guard touched[table] != nil else { return result }
        if touched[table]?.indexes[index] == nil { indexTouchedRows(table: table, index: index) }
        return result.union(touched[table]?.indexes[index]?[key] ?? [])
    }

    private mutating func indexTouchedRows(table: Int, index: Int) {
        var entries: [IndexKey: Set<RowUUID>] = [:]
        for touched in touchedRows(table) {
            guard let row = touched.new else { continue }
            let key = base.tables[table].key(ofIndex: index, row)
            entries[key, default: []].insert(touched.uuid)
        }
        touched[table]?.indexes[index] = entries
    }
}

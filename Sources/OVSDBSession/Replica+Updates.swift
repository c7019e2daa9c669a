import JSON
import OVSDBModel

/// A notification or dump that contradicts its form or the rows that the client has.
package struct ReplicaError: Error, Hashable, Sendable, CustomStringConvertible {
    package let table: String
    package let uuid: String
    package let reason: String

    package var description: String { "table \(table) row \(uuid): \(reason)" }
}

/// The two notations of updates: with `old` and `new` (RFC 7047 §4.1.6), or with the kind of the
/// change and differences ("update2" in ovsdb-server(7)).
package enum UpdateNotation: Sendable {
    case plain, differences
}

extension Replica {
    /// Applies a notification and returns what it changed.
    package mutating func apply(
        _ updates: JSON, _ notation: UpdateNotation
    ) throws(ReplicaError) -> [TableChange] {
        let changes = try rowChanges(updates, notation)
        return commit(changes)
    }

    /// Takes `dump` as the whole contents and returns how they differ from the contents before.
    package mutating func replace(
        with dump: JSON, _ notation: UpdateNotation
    ) throws(ReplicaError) -> [TableChange] {
        var fresh = self
        for position in fresh.tables.indices { fresh.tables[position].rows = [:] }
        let inserted = try fresh.rowChanges(dump, notation)
        var changes = [[RowChange]](repeating: [], count: tables.count)
        for (table, rows) in inserted.enumerated() {
            changes[table] = differences(table, from: rows)
        }
        return commit(changes)
    }

    /// `inserted` are all rows that the table will have.
    private func differences(_ table: Int, from inserted: [RowChange]) -> [RowChange] {
        let old = tables[table].rows
        var changes: [RowChange] = []
        var kept = Set<RowUUID>(minimumCapacity: old.isEmpty ? 0 : inserted.count)
        for row in inserted {
            if !old.isEmpty { kept.insert(row.uuid) }
            let before = old[row.uuid]
            if before != row.new {
                changes.append(RowChange(uuid: row.uuid, old: before, new: row.new))
            }
        }
        for (uuid, row) in old where !kept.contains(uuid) {
            changes.append(RowChange(uuid: uuid, old: row, new: nil))
        }
        return changes
    }

    private mutating func commit(_ changes: [[RowChange]]) -> [TableChange] {
        var result: [TableChange] = []
        for (table, rows) in changes.enumerated() where !rows.isEmpty {
            for row in rows { tables[table].apply(row) }
            let sorted = rows.sorted { $0.uuid < $1.uuid }
            result.append(
                TableChange(table: table, name: schema.tables[table].name, rows: sorted))
        }
        return result
    }

    /// What `updates` would change, by table; nothing is changed yet.
    private func rowChanges(
        _ updates: JSON, _ notation: UpdateNotation
    ) throws(ReplicaError) -> [[RowChange]] {
        var changes = [[RowChange]](repeating: [], count: tables.count)
        guard let members = updates.members else {
            throw ReplicaError(table: "", uuid: "", reason: "the updates are no object")
        }
        for member in members {
            guard let table = schema.tableIndex(member.key), let rows = member.value.members else {
                throw ReplicaError(table: member.key, uuid: "", reason: "not a monitored table")
            }
            changes[table].reserveCapacity(rows.count)
            for row in rows {
                let reader = RowReader(replica: self, table: table, text: row.key)
                if let change = try reader.change(row.value, notation) {
                    changes[table].append(change)
                }
            }
        }
        return changes
    }
}

/// Reads the update of one row.
private struct RowReader {
    let replica: Replica
    let table: Int
    let text: String

    private var schema: TableSchema { replica.schema.tables[table] }

    private func failure(_ reason: String) -> ReplicaError {
        ReplicaError(table: schema.name, uuid: text, reason: reason)
    }

    /// Nil if the row stays what it is.
    func change(_ update: JSON, _ notation: UpdateNotation) throws(ReplicaError) -> RowChange? {
        guard let uuid = RowUUID(parsing: text) else { throw failure("not a UUID") }
        let old = replica.tables[table].rows[uuid]
        let new =
            switch notation {
            case .plain: try plain(update)
            case .differences: try differences(update, old)
            }
        return old == new ? nil : RowChange(uuid: uuid, old: old, new: new)
    }

    private func plain(_ update: JSON) throws(ReplicaError) -> Row? {
        guard let new = update["new"], !new.isNull else { return nil }
        return try row(new)
    }

    private func differences(_ update: JSON, _ old: Row?) throws(ReplicaError) -> Row? {
        guard let members = update.members, members.count == 1 else {
            throw failure("not one kind of change")
        }
        switch members[0].key {
        case "initial", "insert": return try row(members[0].value)
        case "modify":
            guard let old else { throw failure("a row that isn't there was modified") }
            return try patched(old, members[0].value)
        case "delete": return nil
        default: throw failure("unknown kind of change \(members[0].key)")
        }
    }

    /// A row with all its columns; those that are left out have their defaults.
    private func row(_ json: JSON) throws(ReplicaError) -> Row {
        var row = replica.tables[table].defaultRow
        for member in try columns(json) {
            let (column, type) = try column(member.key)
            do {
                row[column] = try Datum(json: member.value, type: type)
            } catch {
                throw failure("column \(member.key): \(error)")
            }
        }
        return row
    }

    private func patched(_ old: Row, _ json: JSON) throws(ReplicaError) -> Row {
        var row = old
        for member in try columns(json) {
            let (column, type) = try column(member.key)
            do {
                let difference = try Datum(diffJSON: member.value, type: type)
                row[column] = try row[column].applying(diff: difference, type: type)
            } catch {
                throw failure("column \(member.key): \(error)")
            }
        }
        return row
    }

    private func columns(_ json: JSON) throws(ReplicaError) -> [JSON.Member] {
        guard let members = json.members else { throw failure("not an object") }
        return members
    }

    private func column(_ name: String) throws(ReplicaError) -> (Int, ColumnType) {
        guard let column = schema.columnIndex(name),
            let type = replica.coverage.tables[table]?.columns[column]
        else { throw failure("column \(name) is not monitored") }
        return (column, type)
    }
}

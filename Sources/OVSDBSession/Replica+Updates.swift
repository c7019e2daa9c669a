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
        commitDump(try empty().rowChanges(dump, notation))
    }

    /// The same replica without rows.
    func empty() -> Replica {
        var empty = self
        for position in empty.tables.indices { empty.tables[position].removeAll() }
        return empty
    }

    /// `inserted` are all rows that there will be, by table.
    mutating func commitDump(_ inserted: [[RowChange]]) -> [TableChange] {
        var changes = inserted
        for table in changes.indices { changes[table] = differences(table, from: inserted[table]) }
        return commit(changes)
    }

    /// `inserted` are all rows that the table will have.
    private func differences(_ table: Int, from inserted: [RowChange]) -> [RowChange] {
        let old = tables[table].rows
        if old.isEmpty { return inserted }
        var changes: [RowChange] = []
        var kept = 0
        for row in inserted {
            let before = old[row.uuid]
            if before != nil { kept += 1 }
            if before != row.new {
                changes.append(RowChange(uuid: row.uuid, old: before, new: row.new))
            }
        }
        if kept < old.count {
            let present = Set(inserted.lazy.map(\.uuid))
            for uuid in old.uuids where !present.contains(uuid) {
                changes.append(RowChange(uuid: uuid, old: old[uuid], new: nil))
            }
        }
        return changes
    }

    mutating func commit(_ changes: [[RowChange]]) -> [TableChange] {
        var result: [TableChange] = []
        for (table, rows) in changes.enumerated() where !rows.isEmpty {
            let sorted = Self.inOrder(rows)
            tables[table].apply(sorted)
            result.append(
                TableChange(table: table, name: schema.tables[table].name, rows: sorted))
        }
        return result
    }

    /// Sorted by uuid; of changes of the same row, which a faulty server may send, the last.
    private static func inOrder(_ rows: [RowChange]) -> [RowChange] {
        var sorted = rows.sorted { $0.uuid < $1.uuid }
        if zip(sorted, sorted.dropFirst()).contains(where: { $0.uuid == $1.uuid }) {
            var last: [RowUUID: RowChange] = [:]
            for row in rows { last[row.uuid] = row }
            sorted = last.values.sorted { $0.uuid < $1.uuid }
        }
        return sorted
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
            // What was not asked for is of no interest.
            guard let table = schema.tableIndex(member.key) else { continue }
            guard let rows = member.value.members else {
                throw ReplicaError(table: member.key, uuid: "", reason: "not an object")
            }
            changes[table].reserveCapacity(rows.count)
            var reader = RowReader(wireSchema.tables[table])
            for row in rows {
                guard let uuid = RowUUID(parsing: row.key) else {
                    throw ReplicaError(table: member.key, uuid: row.key, reason: "not a UUID")
                }
                reader.text = row.key
                let old = tables[table].rows[uuid]
                let new = try reader.row(row.value, notation, old)
                if old != new {
                    changes[table].append(RowChange(uuid: uuid, old: old, new: new))
                }
            }
        }
        return changes
    }
}

/// Reads the updates of the rows of one table.
private struct RowReader {
    /// With the types as the server prints them.
    let schema: TableSchema
    let defaultRow: Row
    /// The UUID of the row that is being read.
    var text = ""

    init(_ schema: TableSchema) {
        self.schema = schema
        defaultRow = schema.defaultRow
    }

    private func failure(_ reason: String) -> ReplicaError {
        ReplicaError(table: schema.name, uuid: text, reason: reason)
    }

    /// The row as it is after `update`; nil if there is none.
    func row(
        _ update: JSON, _ notation: UpdateNotation, _ old: Row?
    ) throws(ReplicaError) -> Row? {
        switch notation {
        case .plain:
            guard let new = update["new"], !new.isNull else { return nil }
            return try whole(new)
        case .differences: return try differences(update, old)
        }
    }

    private func differences(_ update: JSON, _ old: Row?) throws(ReplicaError) -> Row? {
        guard let members = update.members, members.count == 1 else {
            throw failure("not one kind of change")
        }
        switch members[0].key {
        case "initial", "insert": return try whole(members[0].value)
        case "modify":
            guard let old else { throw failure("a row that isn't there was modified") }
            return try patched(old, members[0].value)
        case "delete": return nil
        default: throw failure("unknown kind of change \(members[0].key)")
        }
    }

    /// A row with all its columns; those that are left out have their defaults.
    private func whole(_ json: JSON) throws(ReplicaError) -> Row {
        var row = defaultRow
        for member in try columns(json) {
            guard let (column, type) = column(member.key) else { continue }
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
            guard let (column, type) = column(member.key) else { continue }
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

    /// Nil for what the client's schema doesn't have.
    private func column(_ name: String) -> (Int, ColumnType)? {
        schema.columnIndex(name).map { ($0, schema.columns[$0].type) }
    }
}

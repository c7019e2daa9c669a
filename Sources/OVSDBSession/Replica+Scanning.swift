import JSON
import OVSDBModel

// The same updates, read straight from the text into rows. A first synchronisation is most of what
// a client ever receives: building a tree of values for it would take longer than reading the rows,
// and several times their memory.
//
// Property: for every text, the outcome is that of parsing it and applying the tree.

extension Replica {
    /// Reads texts for this replica as it is covered now.
    package func makeDecoder() -> UpdateDecoder { UpdateDecoder(schema: wireSchema) }

    /// Like `apply` of the JSON that `text` spells, in the notation with differences.
    package mutating func apply(
        scanning text: ArraySlice<UInt8>, with decoder: inout UpdateDecoder
    ) throws(ReplicaError) -> [TableChange] {
        let updates: [TableUpdate]
        do {
            updates = try decoder.tableUpdates(text)
        } catch {
            return try apply(try Replica.parse(text), .differences)
        }
        return commit(try rowChanges(updates))
    }

    /// Like `replace` with the JSON that `text` spells, in the notation with differences.
    package mutating func replace(
        scanning text: ArraySlice<UInt8>, with decoder: inout UpdateDecoder
    ) throws(ReplicaError) -> [TableChange] {
        let updates: [TableUpdate]
        do {
            updates = try decoder.tableUpdates(text)
        } catch {
            return try replace(with: try Replica.parse(text), .differences)
        }
        return commitDump(try empty().rowChanges(updates))
    }

    /// The tree, for what the decoder refused: it finds the words for what is wrong.
    private static func parse(_ text: ArraySlice<UInt8>) throws(ReplicaError) -> JSON {
        do {
            return try JSON.parse(text)
        } catch {
            throw ReplicaError(table: "", uuid: "", reason: "\(error)")
        }
    }

    private func rowChanges(_ updates: [TableUpdate]) throws(ReplicaError) -> [[RowChange]] {
        var changes = [[RowChange]](repeating: [], count: tables.count)
        for update in updates {
            changes[update.table].reserveCapacity(update.rows.count)
            for (uuid, row) in update.rows {
                let old = tables[update.table].rows[uuid]
                let new = try self.row(after: row, of: old, update.table, uuid)
                if old != new {
                    changes[update.table].append(RowChange(uuid: uuid, old: old, new: new))
                }
            }
        }
        return changes
    }

    private func row(
        after update: RowUpdate, of old: Row?, _ table: Int, _ uuid: RowUUID
    ) throws(ReplicaError) -> Row? {
        switch update {
        case .initial(let row), .insert(let row): return row
        case .delete: return nil
        case .modify(let columns):
            let schema = wireSchema.tables[table]
            guard var row = old else {
                throw ReplicaError(
                    table: schema.name, uuid: uuid.description,
                    reason: "a row that isn't there was modified")
            }
            for column in columns {
                do {
                    row[column.column] = try row[column.column].applying(
                        diff: column.difference, type: schema.columns[column.column].type)
                } catch {
                    throw ReplicaError(
                        table: schema.name, uuid: uuid.description,
                        reason: "column \(schema.columns[column.column].name): \(error)")
                }
            }
            return row
        }
    }
}

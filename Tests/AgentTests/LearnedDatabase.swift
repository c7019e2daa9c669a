import AgentCore
import OVSDBModel
import Schemas
import Wire

@testable import OVSDBSession

/// A Southbound database that takes whatever one agent has learned, and counts.
struct LearnedDatabase {
    private(set) var replica = Replica(schema: SB.schema, indexes: Learning.indexes)
    private(set) var transactions = 0
    /// Rows that were written or deleted.
    private(set) var edits = 0
    private var lastNumber: UInt64 = 0

    mutating func makeUUID() -> RowUUID {
        lastNumber += 1
        return RowUUID(high: 0x20, low: lastNumber)
    }

    @discardableResult
    mutating func insert<T: TypedRow>(_ row: T) -> RowUUID {
        let uuid = makeUUID()
        put(T.table.name, uuid, row.row())
        return uuid
    }

    mutating func commit(_ transaction: TransactionBuilder) {
        let rows = Array(transaction.rows)
        if rows.isEmpty { return }
        transactions += 1
        edits += rows.count
        for edit in rows { commit(edit) }
    }

    private mutating func commit(_ edit: TransactionBuilder.RowEdit) {
        guard edit.fate != .deleted, let table = replica.schema.tableIndex(edit.key.table) else {
            put(edit.key.table, edit.key.uuid, nil)
            return
        }
        let schema = replica.schema.tables[table]
        var row = replica.row(in: table, edit.key.uuid) ?? schema.defaultRow
        for column in edit.columns {
            guard let index = schema.columnIndex(column.name) else { continue }
            if case .value(let value) = column.edit { row[index] = value }
        }
        put(edit.key.table, edit.key.uuid, row)
    }

    private mutating func put(_ table: String, _ uuid: RowUUID, _ row: Row?) {
        guard let index = replica.schema.tableIndex(table) else { return }
        let old = replica.row(in: index, uuid)
        replica.tables[index].apply([RowChange(uuid: uuid, old: old, new: row)])
    }
}

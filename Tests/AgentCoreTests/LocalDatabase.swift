import OVSDBModel
import Schemas
import Testing

@testable import OVSDBSession

/// A client's copy of a database whose server takes everything: transactions show in
/// it at once.
struct LocalDatabase {
    private(set) var replica: Replica
    private var lastNumber: UInt64 = 0

    init(_ schema: DatabaseSchema, indexes: [String: [[String]]] = [:]) {
        replica = Replica(schema: schema, indexes: indexes)
    }

    @discardableResult
    mutating func insert<T: TypedRow>(_ row: T) -> RowUUID {
        let uuid = makeUUID()
        put(T.table.name, uuid, row.row())
        return uuid
    }

    mutating func update<T: TypedRow>(_ type: T.Type, _ uuid: RowUUID, _ change: (inout T) -> Void)
    {
        guard var row = replica[type, uuid] else { return }
        change(&row)
        put(T.table.name, uuid, row.row())
    }

    mutating func makeUUID() -> RowUUID {
        lastNumber += 1
        return RowUUID(high: 0x10, low: lastNumber)
    }

    /// Carries out a transaction.
    mutating func commit(_ transaction: TransactionBuilder) throws {
        for edit in transaction.rows {
            let table = try #require(replica.schema.tableIndex(edit.key.table))
            let schema = replica.schema.tables[table]
            if edit.fate == .deleted {
                put(edit.key.table, edit.key.uuid, nil)
                continue
            }
            var row = replica.row(in: table, edit.key.uuid) ?? schema.defaultRow
            for column in edit.columns {
                let index = try #require(schema.columnIndex(column.name))
                switch column.edit {
                case .value(let value): row[index] = value
                case .mutations(let mutations):
                    for mutation in mutations { row[index].apply(mutation) }
                }
            }
            put(edit.key.table, edit.key.uuid, row)
        }
    }

    private mutating func put(_ table: String, _ uuid: RowUUID, _ row: Row?) {
        guard let index = replica.schema.tableIndex(table) else { return }
        let old = replica.row(in: index, uuid)
        replica.tables[index].apply([RowChange(uuid: uuid, old: old, new: row)])
    }
}

extension Datum {
    /// As a server does (RFC 7047 §5.1), with a pair replacing the one that has its key.
    fileprivate mutating func apply(_ mutation: TransactionBuilder.Mutation) {
        switch mutation {
        case .insert(let new): self = new.union(self)
        case .delete(let old): self = subtracting(old)
        case .add(let amount): self = Datum((integer ?? 0) + amount)
        }
    }
}

extension Replica {
    /// A row of the server's changes.
    mutating func put(_ change: RowChange, in table: Int) { tables[table].apply([change]) }
}

import JSON
import OVSDBEngine
import OVSDBModel
import Schemas
import Testing

@testable import Northd
@testable import OVSDBSession

/// A database with one client, without a socket between them.
struct TestDatabase {
    private(set) var database: Database
    private(set) var replica: Replica
    private var nextUUID: UInt64 = 1

    /// Rows written by the last transaction, all tables.
    private(set) var lastChanges: [TableChange] = []

    init(_ schema: DatabaseSchema, indexes: [String: [[String]]] = [:]) {
        database = Database(schema: schema)
        replica = Replica(schema: schema, indexes: indexes)
    }

    /// A UUID that nobody has.
    mutating func makeUUID() -> RowUUID {
        nextUUID += 1
        return RowUUID(high: 0x0123_4567_89ab_4000 &+ nextUUID << 32, low: 1 << 63 | nextUUID)
    }

    /// Executes a transaction and returns what changed, or why it was refused.
    mutating func commit(_ builder: TransactionBuilder) -> Result<[TableChange], TestFailure> {
        var writer = TransactionWriter(
            builder, schema: database.schema, coverage: replica.coverage)
        writer.write(locks: [])
        guard !writer.isEmpty else { return .success([]) }
        guard case .array(let parameters)? = try? JSON.parse(writer.bytes) else {
            return .failure(TestFailure(text: "the transaction is no JSON"))
        }
        var number = nextUUID
        let context = TransactionContext(
            now: 0,
            makeUUID: {
                number += 1
                return RowUUID(high: 0x4000, low: 1 << 63 | number)
            })
        let outcome = database.execute(
            operations: Array(parameters.dropFirst()), context: context)
        nextUUID = number
        guard case .completed(let result) = outcome else {
            return .failure(TestFailure(text: "the transaction waits"))
        }
        if let error = result.firstError { return .failure(TestFailure(text: error)) }
        guard let delta = result.delta else { return .success([]) }
        lastChanges = apply(delta)
        return .success(lastChanges)
    }

    private mutating func apply(_ delta: DatabaseDelta) -> [TableChange] {
        delta.tables.map { table in
            let rows = table.rows.map {
                OVSDBSession.RowChange(uuid: $0.uuid, old: $0.old, new: $0.new)
            }
            replica.tables[table.table].apply(rows.sorted { $0.uuid < $1.uuid })
            let name = database.schema.tables[table.table].name
            return TableChange(table: table.table, name: name, rows: rows)
        }
    }
}

struct TestFailure: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}

extension TransactionResult {
    var firstError: String? {
        guard case .array(let results) = results else { return "no results" }
        return results.first { $0["error"] != nil }?.description
    }
}

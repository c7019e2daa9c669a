import JSON
import OVSDBEngine
import OVSDBModel

/// A database of a test, with identities that count up from 1.
struct Fixture {
    var database: Database
    private(set) var lastDelta: DatabaseDelta?
    private(set) var lastResult: TransactionResult?
    private(set) var made: UInt64 = 0
    var isReadOnly = false
    var locks: Set<String> = []

    init(_ schema: String) throws {
        database = Database(schema: try DatabaseSchema(json: try JSON.parse(schema)))
    }

    init(_ schema: DatabaseSchema) { database = Database(schema: schema) }

    /// Executes operations at the time `now` that were sent at the time 0.
    mutating func outcome(_ operations: String, now: Int64 = 0) throws -> TransactionOutcome {
        let operations = try JSON.parse("[" + operations + "]").array ?? []
        return execute(operations, now: now)
    }

    mutating func execute(_ operations: [JSON], now: Int64 = 0) -> TransactionOutcome {
        let counter = Counter(made)
        let locks = locks
        let context = TransactionContext(
            now: now, created: 0, makeUUID: { counter.next() }, ownsLock: { locks.contains($0) },
            isReadOnly: isReadOnly)
        let outcome = database.execute(operations: operations, context: context)
        made = counter.value
        return outcome
    }

    /// Executes operations that don't wait; returns the results as text, or "wait".
    @discardableResult
    mutating func transact(_ operations: String, now: Int64 = 0) throws -> String {
        switch try outcome(operations, now: now) {
        case .completed(let result):
            lastDelta = result.delta
            lastResult = result
            return result.results.description
        case .wait(let until):
            lastDelta = nil
            lastResult = nil
            return until.map { "wait until \($0)" } ?? "wait"
        }
    }

    static func uuid(_ number: UInt64) -> RowUUID { RowUUID(high: 0, low: number) }
}

/// Makes identities 00000000-0000-0000-0000-000000000001 and so on.
final class Counter {
    private(set) var value: UInt64
    init(_ value: UInt64 = 0) { self.value = value }

    func next() -> RowUUID {
        value += 1
        return RowUUID(high: 0, low: value)
    }
}

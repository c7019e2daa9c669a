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

    /// Executes operations; returns the results, or a string about the wait.
    @discardableResult
    mutating func transact(_ operations: String, now: Int64 = 0) throws -> JSON {
        switch try outcome(operations, now: now) {
        case .completed(let result):
            lastDelta = result.delta
            lastResult = result
            return result.results
        case .wait(let until):
            lastDelta = nil
            lastResult = nil
            return .string(until.map { "wait until \($0)" } ?? "wait")
        }
    }
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

/// The text of the identity with the number `n`.
func id(_ n: UInt64) -> String { RowUUID(high: 0, low: n).description }

/// The same as an operation refers to it.
func u(_ n: UInt64) -> String { "[\"uuid\",\"\(id(n))\"]" }

/// Has something of everything: references of both strengths in sets and maps, tables that are not
/// roots, an index, a limit, constraints, immutable and ephemeral columns.
let testSchema = #"""
    {"name":"test","version":"1.0.0","tables":{
      "Root":{"isRoot":true,"indexes":[["name"]],"columns":{
        "name":{"type":"string"},
        "number":{"type":"integer"},
        "ratio":{"type":"real"},
        "flag":{"type":"boolean"},
        "maybe":{"type":{"key":"integer","min":0,"max":1}},
        "few":{"type":{"key":{"type":"integer","minInteger":0,"maxInteger":9},"min":0,"max":3}},
        "reals":{"type":{"key":"real","min":0,"max":"unlimited"}},
        "tags":{"type":{"key":"string","min":0,"max":"unlimited"}},
        "options":{"type":{"key":"string","value":"string","min":0,"max":"unlimited"}},
        "counts":{"type":{"key":"string","value":"integer","min":0,"max":2}},
        "kind":{"type":{"key":{"type":"string","enum":["set",["red","green"]]},"min":0,"max":1}},
        "short":{"type":{"key":{"type":"string","minLength":2,"maxLength":4},"min":0,"max":1}},
        "fixed":{"type":"string","mutable":false},
        "scratch":{"type":"integer","ephemeral":true},
        "children":{"type":{"key":{"type":"uuid","refTable":"Child"},"min":0,"max":"unlimited"}},
        "child":{"type":{"key":{"type":"uuid","refTable":"Child"},"min":0,"max":1}},
        "named":{"type":{"key":"string","value":{"type":"uuid","refTable":"Child"},
                 "min":0,"max":"unlimited"}},
        "friends":{"type":{"key":{"type":"uuid","refTable":"Root","refType":"weak"},
                   "min":0,"max":"unlimited"}},
        "peer":{"type":{"key":{"type":"uuid","refTable":"Other","refType":"weak"},
                "min":0,"max":1}},
        "watch":{"type":{"key":"integer","value":{"type":"uuid","refTable":"Child",
                 "refType":"weak"},"min":0,"max":"unlimited"}}}},
      "Other":{"isRoot":true,"maxRows":3,"columns":{
        "a":{"type":"integer"},"b":{"type":"string"},
        "root":{"type":{"key":{"type":"uuid","refTable":"Root"},"min":0,"max":1}}},
        "indexes":[["a","b"]]},
      "Needy":{"isRoot":true,"columns":{
        "buddy":{"type":{"key":{"type":"uuid","refTable":"Other","refType":"weak"},
                 "min":1,"max":"unlimited"}}}},
      "Child":{"columns":{
        "label":{"type":"string"},
        "grandchild":{"type":{"key":{"type":"uuid","refTable":"Child"},"min":0,"max":1}},
        "other":{"type":{"key":{"type":"uuid","refTable":"Other"},"min":0,"max":1}}}}}}
    """#

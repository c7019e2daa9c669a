import JSON
import OVSDBEngine
import OVSDBModel

@testable import OVSDBSession

/// A server core with a clock, a storage and the clients' ends, all in the test's hand.
final class ServerHarness {
    var core: ServerCore
    var now: Int64 = 1_000
    /// Messages to each session that the test has not looked at yet, in order.
    var received: [SessionID: [JSON]] = [:]
    /// The text of the same, as bytes were handed over.
    var payloads: [(session: SessionID, bytes: [UInt8])] = []
    var closed: [SessionID: String] = [:]
    var stores: [StoreRequest] = []
    var jobs: [MonitorJob] = []
    /// Whether what is to be stored is stored at once.
    var storesAtOnce = true
    private var lastSession: UInt64 = 0
    private var storedStates: UInt64 = 0

    static let schemaText = """
        {"name": "Zoo", "version": "1.0.0", "tables": {
          "Animal": {"isRoot": true, "columns": {
            "name": {"type": "string"}, "legs": {"type": "integer"},
            "tags": {"type": {"key": "string", "min": 0, "max": "unlimited"}},
            "notes": {"type": {"key": "string", "value": "string", "min": 0, "max": "unlimited"}},
            "weight": {"type": {"key": "integer", "min": 0, "max": 1}},
            "seen": {"type": "integer", "ephemeral": true}}},
          "Keeper": {"isRoot": true, "columns": {"name": {"type": "string"}}}}}
        """

    init(isLogged: Bool = true, limits: ServerLimits = ServerLimits()) throws {
        let source = UUIDSource()
        core = ServerCore(limits: limits, makeUUID: { source.next() })
        let schema = try DatabaseSchema(json: JSON.parse(Array(Self.schemaText.utf8)))
        perform(
            core.addDatabase(
                Database(schema: schema), state: RowUUID(high: 9, low: 0), isLogged: isLogged,
                now: now))
    }

    func connect(isReadOnly: Bool = false) -> SessionID {
        lastSession += 1
        let session = SessionID(lastSession)
        handle(.opened(session, SessionRights(isReadOnly: isReadOnly)))
        return session
    }

    func handle(_ event: ServerCore.Event) { perform(core.handle(event, now: now)) }

    private func perform(_ actions: [ServerCore.Action]) {
        for action in actions {
            switch action {
            case .send(let session, let bytes):
                payloads.append((session, bytes))
                received[session, default: []] += Self.split(bytes)
            case .close(let session, let reason): closed[session] = reason
            case .store(let request):
                stores.append(request)
                if storesAtOnce { store() }
            case .run(let job): jobs.append(job)
            case .committed: break
            }
        }
    }

    func removeZoo() { perform(core.removeDatabase("Zoo", now: now)) }

    private static func split(_ bytes: [UInt8]) -> [JSON] {
        var stream = JSONStream()
        stream.append(bytes)
        var messages: [JSON] = []
        while let message = try? stream.nextValue() { messages.append(message) }
        return messages
    }

    /// Makes everything durable that waits for it.
    func store() {
        let requests = stores
        stores = []
        guard let first = requests.first else { return }
        let states = requests.map { _ in
            storedStates += 1
            return RowUUID(high: 10, low: storedStates)
        }
        handle(.stored(database: first.database, epoch: first.epoch, states: states))
    }

    func failToStore() {
        guard let first = stores.first else { return }
        stores = []
        handle(
            .storeFailed(
                database: first.database, epoch: first.epoch,
                OVSDBError(tag: "I/O error", details: "No space left on device")))
    }

    func send(_ session: SessionID, _ method: String, _ parameters: JSON, id: JSON = 1) {
        handle(.received(session, ["method": .string(method), "params": parameters, "id": id]))
    }

    /// The messages to a session since the last call.
    func take(_ session: SessionID) -> [JSON] {
        received.removeValue(forKey: session) ?? []
    }

    /// Sends a request and returns what came back for the session.
    func ask(
        _ session: SessionID, _ method: String, _ parameters: JSON, id: JSON = 1
    ) -> [JSON] {
        send(session, method, parameters, id: id)
        return take(session)
    }

    /// Executes operations and returns the results.
    func transact(_ session: SessionID, _ operations: JSON...) -> JSON? {
        ask(session, "transact", .array(["Zoo"] + operations), id: "t").last?["result"]
    }

    static func insert(_ name: String, legs: Int64 = 4) -> JSON {
        [
            "op": "insert", "table": "Animal",
            "row": ["name": .string(name), "legs": .integer(legs)],
        ]
    }

    static func update(_ name: String, _ row: JSON) -> JSON {
        ["op": "update", "table": "Animal", "where": [["name", "==", .string(name)]], "row": row]
    }

    static func delete(_ name: String) -> JSON {
        ["op": "delete", "table": "Animal", "where": [["name", "==", .string(name)]]]
    }
}

/// Distinct UUIDs in a fixed order.
///
/// Unchecked: a test runs on one thread at a time.
private final class UUIDSource: @unchecked Sendable {
    private var last: UInt64 = 0

    func next() -> RowUUID {
        last += 1
        return RowUUID(high: 1, low: last)
    }
}

extension JSON {
    /// The table updates of a notification, by name of a row where it is told.
    var updates: JSON? { self["params"]?.array?.last }

    /// The changes to the rows of a table in table updates, without the rows' identities.
    func rows(of table: String) -> [JSON] {
        (self[table]?.members ?? []).map(\.value)
    }
}

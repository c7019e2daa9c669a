import JSON
import OVSDBModel
import OVSDBSession
import Schemas
import Testing

/// Drives a session by hand: plays the server's side of the conversation and records what the
/// session asks for.
struct ClientHarness {
    var session: ClientSession
    var now: Int64 = 0
    /// Messages that nobody has looked at yet.
    var sent: [JSON] = []
    /// Everything else that the session asked for or reported, as text.
    var log: [String] = []
    var diagnostics: [String] = []
    var changes: [TableChange] = []
    var outcomes: [TransactionID: TransactionOutcome] = [:]
    var found: [LookUpID: [RowUUID: Row]] = [:]

    static let since = "11111111-1111-4111-8111-111111111111"

    init(_ configuration: ClientConfiguration, seed: UInt64 = 1) {
        session = ClientSession(configuration, seed: seed)
        perform(session.start(now: now))
    }

    /// A client of two tables of the Southbound database.
    static func southbound(
        remotes: [String] = ["a"], schema: DatabaseSchema = SB.schema,
        _ change: (inout ClientConfiguration) -> Void = { _ in }
    ) -> ClientHarness {
        var configuration = ClientConfiguration(
            schema: schema,
            tables: [.init(SB.Chassis.self), .init(SB.AddressSet.self)], remotes: remotes)
        configuration.shufflesRemotes = false
        change(&configuration)
        return ClientHarness(configuration)
    }

    mutating func perform(_ actions: [ClientSession.Action]) {
        for action in actions {
            switch action {
            case .connect(let remote): log.append("connect \(remote)")
            case .disconnect: log.append("disconnect")
            case .send(let bytes):
                if let message = try? JSON.parse(bytes) {
                    sent.append(message)
                } else {
                    Issue.record("not JSON: \(String(decoding: bytes, as: UTF8.self))")
                }
            case .changed(let changes): self.changes += changes
            case .synchronized: log.append("synchronized")
            case .unsynchronized: log.append("unsynchronized")
            case .lockAcquired(let name): log.append("lock \(name) acquired")
            case .lockLost(let name): log.append("lock \(name) lost")
            case .lockAwaited(let name): log.append("lock \(name) awaited")
            case .conditions(let number): log.append("conditions \(number)")
            case .completed(let id, let outcome):
                #expect(outcomes[id] == nil, "two outcomes")
                outcomes[id] = outcome
            case .lookedUp(let id, let rows):
                #expect(found[id] == nil, "two answers")
                found[id] = rows
            case .diagnostic(let diagnostic): diagnostics.append(diagnostic.description)
            }
        }
    }

    mutating func handle(_ event: ClientSession.Event) {
        perform(session.handle(event, now: now))
    }

    mutating func receive(_ text: String) throws {
        handle(.received(try JSON.parse(text)))
    }

    /// Lets time pass until the session's deadline.
    mutating func waitForDeadline() {
        if let deadline = session.deadline { now = max(now, deadline) }
        handle(.timer)
    }

    /// Takes what was logged.
    mutating func takeLog() -> [String] {
        defer { log = [] }
        return log
    }

    mutating func takeChanges() -> [TableChange] {
        defer { changes = [] }
        return changes
    }

    /// Takes the oldest unanswered message, which has to be a request of `method`.
    mutating func take(_ method: String, _ place: SourceLocation = #_sourceLocation) throws -> JSON
    {
        let message = try #require(sent.first, "nothing was sent", sourceLocation: place)
        try #require(
            message["method"]?.string == method, "\(message) after \(diagnostics)",
            sourceLocation: place)
        sent.removeFirst()
        return message
    }

    /// Answers the oldest request, which has to be of `method`, and returns its parameters.
    @discardableResult
    mutating func answer(
        _ method: String, _ result: JSON, _ place: SourceLocation = #_sourceLocation
    ) throws -> JSON {
        let request = try take(method, place)
        handle(.received(["id": request["id"] ?? nil, "result": result, "error": nil]))
        return request["params"] ?? nil
    }

    @discardableResult
    mutating func refuse(
        _ method: String, _ error: JSON = "unknown method",
        _ place: SourceLocation = #_sourceLocation
    ) throws -> JSON {
        let request = try take(method, place)
        handle(.received(["id": request["id"] ?? nil, "error": error]))
        return request["params"] ?? nil
    }

    // MARK: - The usual course

    /// Connects and tells of a server with `database` as its row in `_Server`.
    mutating func learn(
        schema: DatabaseSchema = SB.schema, model: String = "standalone", leader: Bool = true,
        connected: Bool = true, index: Int64? = nil
    ) throws {
        handle(.connected)
        try answer("get_schema", ClientHarness.serverSchema)
        try refuseOrAnswerServer(schema, model, leader, connected, index)
        if sent.first?["method"]?.string == "set_db_change_aware" {
            try answer("set_db_change_aware", [:])
        }
    }

    private mutating func refuseOrAnswerServer(
        _ schema: DatabaseSchema, _ model: String, _ leader: Bool, _ connected: Bool,
        _ index: Int64?
    ) throws {
        let row = ClientHarness.serverRow(
            schema: schema, model: model, leader: leader, connected: connected, index: index)
        try answer("monitor_cond", ["Database": [ClientHarness.serverUUID: ["initial": row]]])
    }

    /// Goes all the way to a synchronized replica with `dump` as contents.
    mutating func synchronize(
        schema: DatabaseSchema = SB.schema, _ dump: JSON = [:], since: String = ClientHarness.since
    ) throws {
        try learn(schema: schema)
        try answer("monitor_cond_since", [false, .string(since), dump])
        #expect(session.isSynchronized)
    }

    static let serverUUID = "00000000-0000-4000-8000-000000000001"

    static func serverRow(
        schema: DatabaseSchema, model: String = "standalone", leader: Bool = true,
        connected: Bool = true, index: Int64? = nil
    ) -> JSON {
        [
            "name": .string(schema.name), "model": .string(model), "leader": .bool(leader),
            "connected": .bool(connected), "schema": .string(schema.json.description),
            "index": index.map { .integer($0) } ?? ["set", []],
        ]
    }

    static let serverSchema: JSON = [
        "name": "_Server", "version": "1.2.0",
        "tables": [
            "Database": [
                "columns": [
                    "name": ["type": "string"],
                    "model": ["type": "string"],
                    "connected": ["type": "boolean"],
                    "leader": ["type": "boolean"],
                    "schema": ["type": ["key": "string", "min": 0, "max": 1]],
                    "index": ["type": ["key": "integer", "min": 0, "max": 1]],
                ]
            ]
        ],
    ]
}

extension ClientHarness {
    static func uuid(_ number: UInt64) -> RowUUID {
        RowUUID(high: 0x4000, low: 0x8000_0000_0000_0000 | number)
    }

    static func text(_ number: UInt64) -> String { uuid(number).description }

    /// A dump or update of table Address_Set.
    static func addressSets(_ rows: [(UInt64, String, JSON)]) -> JSON {
        ["Address_Set": .object(rows.map { JSON.Member(text($0.0), .object([.init($0.1, $0.2)])) })]
    }
}

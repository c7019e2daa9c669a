import JSON
import OVSDBEngine
import OVSDBModel
import OVSDBSession
import Schemas
import Testing

/// A server and some clients, with everything between them in the hands of chance: which message
/// arrives next, when the disk has written, when a connection breaks, when the server restarts.
struct ClientServerWorld {
    struct Client {
        var session: ClientSession
        /// The server's name for the open connection.
        var connection: SessionID?
        /// Whether the session waits for a connection.
        var isCalling = false
        var toServer: [JSON] = []
        var toClient: [[UInt8]] = []
        var stream = JSONStream()
        /// The contents as the reported changes have them.
        var mirror: [[RowUUID: Row]]
        var open: Set<TransactionID> = []
        var committed = 0
        /// How often the server said what happened since.
        var resumptions = 0
        /// Locks, as reported.
        var held: Set<String> = []
        var wantedLocks: Set<String> = []
        var condition: [Condition] = []
    }

    static let database = "OVN_Southbound"

    var random: SeededRandom
    var now: Int64 = 0
    var server: ServerCore
    var clients: [Client] = []
    private var connections: UInt64 = 0
    private var toStore: [StoreRequest] = []
    private var jobs: [MonitorJob] = []
    /// What the disk has: the contents, and the name of the state.
    private var stored: (database: Database, state: RowUUID)

    init(seed: UInt64, clients count: Int) {
        random = SeededRandom(state: seed)
        let empty = Database(schema: SB.schema)
        stored = (empty, RowUUID(using: &random))
        server = ClientServerWorld.server(seed: seed)
        _ = server.addDatabase(empty, state: stored.state, isLogged: true, now: 0)
        for index in 0..<count { addClient(seed &+ UInt64(index)) }
    }

    private static func server(seed: UInt64) -> ServerCore {
        let source = UUIDSource(seed: seed)
        var limits = ServerLimits()
        limits.inlineRows = 4
        limits.historyTransactions = 30
        return ServerCore(limits: limits, makeUUID: { source.next() })
    }

    private mutating func addClient(_ seed: UInt64) {
        var configuration = ClientConfiguration(
            schema: SB.schema,
            tables: [
                .init(SB.AddressSet.self), .init(SB.Chassis.self), .init(SB.Encap.self),
                .init(SB.DatapathBinding.self), .init(SB.PortBinding.self),
            ], remotes: ["server"], lock: clients.count < 2 ? "lock" : nil)
        configuration.indexes = ["Address_Set": [["name"]]]
        clients.append(
            Client(
                session: ClientSession(configuration, seed: seed),
                mirror: SB.schema.tables.map { _ in [:] }))
        let index = clients.count - 1
        perform(clients[index].session.start(now: now), index)
    }

    // MARK: - What clients ask for

    private mutating func perform(_ actions: [ClientSession.Action], _ index: Int) {
        for action in actions {
            switch action {
            case .connect: clients[index].isCalling = true
            case .disconnect: hangUp(index)
            case .send(let bytes):
                if let message = try? JSON.parse(bytes) { clients[index].toServer.append(message) }
            case .changed(let changes): record(changes, index)
            case .completed(let id, let outcome):
                #expect(clients[index].open.remove(id) != nil, "an outcome too many")
                if case .committed = outcome { clients[index].committed += 1 }
            case .lockAcquired(let name): #expect(clients[index].held.insert(name).inserted)
            case .lockLost(let name): #expect(clients[index].held.remove(name) != nil)
            case .diagnostic(.lost(_, let reason)):
                #expect(ClientServerWorld.faults.contains(reason), "the client left by itself")
            case .synchronized, .unsynchronized, .conditions, .diagnostic, .lockAwaited,
                .lookedUp:
                break
            }
        }
    }

    /// What connections end with in this world.
    private static let faults: Set = [
        "broken", "refused", "the server is gone", "connection attempt timed out",
    ]

    /// Applies reported changes to the mirror, which has to have the rows that they begin with.
    private mutating func record(_ changes: [TableChange], _ index: Int) {
        for table in changes {
            for row in table.rows {
                #expect(clients[index].mirror[table.table][row.uuid] == row.old)
                #expect(row.old != row.new)
                clients[index].mirror[table.table][row.uuid] = row.new
            }
        }
    }

    /// The client's end is closed: what is under way is lost.
    private mutating func hangUp(_ index: Int) {
        clients[index].isCalling = false
        clients[index].toServer = []
        clients[index].toClient = []
        clients[index].stream = JSONStream()
        if let connection = clients[index].connection {
            clients[index].connection = nil
            tellServer(.closed(connection))
        }
    }

    private mutating func tell(_ event: ClientSession.Event, _ index: Int) {
        perform(clients[index].session.handle(event, now: now), index)
    }

    // MARK: - What the server asks for

    private mutating func tellServer(_ event: ServerCore.Event) {
        perform(server.handle(event, now: now))
    }

    private mutating func perform(_ actions: [ServerCore.Action]) {
        for action in actions {
            switch action {
            case .send(let session, let bytes):
                if let index = client(session) { clients[index].toClient.append(bytes) }
            case .close(let session, let reason):
                if let index = client(session) {
                    clients[index].connection = nil
                    hangUp(index)
                    tell(.disconnected(reason), index)
                }
            case .store(let request): toStore.append(request)
            case .run(let job): jobs.append(job)
            case .committed: break
            }
        }
    }

    private func client(_ session: SessionID) -> Int? {
        clients.firstIndex { $0.connection == session }
    }

    // MARK: - Steps

    /// Does one thing that can happen now; false if nothing can but time.
    mutating func step(isCalm: Bool = false) -> Bool {
        var choices: [(inout ClientServerWorld) -> Void] = []
        for index in clients.indices {
            if clients[index].isCalling { choices.append { $0.connect(index) } }
            if !clients[index].toServer.isEmpty { choices.append { $0.carryToServer(index) } }
            if !clients[index].toClient.isEmpty { choices.append { $0.carryToClient(index) } }
            if !isCalm {
                if clients[index].session.canWrite || random.oneIn(10) {
                    choices.append { $0.write(index) }
                }
                if clients[index].session.deadline != nil { choices.append { $0.wait(index) } }
                if random.oneIn(8) { choices.append { $0.changeCondition(index) } }
                if random.oneIn(8) { choices.append { $0.changeLocks(index) } }
                if random.oneIn(25) { choices.append { $0.breakConnection(index) } }
                if random.oneIn(20) { choices.append { $0.congest(index) } }
            }
        }
        if !toStore.isEmpty { choices.append { $0.store() } }
        if !jobs.isEmpty { choices.append { $0.finishJob() } }
        if !isCalm, random.oneIn(80) { choices.append { $0.restart() } }
        if let choice = choices.randomElement(using: &random) {
            choice(&self)
            return true
        }
        return false
    }

    /// Lets the world come to rest: no more wishes or faults.
    mutating func settle() {
        for index in clients.indices {
            if let connection = clients[index].connection { tellServer(.drained(connection)) }
        }
        for _ in 0..<100_000 {
            if step(isCalm: true) { continue }
            let deadlines = clients.compactMap(\.session.deadline)
            guard let next = deadlines.min() else { return }
            now = max(now, next)
            for index in clients.indices { tell(.timer, index) }
        }
        Issue.record("the world does not come to rest")
    }

    /// Lets time pass until the client wants to act.
    private mutating func wait(_ index: Int) {
        now = max(now, clients[index].session.deadline ?? now)
        tell(.timer, index)
    }

    private mutating func connect(_ index: Int) {
        clients[index].isCalling = false
        if random.oneIn(12) { return tell(.disconnected("refused"), index) }
        connections += 1
        let session = SessionID(connections)
        clients[index].connection = session
        tellServer(.opened(session, SessionRights()))
        tell(.connected, index)
    }

    private mutating func carryToServer(_ index: Int) {
        guard let connection = clients[index].connection else { return }
        tellServer(.received(connection, clients[index].toServer.removeFirst()))
    }

    private mutating func carryToClient(_ index: Int) {
        var bytes = clients[index].toClient.removeFirst()
        if random.oneIn(3) {
            let cut = Int.random(in: 0..<bytes.count, using: &random)
            clients[index].toClient.insert(Array(bytes[cut...]), at: 0)
            bytes.removeSubrange(cut...)
        }
        clients[index].stream.append(bytes)
        while let text = try? clients[index].stream.next() {
            if random.oneIn(2) {
                tell(.receivedText(text), index)
            } else if let message = try? JSON.parse(text) {
                if message["result"]?[0]?.bool == true { clients[index].resumptions += 1 }
                tell(.received(message), index)
            }
        }
    }

    private mutating func breakConnection(_ index: Int) {
        guard clients[index].connection != nil else { return }
        if random.oneIn(2) { leaveConditionUnderWay(index) }
        hangUp(index)
        tell(.disconnected("broken"), index)
    }

    /// The server does what the client asked for, but not all of the answer arrives.
    private mutating func leaveConditionUnderWay(_ index: Int) {
        changeCondition(index)
        while !clients[index].toServer.isEmpty { carryToServer(index) }
        for _ in 0..<Int.random(in: 0...6, using: &random) where !clients[index].toClient.isEmpty {
            carryToClient(index)
        }
    }

    /// The server sees a slow client, until all is carried.
    private mutating func congest(_ index: Int) {
        guard let connection = clients[index].connection else { return }
        tellServer(random.oneIn(2) ? .congested(connection) : .drained(connection))
    }

    private mutating func store() {
        let count = Int.random(in: 1...toStore.count, using: &random)
        let done = Array(toStore.prefix(count))
        toStore.removeFirst(count)
        var states: [RowUUID] = []
        for request in done {
            stored.database.apply(request.delta)
            stored.state = RowUUID(using: &random)
            states.append(stored.state)
        }
        let epoch = done[0].epoch
        tellServer(.stored(database: ClientServerWorld.database, epoch: epoch, states: states))
    }

    private mutating func finishJob() {
        let job = jobs.remove(at: Int.random(in: jobs.indices, using: &random))
        tellServer(.finished(job.run()))
    }

    /// A new server with what the disk has; it remembers the state's name, or doesn't.
    private mutating func restart() {
        for index in clients.indices where clients[index].connection != nil {
            clients[index].connection = nil
            hangUp(index)
            tell(.disconnected("the server is gone"), index)
        }
        (toStore, jobs) = ([], [])
        server = ClientServerWorld.server(seed: random.next())
        if random.oneIn(2) { stored.state = RowUUID(using: &random) }
        _ = server.addDatabase(stored.database, state: stored.state, isLogged: true, now: now)
    }
}

/// Gives out UUIDs; a class, because the server asks through a function.
private final class UUIDSource: @unchecked Sendable {
    // A world is used by one thread.
    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(state: seed ^ 0x5555) }

    func next() -> RowUUID { RowUUID(using: &random) }
}

// MARK: - What clients write

extension ClientServerWorld {
    private mutating func changeCondition(_ index: Int) {
        let name = Datum("s\(Int.random(in: 0...5, using: &random))")
        let choices: [[Condition]] = [
            [], [.constant(false)], [Condition(SB.AddressSet.Column.name, .equal, name)],
            [Condition(SB.AddressSet.Column.addresses, .includes, Datum(["a"]))],
        ]
        let stages = (0...Int.random(in: 0...2, using: &random)).map { _ in
            choices.randomElement(using: &random) ?? []
        }
        clients[index].condition = stages.last ?? []
        let (_, actions) = clients[index].session.setConditions(
            [ConditionChange(SB.AddressSet.self, stages: stages)], now: now)
        perform(actions, index)
    }

    private mutating func changeLocks(_ index: Int) {
        let names = ["a", "b", "c"].filter { _ in random.oneIn(2) }
        clients[index].wantedLocks = Set(names)
        perform(clients[index].session.setOtherLocks(Set(names), now: now), index)
    }

    private mutating func write(_ index: Int) {
        var builder = TransactionBuilder()
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            write(clients[index].session.replica, &builder)
        }
        let isMerged = random.oneIn(2)
        let (id, actions) =
            isMerged
            ? clients[index].session.enqueue(builder, now: now)
            : clients[index].session.submit(builder, now: now)
        clients[index].open.insert(id)
        perform(actions, index)
    }

    private mutating func write(_ replica: Replica, _ builder: inout TransactionBuilder) {
        let uuid = RowUUID(using: &random)
        switch Int.random(in: 0..<9, using: &random) {
        case 0, 1: builder.insert(addressSet(), uuid: uuid)
        case 2:
            guard let row = replica.rows(SB.AddressSet.self).randomElement(using: &random) else {
                return
            }
            if random.oneIn(2) { builder.require(row.uuid, [.addresses], of: row.row) }
            builder.update(row.uuid, from: row.row, to: addressSet())
        case 3:
            guard let row = replica.rows(SB.AddressSet.self).randomElement(using: &random) else {
                return
            }
            builder.mutate(
                SB.AddressSet.self, row.uuid, .addresses,
                random.oneIn(2) ? .insert(Datum(["a", "x"])) : .delete(Datum(["a", "b"])))
            builder.mutate(
                SB.AddressSet.self, row.uuid, .options,
                random.oneIn(2) ? .insert(Datum(["k": "\(uuid.low)"])) : .delete(Datum(["k"])))
        case 4: delete(SB.AddressSet.self, replica, &builder)
        case 5:
            let encap = RowUUID(using: &random)
            builder.insert(SB.Encap(type: "geneve", ip: "\(encap.low)"), uuid: encap)
            builder.insert(
                SB.Chassis(name: "c\(random.next() % 8)", encaps: [encap]), placeholder: uuid)
        case 6: delete(SB.Chassis.self, replica, &builder)
        case 7:
            let datapath = RowUUID(using: &random)
            builder.insert(
                SB.DatapathBinding(tunnelKey: Int.random(in: 1...50, using: &random)),
                uuid: datapath)
            let chassis = replica.rows(SB.Chassis.self).randomElement(using: &random)?.uuid
            builder.insert(
                SB.PortBinding(
                    logicalPort: "p\(random.next() % 16)", datapath: datapath, tunnelKey: 1,
                    chassis: chassis), uuid: uuid)
        default: delete(SB.PortBinding.self, replica, &builder)
        }
    }

    private mutating func addressSet() -> SB.AddressSet {
        let addresses = ["a", "b", "c", "d"].filter { _ in random.oneIn(2) }
        return SB.AddressSet(
            name: "s\(Int.random(in: 0...9, using: &random))", addresses: addresses)
    }

    private mutating func delete<T: TypedRow>(
        _ type: T.Type, _ replica: Replica, _ builder: inout TransactionBuilder
    ) {
        if let row = replica.rows(type).randomElement(using: &random) {
            builder.delete(type, row.uuid)
        }
    }
}

// A database server and its disk. What the server has asked to be stored is stored when the
// scheduler lets it be, so a crash loses what no client has been told of.

import JSON
import OVSDBEngine
import OVSDBModel
import OVSDBSession

final class SimulatedServer {
    let database: String
    private(set) var core: ServerCore
    private var toStore: [StoreRequest] = []
    private var jobs: [MonitorJob] = []
    /// What the disk has: the contents and the name of the state.
    private var stored: (database: Database, state: RowUUID)
    private var clients: [SessionID: SimulatedClient] = [:]
    private var lastSession: UInt64 = 0
    private let random: SharedRandom

    init(_ contents: Database, random: SharedRandom) {
        database = contents.schema.name
        self.random = random
        stored = (contents, random.random.uuid())
        core = Self.core(random)
        _ = core.addDatabase(contents, state: stored.state, isLogged: true, now: 0)
    }

    /// Small limits, so that a short run meets them.
    private static func core(_ random: SharedRandom) -> ServerCore {
        var limits = ServerLimits()
        limits.inlineRows = 16
        limits.historyTransactions = 50
        return ServerCore(limits: limits, makeUUID: { random.random.uuid() })
    }

    /// What clients may see.
    var contents: Database { core.snapshot(of: database) ?? stored.database }

    // MARK: Connections

    func accept(_ client: SimulatedClient, now: Int64) -> SessionID {
        lastSession += 1
        let session = SessionID(lastSession)
        clients[session] = client
        perform(core.handle(.opened(session, SessionRights()), now: now), now)
        return session
    }

    func receive(_ message: JSON, from session: SessionID, now: Int64) {
        perform(core.handle(.received(session, message), now: now), now)
    }

    func hangUp(_ session: SessionID, now: Int64) {
        guard clients.removeValue(forKey: session) != nil else { return }
        perform(core.handle(.closed(session), now: now), now)
    }

    private func perform(_ actions: [ServerCore.Action], _ now: Int64) {
        for action in actions {
            switch action {
            case .send(let session, let bytes): clients[session]?.deliver(bytes)
            case .close(let session, let reason):
                clients.removeValue(forKey: session)?.closed(reason: reason, now: now)
            case .store(let request): toStore.append(request)
            case .run(let job): jobs.append(job)
            case .committed: break
            }
        }
    }

    // MARK: What the scheduler lets happen

    /// What the oldest transaction that waits for the disk touches.
    var nextToStore: String {
        guard let request = toStore.first else { return "" }
        let tables = request.delta.tables.map { table in
            "\(contents.schema.tables[table.table].name) \(table.rows.count)"
        }
        return tables.joined(separator: ", ")
    }

    var canStore: Bool { !toStore.isEmpty }
    var canFinishJob: Bool { !jobs.isEmpty }
    var deadline: Int64? { core.deadline }

    /// The disk has written some of what waits, in order.
    func store(now: Int64) {
        let count = Int.random(in: 1...toStore.count, using: &random.random)
        let epoch = toStore[0].epoch
        var states: [RowUUID] = []
        for request in toStore.prefix(count) {
            stored.database.apply(request.delta)
            stored.state = random.random.uuid()
            states.append(stored.state)
        }
        toStore.removeFirst(count)
        perform(
            core.handle(.stored(database: database, epoch: epoch, states: states), now: now), now)
    }

    /// A helper thread has printed something; the oldest need not be the first.
    func finishJob(now: Int64) {
        let job = jobs.remove(at: random.random.number(jobs.count))
        perform(core.handle(.finished(job.run()), now: now), now)
    }

    func timer(now: Int64) { perform(core.handle(.timer, now: now), now) }

    /// The process dies and another one starts with what is on disk. Whether it knows the name of
    /// the state, so that clients can resume, is a matter of chance.
    func restart(now: Int64) {
        for (_, client) in clients.sorted(by: { $0.key < $1.key }) {
            client.closed(reason: "the server is gone", now: now)
        }
        clients = [:]
        (toStore, jobs) = ([], [])
        if random.random.oneIn(2) { stored.state = random.random.uuid() }
        core = Self.core(random)
        _ = core.addDatabase(stored.database, state: stored.state, isLogged: true, now: now)
    }
}

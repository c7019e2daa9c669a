// An ovn-northd without its process: what NorthdDaemon does with sockets and clocks is done here
// by the scheduler.

import Incremental
import Northd
import OVSDBModel
import OVSDBSession
import Schemas

package final class SimulatedNorthd {
    package let northd: Northd
    private let clients: [NorthdDatabase: SimulatedClient]
    /// Databases that were complete once.
    private var known: Set<NorthdDatabase> = []
    private(set) var isDue = false
    /// Transactions that a server refused: a northd must not make such.
    package private(set) var refusals: [String] = []
    /// Rows of the transactions for the Southbound database.
    package private(set) var writtenRows = 0
    /// Of these, rows that it wrote without the main lock.
    package private(set) var sharedRows = 0

    /// `divides` says whether it may share its work with others.
    init(
        northbound: SimulatedServer, southbound: SimulatedServer, state: StickyState, divides: Bool,
        seed: UInt64
    ) {
        var names = SimulationRandom(seed: ~seed)
        northd = Northd(
            id: divides ? DivisionMember.makeID(&names) : nil, state: state,
            generator: SimulationRandom(seed: seed))
        clients = [
            .northbound: Self.client(.northbound, northbound, lock: nil, seed: seed),
            .southbound: Self.client(
                .southbound, southbound, lock: DivisionMember.mainLock, seed: seed &+ 1),
        ]
    }

    private static func client(
        _ database: NorthdDatabase, _ server: SimulatedServer, lock: String?, seed: UInt64
    ) -> SimulatedClient {
        var configuration = ClientConfiguration(
            schema: database == .northbound ? NB.schema : SB.schema,
            tables: Northd.tables(of: database).map { .init($0.table.name) },
            remotes: [database.rawValue], lock: lock)
        configuration.indexes = Northd.indexes(of: database)
        return SimulatedClient(
            "northd \(database.rawValue)", configuration, server: server, seed: seed)
    }

    func start(now: Int64) {
        for database in NorthdDatabase.allCases {
            guard let client = clients[database] else { continue }
            client.changed = { [unowned self] changes in
                northd.changed(database, changes)
                isDue = true
            }
            client.awoken = { [unowned self, unowned client] in
                if client.session.isSynchronized { known.insert(database) }
                isDue = true
            }
            client.lost = { [unowned self] in if northd.isMember { isDue = true } }
            client.start(now: now)
        }
    }

    func die(now: Int64) { for client in connections { client.die(now: now) } }

    var connections: [SimulatedClient] { NorthdDatabase.allCases.compactMap { clients[$0] } }

    var deadline: Int64? { northd.deadline }

    package func startLog() { northd.compiler.engine.log = EventLog() }

    /// What was derived since.
    package var log: [EventLog.Event] { northd.compiler.engine.log?.events ?? [] }

    package var isActive: Bool { clients[.southbound]?.session.hasLock == true }

    func step(now: Int64) {
        isDue = false
        guard known.count == NorthdDatabase.allCases.count, let northbound = clients[.northbound],
            let southbound = clients[.southbound]
        else { return }
        let view = NorthdView(
            northbound: northbound.replica, southbound: southbound.replica,
            isCurrent: southbound.session.isSynchronized && northbound.session.isSynchronized,
            locks: southbound.session.lockStates)
        for action in northd.step(view, now: now) {
            switch action {
            case .report(.refused(_, let reason)): refusals.append(reason)
            case .report: break
            case .lock(let names): southbound.setOtherLocks(names, now: now)
            case .write(let database, let transaction):
                if database == .southbound {
                    writtenRows += transaction.rowCount
                    if !isActive { sharedRows += transaction.rowCount }
                }
                clients[database]?.submit(transaction, now: now) { [weak self] outcome, now in
                    self?.northd.completed(database, outcome, now: now)
                    self?.isDue = true
                }
            }
        }
    }
}

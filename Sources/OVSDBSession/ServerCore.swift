// An OVSDB server without sockets, files, threads or a clock (RFC 7047 §4, ovsdb-server(7)): events
// in, actions out. It is a value, so a simulation runs many of them.
//
// Properties that must hold:
// - a session sees a transaction, by an update, a reply or a query, only when it is durable;
// - of what one transaction causes, a session gets its updates before its reply;
// - a session whose peer is slow or whose monitor is being printed costs memory bounded by the
//   database, and delays nobody;
// - a request is answered exactly once, unless its session ends.

import JSON
import OVSDBEngine
import OVSDBModel

package struct ServerCore: Sendable {
    package enum Event: Sendable {
        case opened(SessionID, SessionRights)
        case received(SessionID, JSON)
        case closed(SessionID)
        /// Much output waits for the peer.
        case congested(SessionID)
        /// None does any more.
        case drained(SessionID)
        /// The next `store` actions of a database are on disk; names of the states they lead to.
        case stored(database: String, epoch: Int, states: [RowUUID])
        /// A `store` action of that epoch failed, and with it all later ones.
        case storeFailed(database: String, epoch: Int, OVSDBError)
        case finished(MonitorJob.Output)
        /// Time has passed, at least until `deadline`.
        case timer
    }

    package enum Action: Sendable {
        /// One or more whole messages.
        case send(SessionID, [UInt8])
        case close(SessionID, reason: String)
        /// Append to the database's log, in order. Answered by `stored` or `storeFailed`.
        case store(StoreRequest)
        /// Run on another thread and report with `finished`.
        case run(MonitorJob)
        /// Sessions may see a change now: for those parts of a server that depend on its contents.
        case committed(database: String, DatabaseDelta)
    }

    package let limits: ServerLimits
    /// New for each start of the server.
    package let serverID: RowUUID
    let makeUUID: @Sendable () -> RowUUID
    var databases: [String: HostedDatabase] = [:]
    var sessions: [SessionID: ServerSession] = [:]
    package internal(set) var locks = LockTable()
    /// Whether clients are to be treated as by a server without conditional monitoring.
    package var refusesConditionalMonitors = false
    var nextJob: UInt64 = 1
    var now: Int64 = 0
    var actions: [Action] = []

    /// A server of no database but `_Server`, which describes the others.
    package init(
        limits: ServerLimits = ServerLimits(), makeUUID: @escaping @Sendable () -> RowUUID
    ) {
        self.limits = limits
        self.makeUUID = makeUUID
        serverID = makeUUID()
        let database = Database(schema: ServerSchema.schema)
        databases[ServerSchema.name] = HostedDatabase(
            database, history: TransactionHistory(base: makeUUID(), limits: limits),
            isLogged: false)
        describe(ServerSchema.name)
        actions = []
    }

    /// When the next `timer` event is needed, in the milliseconds of `handle`; nil if none is.
    package var deadline: Int64? {
        databases.values.compactMap { database in
            database.parked.compactMap(\.deadline).min()
        }.min()
    }

    /// Takes one event at the time `now`, in milliseconds of a clock that never goes back.
    package mutating func handle(_ event: Event, now: Int64) -> [Action] {
        self.now = now
        switch event {
        case .opened(let session, let rights): sessions[session] = ServerSession(rights: rights)
        case .received(let session, let message): receive(message, from: session)
        case .closed(let session): remove(session)
        case .congested(let session): sessions[session]?.isCongested = true
        case .drained(let session): catchUp(session)
        case .stored(let database, let epoch, let states):
            didStore(database, epoch: epoch, states)
        case .storeFailed(let database, let epoch, let error):
            didNotStore(database, epoch: epoch, error)
        case .finished(let output): finish(output)
        case .timer: retryParked(dueBy: now)
        }
        return drain()
    }

    mutating func drain() -> [Action] {
        let result = actions
        actions = []
        return result
    }

    mutating func send(_ bytes: [UInt8], to session: SessionID) {
        actions.append(.send(session, bytes))
    }

    mutating func notify(_ session: SessionID, _ method: String, _ parameters: [JSON]) {
        send(ServerMessage.notification(method, parameters), to: session)
    }

    /// Ends a session from this side. Its `closed` event may come or not.
    mutating func disconnect(_ session: SessionID, reason: String) {
        guard sessions[session] != nil else { return }
        actions.append(.close(session, reason: reason))
        remove(session)
    }

    /// Forgets a session and passes on what it held.
    private mutating func remove(_ session: SessionID) {
        guard let removed = sessions.removeValue(forKey: session) else { return }
        for (id, monitor) in removed.monitors {
            databases[monitor.database]?.unsubscribe(
                .init(session: session, monitor: id), from: monitor.group)
        }
        for name in databases.keys {
            databases[name]?.parked.removeAll { $0.session == session }
        }
        for lock in removed.locks.sorted() { passOn(lock, from: session) }
    }

    func table(_ name: String, of database: String) -> Table? {
        databases[database]?.published.table(name)
    }
}

// MARK: - For the server around it

extension ServerCore {
    /// The databases that have a log, sorted.
    package var databaseNames: [String] { databases.keys.sorted() }

    package var sessionCount: Int { sessions.count }

    /// What sessions may see of a database now.
    package func snapshot(of database: String) -> Database? { databases[database]?.published }

    /// Figures for `memory/show`.
    package var memoryUsage: [String: Int] {
        [
            "cells": databases.values.reduce(0) { sum, served in
                sum + served.published.tables.reduce(0) { $0 + $1.count * $1.schema.columns.count }
            },
            "monitors": sessions.values.reduce(0) { $0 + $1.monitors.count },
            "sessions": sessions.count,
        ]
    }

    /// How many locks a session owns and how many it waits for.
    package func lockCounts(of session: SessionID) -> (held: Int, waiting: Int) {
        let names = sessions[session]?.locks ?? []
        let held = names.count { locks.owner(of: $0) == session }
        return (held, names.count - held)
    }

    /// Executes operations of the server itself. They must not wait.
    package mutating func transact(
        _ database: String, _ operations: [JSON], now: Int64
    ) -> (results: JSON, actions: [Action])? {
        self.now = now
        guard let results = executeInternally(database, operations) else { return nil }
        return (results, drain())
    }
}

extension ServerCore {
    /// The state that all transactions executed so far lead to, for compaction, and its epoch.
    package func executedState(of database: String) -> (snapshot: Database, epoch: Int)? {
        databases[database].map { ($0.executed, $0.epoch) }
    }
}

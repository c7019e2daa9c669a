import JSON
import OVSDBModel

// One client's conversation with the servers of a database, without a socket or a clock: events
// in, actions out. The conversation goes through these stages, and back to the first whenever the
// connection is lost or the server turns out not to be the right one:
//
//     wait -> connect -> learn of the server's databases (`_Server`) -> copy the database -> follow
//
// Properties that must hold:
// - `changed` reports exactly how the replica's contents differ from what was reported before,
//   whatever happened in between: after a reconnect only real changes are reported;
// - what is reported is a state that the server has had, never half a transaction;
// - every transaction that was accepted gets exactly one outcome;
// - nothing is written while the client doesn't hold its lock, or those that the transaction names.

/// A client of one OVSDB database. All times are milliseconds of one monotonic clock.
package struct ClientSession: Sendable {
    package enum Event: Sendable {
        /// The connection that was asked for is open.
        case connected
        /// It failed, or the open one has ended.
        case disconnected(String)
        case received(JSON)
        /// A message that was not parsed, because it is large.
        case receivedText(ArraySlice<UInt8>)
        /// Bytes have arrived, though perhaps no whole message.
        case activity
        /// Time has passed, at least until `deadline`.
        case timer
    }

    package enum Action: Sendable {
        /// Connect to this remote and report how it went.
        case connect(String)
        /// Drop the connection, open or not; its events are of no interest any more.
        case disconnect
        /// Send one JSON message.
        case send([UInt8])
        /// The replica's contents have changed.
        case changed([TableChange])
        /// The replica is a complete, current copy, and from now on follows the server.
        case synchronized
        /// The replica is no longer current; it keeps its contents.
        case unsynchronized
        case lockAcquired(String)
        case lockLost(String)
        /// Somebody else holds a lock that was asked for.
        case lockAwaited(String)
        /// The replica's contents are those of all conditions up to this number.
        case conditions(UInt64)
        case completed(TransactionID, TransactionOutcome)
        /// What `lookUp` asked for, as far as the server has it and can be asked.
        case lookedUp(LookUpID, [RowUUID: Row])
        case diagnostic(ClientDiagnostic)
    }

    enum State: Sendable {
        case stopped
        case waiting(until: Int64)
        case connecting(since: Int64)
        case online(OnlineState)
    }

    package let configuration: ClientConfiguration
    package internal(set) var replica: Replica
    var decoder: UpdateDecoder
    var state = State.stopped
    var remotes: ClientRemotes
    var conditions: ClientConditions
    var locks: ClientLocks
    var batch = ClientBatch()
    /// The last transaction that the replica includes, as the server names it; zero if unknown.
    var lastTransaction = RowUUID.zero
    /// The schema that the contents were read with.
    var knownCoverage: SchemaCoverage?
    /// The newest state of the cluster that was seen; a server that is behind it won't do.
    var newestIndex: Int64 = 0
    var nextRequest: Int64 = 1
    var nextTransaction: Int64 = 1
    var nextLookUp: Int64 = 1
    var actions: [Action] = []

    /// `seed` decides the order of remotes and the jitter of waits.
    package init(_ configuration: ClientConfiguration, seed: UInt64) {
        self.configuration = configuration
        replica = Replica(
            schema: configuration.schema, indexes: configuration.indexes,
            packed: configuration.packed, kept: configuration.kept)
        decoder = replica.makeDecoder()
        remotes = ClientRemotes(configuration, seed: seed)
        conditions = ClientConditions(configuration)
        locks = ClientLocks(main: configuration.lock)
    }

    /// Whether the replica is a complete copy that follows the server.
    package var isSynchronized: Bool { online?.monitor == .following }

    /// Whether it holds the main lock.
    package var hasLock: Bool { locks.main.map { holds($0) } ?? false }

    package func state(ofLock name: String) -> LockState { locks.state(of: name) }

    /// Where it stands with every lock that it has asked for.
    package var lockStates: [String: LockState] {
        Dictionary(uniqueKeysWithValues: locks.asked.map { ($0, locks.state(of: $0)) })
    }

    func holds(_ name: String) -> Bool { locks.state(of: name) == .held }

    /// Whether a transaction that names no locks would be sent.
    package var canWrite: Bool { isSynchronized && (locks.main == nil || hasLock) }

    /// The remote that is in use or being tried.
    package var remote: String? { remotes.current }

    package var isConnected: Bool { online != nil }
}

// MARK: - Events

extension ClientSession {
    /// Begins to connect.
    package mutating func start(now: Int64) -> [Action] {
        if case .stopped = state { connectNext(now) }
        return drain()
    }

    /// Ends everything; `start` begins again.
    package mutating func stop() -> [Action] {
        if case .stopped = state { return [] }
        leave(reason: "stopped")
        actions.append(.disconnect)
        state = .stopped
        return drain()
    }

    /// Drops the server and goes on with the next one.
    package mutating func reconnect(reason: String, now: Int64) -> [Action] {
        if case .stopped = state { return [] }
        drop(reason, now)
        return drain()
    }

    /// Forgets how far a cluster was seen to be, so that servers restored from a backup will do.
    package mutating func resetClusterState() { newestIndex = 0 }

    /// Replaces the remotes; the connection is kept if its remote is among the new ones.
    package mutating func setRemotes(_ list: [String], now: Int64) -> [Action] {
        let keeps = remotes.replace(list)
        if case .stopped = state { return [] }
        if !keeps { drop("the remote is no longer configured", now) }
        return drain()
    }

    /// Advances the session and returns what the caller must do, in order.
    package mutating func handle(_ event: Event, now: Int64) -> [Action] {
        switch (event, state) {
        case (.connected, .connecting): enter(now)
        case (.disconnected(let reason), .connecting), (.disconnected(let reason), .online):
            lost(reason, now)
        case (.received(let message), .online):
            heard(now)
            receive(message, now)
        case (.receivedText(let text), .online):
            heard(now)
            receive(text: text, now)
        case (.activity, .online): heard(now)
        case (.timer, _): timer(now)
        case (.connected, _), (.disconnected, _), (.received, _), (.receivedText, _),
            (.activity, _):
            break
        }
        return drain()
    }

    /// When `timer` is due; nil if nothing is.
    package var deadline: Int64? {
        switch state {
        case .stopped: nil
        case .waiting(let until): until
        case .connecting(let since): since + configuration.limits.connectTimeout
        case .online(let online):
            configuration.probeInterval.map { online.lastHeard + $0 * (online.isProbing ? 2 : 1) }
        }
    }

    mutating func drain() -> [Action] {
        defer { actions = [] }
        return actions
    }

}

// MARK: - Connecting

extension ClientSession {
    private mutating func timer(_ now: Int64) {
        guard let deadline, now >= deadline else { return }
        switch state {
        case .stopped: break
        case .waiting: connectNext(now)
        case .connecting: drop("connection attempt timed out", now)
        case .online(var online):
            if online.isProbing { return drop("no response to inactivity probe", now) }
            online.isProbing = true
            state = .online(online)
            send(["method": "echo", "id": "echo", "params": []])
        }
    }

    private mutating func connectNext(_ now: Int64) {
        guard let remote = remotes.next() else {
            state = .waiting(until: now + configuration.limits.maximumBackoff)
            return
        }
        state = .connecting(since: now)
        diagnose(.connecting(remote))
        actions.append(.connect(remote))
    }

    private mutating func enter(_ now: Int64) {
        state = .online(OnlineState(now))
        diagnose(.connected(remotes.current ?? ""))
        learnServer()
    }

    private mutating func heard(_ now: Int64) {
        guard case .online(var online) = state else { return }
        online.lastHeard = now
        online.isProbing = false
        state = .online(online)
    }

    /// Drops the connection, because of what the server did or is, and goes on to the next remote.
    mutating func drop(_ reason: String, _ now: Int64) {
        if case .waiting = state { return }
        actions.append(.disconnect)
        lost(reason, now)
    }

    private mutating func lost(_ reason: String, _ now: Int64) {
        let remote = remotes.current ?? ""
        diagnose(.lost(remote, reason: reason))
        let lasted = online.map { now - $0.since }
        leave(reason: reason)
        let wait = remotes.failed(afterLasting: lasted)
        guard wait > 0 else { return connectNext(now) }
        state = .waiting(until: now + wait)
        diagnose(.waiting(remote, milliseconds: wait))
    }

    /// Forgets everything that belongs to the connection.
    private mutating func leave(reason: String) {
        guard let online else { return }
        if online.monitor == .following { actions.append(.unsynchronized) }
        releaseLocks()
        if conditions.forgetRequest() { lastTransaction = .zero }
        state = .stopped
        failTransactions(online, reason)
        failLookUps(online)
    }
}

// MARK: - Tools

extension ClientSession {
    var online: OnlineState? {
        if case .online(let online) = state { online } else { nil }
    }

    mutating func diagnose(_ diagnostic: ClientDiagnostic) {
        actions.append(.diagnostic(diagnostic))
    }

    mutating func send(_ message: JSON) { actions.append(.send(message.bytes)) }

    /// Sends a request and remembers what its reply will be for.
    mutating func request(_ method: String, _ parameters: JSON, _ purpose: ClientRequest) {
        var writer = JSONWriter()
        writer.value(parameters)
        request(method, printed: writer.bytes, purpose)
    }

    mutating func request(_ method: String, printed parameters: [UInt8], _ purpose: ClientRequest) {
        guard case .online(var online) = state else { return }
        // The state is taken apart, so that the table of requests is changed in place.
        state = .stopped
        online.requests[nextRequest] = purpose
        state = .online(online)
        var writer = JSONWriter(capacity: parameters.count + 64)
        writer.beginObject()
        writer.key("id")
        writer.integer(nextRequest)
        writer.key("method")
        writer.string(method)
        writer.key("params")
        writer.fragment(parameters)
        writer.endObject()
        nextRequest += 1
        actions.append(.send(writer.bytes))
    }

    mutating func updateOnline(_ change: (inout OnlineState) -> Void) {
        guard case .online(var online) = state else { return }
        state = .stopped
        change(&online)
        state = .online(online)
    }
}

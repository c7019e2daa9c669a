import JSON
import Linux
import OVSDBModel
import OVSDBSession

// A daemon's client of a database: a `ClientSession` with a socket and a clock. The session and the
// handlers run on the daemon's owner thread, the socket lives on an I/O thread.
//
// Properties that hold:
// - handlers are called one at a time, in the order of what happened, never inside a handler: what
//   a handler causes is reported after it returns;
// - when a handler runs, `replica` already includes what it reports;
// - probes are the transport's business; the session's own are off.

/// A replica of a database that keeps itself current.
package final class OVSDBClient {
    /// What the daemon wants to hear of.
    package struct Handlers {
        package var changed: ([TableChange]) -> Void = { _ in }
        /// The replica is a complete, current copy, the first time or again.
        package var synchronized: () -> Void = {}
        /// The replica is no longer current.
        package var unsynchronized: () -> Void = {}
        /// A lock was acquired, was lost, or is held by somebody else.
        package var lock: (_ name: String, LockState) -> Void = { _, _ in }
        /// The contents are those of all conditions up to this number.
        package var conditions: (UInt64) -> Void = { _ in }
        package var diagnostic: (ClientDiagnostic) -> Void = { _ in }

        package init() {}
    }

    package typealias Completion = (TransactionOutcome) -> Void

    private struct LookUp {
        let answer: ([RowUUID: Row]) -> Void
        /// Ends the wait for the server.
        let timer: EventLoop.Timer
    }

    package var handlers = Handlers()
    /// When the messages that are being handled were read from the socket; nil outside of that.
    package private(set) var arrival: MonotonicTime?
    private var session: ClientSession
    private let loop: EventLoop
    private let threads: IOThreads
    private var connection: ClientConnection?
    private var stream: StreamID?
    private var open: MessageStream?
    /// What `setProbeInterval` was told last.
    package private(set) var probeInterval: Duration?
    private var timer: (deadline: Int64, handle: EventLoop.Timer)?
    private var completions: [TransactionID: Completion] = [:]
    private var lookUps: [LookUpID: LookUp] = [:]
    private var actions: [ClientSession.Action] = []
    private var isPerforming = false

    /// Silence after which a server that is not on this machine is probed.
    package static let defaultProbeInterval: Duration = .seconds(5)

    /// Bytes of a message past which it is read straight into rows.
    private static let parsedSize = 16 << 10

    /// `seed` decides the order of remotes and the jitter of waits. Call `start` when the handlers
    /// are set.
    package init(
        _ configuration: ClientConfiguration, loop: EventLoop, threads: IOThreads, seed: UInt64
    ) {
        precondition(loop.isOwner, "a client belongs to its loop's thread")
        var configuration = configuration
        configuration.probeInterval = nil
        session = ClientSession(configuration, seed: seed)
        self.loop = loop
        self.threads = threads
    }

    deinit { connection?.close() }

    package var replica: Replica { session.replica }
    package var isConnected: Bool { session.isConnected }
    package var isSynchronized: Bool { session.isSynchronized }
    /// Whether the main lock is held.
    package var hasLock: Bool { session.hasLock }
    /// Where it stands with every lock that it has asked for.
    package var lockStates: [String: LockState] { session.lockStates }
    /// Whether a transaction would be sent.
    package var canWrite: Bool { session.canWrite }
    /// The remote that is in use or being tried.
    package var remote: String? { session.remote }
    /// The number up to which conditions are in force.
    package var conditionNumber: UInt64 { session.conditionNumber }
}

// MARK: - Requests

extension OVSDBClient {
    package func start() { perform(session.start(now: now)) }

    package func stop() { perform(session.stop()) }

    package func reconnect(reason: String) {
        perform(session.reconnect(reason: reason, now: now))
    }

    /// Forgets how far a cluster was seen to be, so that servers restored from a backup will do.
    package func resetClusterState() { session.resetClusterState() }

    package func setRemotes(_ remotes: [String]) {
        perform(session.setRemotes(remotes, now: now))
    }

    package func setLock(_ name: String?) { perform(session.setLock(name, now: now)) }

    /// Asks for these locks besides the main one.
    package func setOtherLocks(_ names: Set<String>) {
        perform(session.setOtherLocks(names, now: now))
    }

    /// Asks for other rows of monitored tables; they are all there once `conditions` reported at
    /// least the returned number.
    package func setConditions(_ changes: [ConditionChange]) -> UInt64 {
        let (number, actions) = session.setConditions(changes, now: now)
        perform(actions)
        return number
    }

    /// Sends a transaction. `completion` is called exactly once, perhaps before this returns.
    package func submit(
        _ builder: TransactionBuilder, completion: @escaping Completion = { _ in }
    ) {
        let (id, actions) = session.submit(builder, now: now)
        completions[id] = completion
        perform(actions)
    }

    /// Sends a transaction together with others that come while one is under way.
    package func enqueue(
        _ builder: TransactionBuilder, completion: @escaping Completion = { _ in }
    ) {
        let (id, actions) = session.enqueue(builder, now: now)
        completions[id] = completion
        perform(actions)
    }

    /// Asks the server for columns that are not copied. `answer` is called exactly once, perhaps before
    /// this returns, with the rows that the server has: none if it doesn't answer `within` that time.
    package func lookUp<T: TypedRow>(
        _ columns: [T.Column], of type: T.Type, _ rows: [RowUUID], within patience: Duration,
        answer: @escaping ([RowUUID: T]) -> Void
    ) {
        let (id, actions) = session.lookUp(columns, of: type, rows)
        lookUps[id] = LookUp(
            answer: { answer($0.mapValues(T.init(row:))) },
            timer: loop.schedule(after: patience) { [weak self] in self?.lookedUp(id, [:]) })
        perform(actions)
    }

    private func lookedUp(_ id: LookUpID, _ rows: [RowUUID: Row]) {
        guard let lookUp = lookUps.removeValue(forKey: id) else { return }
        loop.cancel(lookUp.timer)
        lookUp.answer(rows)
    }

    /// Silence after which the server is probed; nil is the default for the kind of remote, zero
    /// is never.
    package func setProbeInterval(_ interval: Duration?) {
        probeInterval = interval
        if let open, let remote { open.setProbeInterval(effectiveProbeInterval(remote)) }
    }

    private var now: Int64 { Clock.monotonicMilliseconds }

    private func effectiveProbeInterval(_ remote: String) -> Duration? {
        guard let probeInterval else {
            return remote.hasPrefix("unix:") ? nil : OVSDBClient.defaultProbeInterval
        }
        return probeInterval == .zero ? nil : probeInterval
    }
}

// MARK: - Actions

extension OVSDBClient {
    /// Carries out `new` after what is being carried out already.
    private func perform(_ new: [ClientSession.Action]) {
        actions += new
        guard !isPerforming else { return }
        isPerforming = true
        while !actions.isEmpty {
            let batch = actions
            actions = []
            for action in batch { perform(action) }
        }
        isPerforming = false
        arm()
    }

    private func perform(_ action: ClientSession.Action) {
        switch action {
        case .connect(let remote): connect(remote)
        case .disconnect: disconnect()
        case .send(let bytes): connection?.send([OutgoingBytes(bytes)])
        case .changed(let changes): handlers.changed(changes)
        case .synchronized: handlers.synchronized()
        case .unsynchronized: handlers.unsynchronized()
        case .lockAcquired(let name): handlers.lock(name, .held)
        case .lockLost(let name): handlers.lock(name, .none)
        case .lockAwaited(let name): handlers.lock(name, .waiting)
        case .conditions(let number): handlers.conditions(number)
        case .completed(let id, let outcome): completions.removeValue(forKey: id)?(outcome)
        case .lookedUp(let id, let rows): lookedUp(id, rows)
        case .diagnostic(let diagnostic): handlers.diagnostic(diagnostic)
        }
    }

    private func connect(_ remote: String) {
        disconnect()
        do {
            let method = try ConnectionMethod(parsing: remote)
            var configuration = StreamConfiguration(probeInterval: effectiveProbeInterval(remote))
            configuration.parsedSize = OVSDBClient.parsedSize
            let connection = ClientConnection(
                threads: threads, configuration: configuration, deliver: deliver)
            self.connection = connection
            stream = connection.connect(to: method)
        } catch {
            perform(session.handle(.disconnected("\(error)"), now: now))
        }
    }

    private func disconnect() {
        connection?.close()
        connection = nil
        stream = nil
        open = nil
    }

    /// Sets the timer to the session's deadline.
    private func arm() {
        let deadline = session.deadline
        guard deadline != timer?.deadline else { return }
        if let timer { loop.cancel(timer.handle) }
        timer = deadline.map { deadline in
            let handle = loop.schedule(at: MonotonicTime(milliseconds: deadline)) { [weak self] in
                self?.timerFired()
            }
            return (deadline, handle)
        }
    }

    private func timerFired() {
        timer = nil
        perform(session.handle(.timer, now: now))
    }
}

// MARK: - Events

/// An object that may be gone by the time its loop gets to it.
private final class WeakReference {
    weak var client: OVSDBClient?

    init(_ client: OVSDBClient) { self.client = client }
}

extension OVSDBClient {
    /// What the I/O thread calls: everything is taken to the owner's thread.
    private var deliver: StreamHandler {
        let client = LoopBound(WeakReference(self), loop: loop)
        return { [loop] event in
            loop.post { client.value.client?.handle(event) }
        }
    }

    private func handle(_ event: StreamEvent) {
        switch event {
        case .opened(let stream) where stream.id == self.stream:
            open = stream
            perform(session.handle(.connected, now: now))
        case .received(let id, let batch):
            arrival = batch.arrival
            defer { arrival = nil }
            for message in batch.contents where id == stream {
                switch message {
                case .parsed(let json): perform(session.handle(.received(json), now: now))
                case .text(let text): perform(session.handle(.receivedText(text), now: now))
                }
            }
        case .closed(let id, let reason) where id == stream:
            disconnect()
            perform(session.handle(.disconnected(reason.description), now: now))
        case .opened, .closed, .drained: break
        }
    }
}

// A client's session and its connection: one queue each way, in order, which breaks as a whole.
// That is all the reordering a stream transport allows; between connections there is no order.

import JSON
import OVSDBModel
import OVSDBSession

package final class SimulatedClient {
    package let name: String
    package private(set) var session: ClientSession
    private let server: SimulatedServer
    private var connection: SessionID?
    private var isCalling = false
    private var toServer: [JSON] = []
    private var toClient: [[UInt8]] = []
    private var stream = JSONStream()
    private var completions: [TransactionID: (TransactionOutcome, _ now: Int64) -> Void] = [:]

    /// The contents differ.
    var changed: ([TableChange]) -> Void = { _ in }
    /// Anything that may let the owner do more.
    var awoken: () -> Void = {}
    /// The contents are no longer current.
    var lost: () -> Void = {}

    init(
        _ name: String, _ configuration: ClientConfiguration, server: SimulatedServer, seed: UInt64
    ) {
        self.name = name
        self.server = server
        session = ClientSession(configuration, seed: seed)
    }

    package var replica: Replica { session.replica }

    // MARK: The owner's side

    func start(now: Int64) { perform(session.start(now: now), now) }

    /// The owner is gone, with all that it had not said yet.
    func die(now: Int64) {
        changed = { _ in }
        awoken = {}
        lost = {}
        completions = [:]
        hangUp(now)
        _ = session.stop()
    }

    func submit(
        _ transaction: TransactionBuilder, now: Int64,
        _ completion: @escaping (TransactionOutcome, _ now: Int64) -> Void = { _, _ in }
    ) {
        let (id, actions) = session.submit(transaction, now: now)
        completions[id] = completion
        perform(actions, now)
    }

    func setOtherLocks(_ names: Set<String>, now: Int64) {
        perform(session.setOtherLocks(names, now: now), now)
    }

    func setConditions(_ changes: [ConditionChange], now: Int64) -> UInt64 {
        let (number, actions) = session.setConditions(changes, now: now)
        perform(actions, now)
        return number
    }

    private func perform(_ actions: [ClientSession.Action], _ now: Int64) {
        for action in actions {
            switch action {
            case .connect: isCalling = true
            case .disconnect: hangUp(now)
            case .send(let bytes):
                if let message = try? JSON.parse(bytes) { toServer.append(message) }
            case .changed(let changes): changed(changes)
            case .completed(let id, let outcome): completions.removeValue(forKey: id)?(outcome, now)
            case .synchronized, .lockAcquired, .lockLost, .lockAwaited, .conditions: awoken()
            case .unsynchronized: lost()
            case .lookedUp, .diagnostic: break
            }
        }
    }

    private func tell(_ event: ClientSession.Event, _ now: Int64) {
        perform(session.handle(event, now: now), now)
    }

    // MARK: The connection

    /// The client's end is closed: what is under way is lost.
    private func hangUp(_ now: Int64) {
        isCalling = false
        (toServer, toClient) = ([], [])
        stream = JSONStream()
        guard let session = connection else { return }
        connection = nil
        server.hangUp(session, now: now)
    }

    func deliver(_ bytes: [UInt8]) { toClient.append(bytes) }

    /// The server has ended the connection and forgotten it.
    func closed(reason: String, now: Int64) {
        connection = nil
        hangUp(now)
        tell(.disconnected(reason), now)
    }

    // MARK: What the scheduler lets happen

    var canConnect: Bool { isCalling }
    var canReachServer: Bool { connection != nil && !toServer.isEmpty }
    var canReachClient: Bool { connection != nil && !toClient.isEmpty }
    /// All that it has asked for is done.
    var isQuiet: Bool { completions.isEmpty }
    var isConnected: Bool { connection != nil }
    var deadline: Int64? { session.deadline }

    func connect(now: Int64) {
        isCalling = false
        connection = server.accept(self, now: now)
        tell(.connected, now)
    }

    func refuse(now: Int64) {
        isCalling = false
        tell(.disconnected("refused"), now)
    }

    func carryToServer(now: Int64) {
        guard let connection else { return }
        server.receive(toServer.removeFirst(), from: connection, now: now)
    }

    /// - Parameter cut: a number below which the first bytes arrive and the others later.
    func carryToClient(cut: Int?, now: Int64) {
        var bytes = toClient.removeFirst()
        if let cut, cut < bytes.count {
            toClient.insert(Array(bytes[cut...]), at: 0)
            bytes.removeSubrange(cut...)
        }
        stream.append(bytes)
        while let text = try? stream.next() { tell(.receivedText(text), now) }
    }

    /// Both ends notice.
    func breakConnection(now: Int64) {
        hangUp(now)
        tell(.disconnected("broken"), now)
    }

    func timer(now: Int64) { tell(.timer, now) }
}

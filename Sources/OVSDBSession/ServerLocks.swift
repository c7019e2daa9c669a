// Locks (RFC 7047 §4.1.8): names that at most one session owns, for the whole server and not for a
// database. Those who wait for a name stand in a queue whose head is the owner.
//
// Property that must hold: every change of owner that the new owner didn't ask for in the request
// being answered is reported, to the new owner as `locked` and to a robbed one as `stolen`.

package struct LockTable: Sendable {
    private struct Waiter: Sendable {
        let session: SessionID
        let hasStolen: Bool
    }

    /// Never empty queues.
    private var queues: [String: [Waiter]] = [:]

    package init() {}

    package func owner(of name: String) -> SessionID? { queues[name]?.first?.session }

    /// Queues for the lock; true if the session owns it now.
    package mutating func lock(_ name: String, for session: SessionID) -> Bool {
        precondition(!isQueued(session, name), "one request per session and name")
        queues[name, default: []].append(Waiter(session: session, hasStolen: false))
        return owner(of: name) == session
    }

    /// Takes the lock and returns whom it was taken from. That session gets it back before all
    /// others, unless it had stolen it as well.
    package mutating func steal(_ name: String, for session: SessionID) -> SessionID? {
        precondition(!isQueued(session, name), "one request per session and name")
        var queue = queues[name] ?? []
        let victim = queue.first
        if victim?.hasStolen == true { queue.removeFirst() }
        queue.insert(Waiter(session: session, hasStolen: true), at: 0)
        queues[name] = queue
        return victim?.session
    }

    /// Leaves the queue and returns the owner that this made, if it made one.
    package mutating func unlock(_ name: String, for session: SessionID) -> SessionID? {
        let before = owner(of: name)
        queues[name]?.removeAll { $0.session == session }
        if queues[name]?.isEmpty == true { queues[name] = nil }
        let after = owner(of: name)
        return after == before ? nil : after
    }

    private func isQueued(_ session: SessionID, _ name: String) -> Bool {
        queues[name]?.contains { $0.session == session } ?? false
    }
}

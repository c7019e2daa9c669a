import JSON
import OVSDBModel

/// Where a client stands with its lock (RFC 7047 §4.1.8).
struct ClientLock: Sendable {
    enum State: Hashable, Sendable { case none, requested, waiting, held }

    var name: String?
    var state = State.none
    /// The `id` of the request that the state waits for.
    var request: Int64?

    var isHeld: Bool { state == .held }
}

extension ClientSession {
    /// Asks for another lock, or for none.
    package mutating func setLock(_ name: String?, now: Int64) -> [Action] {
        if name == lock.name { return [] }
        if let old = lock.name, lock.state != .none {
            request("unlock", [.string(old)], .ignored)
        }
        releaseLock()
        lock.name = name
        if isSynchronized { requestLock() }
        return drain()
    }

    mutating func requestLock() {
        guard let name = lock.name, lock.state == .none else { return }
        lock.state = .requested
        lock.request = nextRequest
        request("lock", [.string(name)], .lock)
    }

    mutating func lockReplied(_ id: Int64, _ result: JSON?, _ now: Int64) {
        guard lock.state == .requested, lock.request == id else { return }
        switch result?["locked"]?.bool {
        case true?: takeLock()
        case false?: lock.state = .waiting
        case nil: drop("lock \(lock.name ?? "") was refused", now)
        }
    }

    mutating func lockNotified(_ method: String, _ name: String?) {
        guard let name, name == lock.name else { return }
        if method == "locked" {
            if lock.state == .waiting { takeLock() }
        } else if lock.state == .held {
            lock.state = .waiting
            loseLock(name)
        }
    }

    private mutating func takeLock() {
        lock.state = .held
        diagnose(.lockAcquired(lock.name ?? ""))
        actions.append(.lockAcquired)
    }

    private mutating func loseLock(_ name: String) {
        diagnose(.lockLost(name))
        actions.append(.lockLost)
    }

    /// The connection that the lock belongs to is gone, or the lock is given up.
    mutating func releaseLock() {
        let wasHeld = lock.isHeld
        lock.state = .none
        if wasHeld { loseLock(lock.name ?? "") }
    }
}

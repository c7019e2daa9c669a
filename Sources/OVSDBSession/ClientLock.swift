import JSON
import OVSDBModel

// Locks of a server (RFC 7047 §4.1.8). A client may ask for several, by name. One of them, the main
// one, guards all that it writes, unless a transaction names others.
//
// Property: a lock is held from `lockAcquired` to `lockLost`, whatever happens to the connection, and
// every request for one that somebody else holds is reported by `lockAwaited`.

/// Where a client stands with a lock.
package enum LockState: Hashable, Sendable {
    /// Not connected, or not asked for yet.
    case none
    case requested
    /// Somebody else holds it.
    case waiting
    case held
}

/// The locks that a client wants, and where it stands with each.
struct ClientLocks: Sendable {
    private struct Lock: Sendable {
        var state = LockState.none
        /// The `id` of the request that the state waits for.
        var request: Int64?
    }

    var main: String?
    var others: Set<String> = []
    private var locks: [String: Lock] = [:]

    init(main: String?) { self.main = main }

    var wanted: Set<String> { main.map { others.union([$0]) } ?? others }

    /// Those that were asked for, on this connection.
    var asked: [String] { locks.keys.sorted() }

    func state(of name: String) -> LockState { locks[name]?.state ?? .none }

    mutating func request(_ name: String, _ id: Int64) {
        locks[name] = Lock(state: .requested, request: id)
    }

    /// The lock that this request asked for, if it's the latest for that one.
    func requested(by id: Int64) -> String? {
        locks.first { $0.value.state == .requested && $0.value.request == id }?.key
    }

    mutating func enter(_ state: LockState, _ name: String) { locks[name]?.state = state }

    mutating func forget(_ name: String) { locks[name] = nil }
}

extension ClientSession {
    /// Asks for another main lock, or for none.
    package mutating func setLock(_ name: String?, now: Int64) -> [Action] {
        locks.main = name
        return settleLocks()
    }

    /// Asks for these locks besides the main one, and gives up those that it asked for before.
    package mutating func setOtherLocks(_ names: Set<String>, now: Int64) -> [Action] {
        locks.others = names
        return settleLocks()
    }

    private mutating func settleLocks() -> [Action] {
        let wanted = locks.wanted
        for name in locks.asked where !wanted.contains(name) {
            request("unlock", [.string(name)], .ignored)
            release(name)
        }
        if isSynchronized { requestLocks() }
        return drain()
    }

    mutating func requestLocks() {
        for name in locks.wanted.sorted() where locks.state(of: name) == .none {
            locks.request(name, nextRequest)
            request("lock", [.string(name)], .lock)
        }
    }

    mutating func lockReplied(_ id: Int64, _ result: JSON?, _ now: Int64) {
        guard let name = locks.requested(by: id) else { return }
        switch result?["locked"]?.bool {
        case true?: take(name)
        case false?:
            locks.enter(.waiting, name)
            actions.append(.lockAwaited(name))
        case nil: drop("lock \(name) was refused", now)
        }
    }

    mutating func lockNotified(_ method: String, _ name: String?) {
        guard let name else { return }
        switch (method, locks.state(of: name)) {
        case ("locked", .waiting): take(name)
        case ("stolen", .held):
            locks.enter(.waiting, name)
            lose(name)
        default: break
        }
    }

    private mutating func take(_ name: String) {
        locks.enter(.held, name)
        diagnose(.lockAcquired(name))
        actions.append(.lockAcquired(name))
    }

    private mutating func lose(_ name: String) {
        diagnose(.lockLost(name))
        actions.append(.lockLost(name))
    }

    private mutating func release(_ name: String) {
        let wasHeld = locks.state(of: name) == .held
        locks.forget(name)
        if wasHeld { lose(name) }
    }

    /// The connection that the locks belong to is gone.
    mutating func releaseLocks() { for name in locks.asked { release(name) } }
}

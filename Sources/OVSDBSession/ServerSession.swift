import DequeModule
import JSON

/// What a server knows of one client.
struct ServerSession: Sendable {
    let rights: SessionRights
    /// Whether databases may come and go under it (set_db_change_aware).
    var isChangeAware = false
    var monitors: [JSON: ServerMonitor] = [:]
    /// Names it owns, waits for, or was robbed of: what it may unlock.
    var locks: Set<String> = []
    /// Transactions that have no reply yet.
    var outstanding: Set<JSON> = []
    /// The queue to the client is long: updates are merged until it is empty.
    var isCongested = false
    /// The job whose result is the next thing to send, and what to do about the monitor.
    var job: (id: UInt64, monitor: JSON)?
    /// Messages that arrived meanwhile.
    var deferred: Deque<JSON> = []
}

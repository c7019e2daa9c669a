import DequeModule
import JSON
import OVSDBEngine
import OVSDBModel

/// A transaction that waits for the database to change.
struct ParkedTransaction: Sendable {
    let session: SessionID
    let request: JSON
    let operations: [JSON]
    /// When the request arrived.
    let created: Int64
    /// When it times out; nil for never.
    var deadline: Int64?
}

/// An answer that must not leave before what it tells of is on disk.
struct PendingReply: Sendable {
    let session: SessionID
    let request: JSON
    let results: JSON
}

/// A transaction that was executed and that nobody has seen yet.
struct PendingCommit: Sendable {
    /// Whether the log has a record of it.
    let isStored: Bool
    let delta: DatabaseDelta
    /// The database after it.
    let after: Database
    /// Its own reply, and those of later requests that saw its effect and changed nothing.
    var replies: [PendingReply]
}

/// One database that a server offers, in the two states that matter: as the next transaction finds
/// it, and as sessions may see it.
///
/// Between the two lie the transactions whose log records are not on disk yet. Many share one
/// synchronisation of the disk; if it fails, all of them are undone and none was ever visible.
struct HostedDatabase: Sendable {
    let isLogged: Bool
    /// With every transaction executed so far.
    var executed: Database
    /// With every transaction that is durable.
    private(set) var published: Database
    private(set) var pending: Deque<PendingCommit> = []
    /// Counts the times that storing failed. Records of an earlier epoch must not reach the disk.
    private(set) var epoch = 0
    /// Names of the states of stored transactions that are durable and not published yet.
    private var stored: Deque<RowUUID> = []
    var history: TransactionHistory
    var parked: [ParkedTransaction] = []
    private(set) var groups: [Int: MonitorGroup] = [:]
    private var groupNumbers: [MonitorSpecification: Int] = [:]
    private var nextGroup = 0

    init(_ database: Database, history: TransactionHistory, isLogged: Bool) {
        self.isLogged = isLogged
        executed = database
        published = database
        self.history = history
    }

    var schema: DatabaseSchema { published.schema }
}

// MARK: - Commits

extension HostedDatabase {
    /// Queues a transaction that has been executed; true if it has to be stored.
    mutating func commit(_ delta: DatabaseDelta, reply: PendingReply?) -> Bool {
        let isStored = isLogged && delta.isStored(schema)
        pending.append(
            PendingCommit(
                isStored: isStored, delta: delta, after: executed,
                replies: reply.map { [$0] } ?? []))
        return isStored
    }

    /// Holds back a reply until everything executed before it is durable; false if it is.
    mutating func hold(_ reply: PendingReply) -> Bool {
        guard let last = pending.indices.last else { return false }
        pending[last].replies.append(reply)
        return true
    }

    /// Notes that the next stored transactions are durable, with the names of their states.
    mutating func didStore(_ states: [RowUUID]) { stored.append(contentsOf: states) }

    /// Publishes the next transaction if it is durable, and names the state after it.
    mutating func publishNext(
        makeUUID: () -> RowUUID
    ) -> (commit: PendingCommit, state: RowUUID, before: Database)? {
        guard let next = pending.first else { return nil }
        let state: RowUUID
        if next.isStored {
            guard let name = stored.popFirst() else { return nil }
            state = name
        } else {
            state = makeUUID()
        }
        pending.removeFirst()
        let before = published
        published = next.after
        history.append(state, next.delta)
        return (next, state, before)
    }

    /// Undoes every transaction that isn't durable and returns the replies that now fail.
    mutating func undoPending() -> [PendingReply] {
        let replies = pending.flatMap(\.replies)
        pending = []
        executed = published
        epoch += 1
        return replies
    }
}

extension DatabaseDelta {
    /// Whether any of it outlives a restart.
    func isStored(_ schema: DatabaseSchema) -> Bool {
        tables.contains { changes in
            let columns = schema.tables[changes.table].columns
            return changes.rows.contains { change in
                guard let old = change.old, let new = change.new else { return true }
                return columns.indices.contains { column in
                    !columns[column].isEphemeral && old[column] != new[column]
                }
            }
        }
    }
}

// MARK: - Monitors

extension HostedDatabase {
    /// Adds a monitor to the group of its specification.
    mutating func subscribe(
        _ subscriber: MonitorGroup.Subscriber, to specification: MonitorSpecification
    ) -> Int {
        let number = groupNumbers[specification] ?? nextGroup
        if number == nextGroup {
            nextGroup += 1
            groupNumbers[specification] = number
            groups[number] = MonitorGroup(specification: specification)
        }
        groups[number]?.subscribers.append(subscriber)
        return number
    }

    mutating func unsubscribe(_ subscriber: MonitorGroup.Subscriber, from number: Int) {
        groups[number]?.subscribers.removeAll { $0 == subscriber }
        guard let group = groups[number], group.subscribers.isEmpty else { return }
        groups[number] = nil
        groupNumbers[group.specification] = nil
    }
}

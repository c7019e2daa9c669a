/// Names a session for the life of a server; a later session has a greater number.
package struct SessionID: Hashable, Comparable, Sendable {
    package let number: UInt64

    package init(_ number: UInt64) { self.number = number }

    package static func < (left: SessionID, right: SessionID) -> Bool {
        left.number < right.number
    }
}

/// What a session may do, from the remote it came by.
package struct SessionRights: Hashable, Sendable {
    /// Everything that writes, locks included, is refused.
    package var isReadOnly: Bool

    package init(isReadOnly: Bool = false) { self.isReadOnly = isReadOnly }
}

/// What bounds a server's work for one session.
package struct ServerLimits: Sendable {
    /// Rows that the tables of a monitor may have for its first reply to be made in line; more are
    /// printed by a job on another thread.
    package var inlineRows = 2_000
    /// Transactions kept for clients that resume.
    package var historyTransactions = 1_000
    /// Rows changed in the transactions kept; never less than `historyMinimum` transactions.
    package var historyRows = 100_000
    package var historyMinimum = 100
    /// Monitors of one session.
    package var monitors = 1_000
    /// Requests of one session that are not answered yet; parked waits included.
    package var outstanding = 10_000

    package init() {}
}

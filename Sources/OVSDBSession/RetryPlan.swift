// When a transaction that the server refused is made again.
//
// A refusal has one of two causes. The database was not as the replica had it, because somebody else
// wrote meanwhile: the northd that was active before, for one, or an agent's own earlier connection.
// Then the next attempt, which starts from what has arrived, succeeds. Or the transaction is wrong
// by itself: then it will be refused again, and must not keep the server busy.
//
// Property: the first refusal since a success is followed by an attempt as soon as the replica has
// changed since the refused one was made; after any other one the interval passes.

package struct RetryPlan: Sendable {
    /// Wait after a refusal that another attempt won't mend, in milliseconds.
    private let interval: Int64
    /// In a row.
    private var refusals = 0
    /// Since the last attempt was made.
    private var hasChanged = false
    /// When the next attempt may be made, in milliseconds; nil for any time.
    package private(set) var time: Int64?

    package init(interval: Int64) { self.interval = interval }

    package func allowsAttempt(at now: Int64) -> Bool { time.map { $0 <= now } ?? true }

    package mutating func beginAttempt() {
        hasChanged = false
        time = nil
    }

    package mutating func noteChange() {
        hasChanged = true
        if refusals == 1 { time = nil }
    }

    package mutating func noteSuccess() {
        refusals = 0
        time = nil
    }

    /// - Returns: whether the next attempt has to wait.
    package mutating func noteRefusal(at now: Int64) -> Bool {
        refusals += 1
        if refusals == 1, hasChanged { return false }
        time = now + interval
        return true
    }
}

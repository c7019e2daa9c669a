// When a transaction that the server refused is made again.
//
// A refusal has one of two causes. The database was not as the replica had it, because somebody else
// wrote meanwhile: the northd that was active before, for one. Then the next attempt, which starts
// from what has arrived, succeeds. Or the transaction is wrong by itself: then it will be refused
// again, and must not keep the server busy.
//
// Property: the first refusal since a success is followed by an attempt as soon as the replica has
// changed since the refused one was made; after any other one the interval passes.

struct RetryPlan {
    /// In a row.
    private var refusals = 0
    /// Since the last attempt was made.
    private var hasChanged = false
    /// When the next attempt may be made, in milliseconds; nil for any time.
    private(set) var time: Int64?

    func allowsAttempt(at now: Int64) -> Bool { time.map { $0 <= now } ?? true }

    mutating func beginAttempt() {
        hasChanged = false
        time = nil
    }

    mutating func noteChange() {
        hasChanged = true
        if refusals == 1 { time = nil }
    }

    mutating func noteSuccess() {
        refusals = 0
        time = nil
    }

    /// - Returns: whether the next attempt has to wait.
    mutating func noteRefusal(at now: Int64) -> Bool {
        refusals += 1
        if refusals == 1, hasChanged { return false }
        time = now + Northd.Limits.retryInterval
        return true
    }
}

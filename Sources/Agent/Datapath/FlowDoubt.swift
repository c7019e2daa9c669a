import AgentCore

/// Whether it is known what the kernel's flows are, and when it is asked.
struct FlowDoubt {
    enum Limits {
        /// Between a list that failed, or was not enough, and the next. Doubled with each.
        static let shortestPause: Milliseconds = 10
        static let longestPause: Milliseconds = 5000
        /// Lists leave the thread so many times their own time.
        static let share: Milliseconds = 10
    }

    private(set) var isOpen = false
    /// The newest revision that nobody has heard to be in force.
    var revision: UInt64?
    private var attempts = 0
    private var interval = Limits.shortestPause
    /// When the flows may be listed again.
    private var next: Milliseconds = .min

    mutating func open() { isOpen = true }

    func isDue(_ now: Milliseconds) -> Bool { now >= next }

    /// How long until the next list.
    func pause(_ now: Milliseconds) -> Milliseconds { isDue(now) ? 0 : next - now }

    /// The flows are known; what is executed now may open it again.
    mutating func beginCorrection() { isOpen = false }

    mutating func failed(begun: Milliseconds, now: Milliseconds) {
        isOpen = true
        attempts += 1
        wait(begun: begun, now: now)
        interval = min(2 * interval, Limits.longestPause)
    }

    /// - Returns: how many lists that took.
    mutating func settled(begun: Milliseconds, now: Milliseconds) -> Int {
        defer { attempts = 0 }
        interval = Limits.shortestPause
        wait(begun: begun, now: now)
        return attempts + 1
    }

    private mutating func wait(begun: Milliseconds, now: Milliseconds) {
        next = now + max(interval, (now - begun) * Limits.share)
    }

    mutating func takeRevision() -> UInt64? {
        defer { revision = nil }
        return revision
    }
}

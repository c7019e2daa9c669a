// What packets taught this chassis and other chassis want to know: neighbours of routers
// (MAC_Binding) and addresses of switches (FDB).
//
// A packet that every chassis may have seen (broadcast, multicast) is written after a random delay
// of up to 50 ms, so that one chassis wins and the others find the row already there. The queue is
// bounded, holds one entry per key and is shared out by who taught (`FairTable`): a flood costs the
// database nothing and memory a constant, and displaces no lesson of anybody else.

/// Milliseconds of the monotonic clock.
package typealias Milliseconds = Int64

package struct LearningQueue<Key: Hashable & Sendable, Value: Hashable & Sendable>: Sendable {
    package struct Limits: Sendable {
        package var entries = 1024
        package var longestDelay: Milliseconds = 50

        package init(entries: Int = 1024, longestDelay: Milliseconds = 50) {
            self.entries = entries
            self.longestDelay = longestDelay
        }
    }

    package struct Entry: Hashable, Sendable {
        package let key: Key
        package let value: Value
        fileprivate let source: PacketSource
        fileprivate let due: Milliseconds
        fileprivate let order: UInt64
    }

    private let limits: Limits
    private var entries: FairTable<PacketSource, Key, Entry>
    /// Not known to be written.
    private var taken: [Entry] = []
    private var counter: UInt64 = 0
    /// Entries given up because the queue was full.
    package private(set) var dropped: UInt64 = 0

    package init(limits: Limits = Limits()) {
        self.limits = limits
        entries = FairTable(capacity: limits.entries)
    }

    package var isEmpty: Bool { entries.count == 0 }
    package var count: Int { entries.count }

    /// When the next entry becomes due.
    package var deadline: Milliseconds? { entries.values.map(\.due).min() }

    /// - Parameter delay: 0 for what only this chassis saw, else a random 1…50 ms of the caller's.
    package mutating func learn(
        _ key: Key, _ value: Value, from source: PacketSource, now: Milliseconds,
        delay: Milliseconds
    ) {
        precondition((0...limits.longestDelay).contains(delay))
        let due = entries[key].map { min($0.due, now + delay) } ?? now + delay
        counter += 1
        put(Entry(key: key, value: value, source: source, due: due, order: counter))
    }

    private mutating func put(_ entry: Entry) {
        if entries.put(entry.key, entry, from: entry.source) != nil { dropped += 1 }
    }

    /// Takes what is due, oldest first. It is kept until `confirm`.
    package mutating func takeDue(now: Milliseconds) -> [Entry] {
        let due = entries.values.filter { $0.due <= now }.sorted { $0.order < $1.order }
        for entry in due { entries.remove(entry.key) }
        taken += due
        return due
    }

    /// What was taken is written.
    package mutating func confirm() { taken = [] }

    /// What was taken could not be written: it is due again, unless something newer is.
    package mutating func giveBack() {
        for entry in taken where entries[entry.key] == nil { put(entry) }
        taken = []
    }
}

/// A rate limit of events per second with a burst, for one source of packet-ins.
package struct TokenBucket: Hashable, Sendable {
    package let rate: Int64
    package let burst: Int64
    /// In thousandths.
    private var available: Int64
    private var updated: Milliseconds

    /// Starts full.
    package init(ratePerSecond: Int64, burst: Int64, now: Milliseconds) {
        precondition(ratePerSecond > 0 && burst > 0)
        rate = ratePerSecond
        self.burst = burst
        available = burst * 1000
        updated = now
    }

    /// - Parameter milliTokens: what an event costs; a whole one costs a thousand.
    package mutating func take(_ milliTokens: Int64 = 1000, now: Milliseconds) -> Bool {
        let elapsed = max(0, now - updated)
        available = min(burst * 1000, available + min(elapsed, 3_600_000) * rate)
        updated = max(updated, now)
        guard available >= milliTokens else { return false }
        available -= milliTokens
        return true
    }
}

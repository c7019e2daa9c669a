// What packets have taught the datapath thread for a time: each entry is kept as long as packets use
// it, and there are no more than a number of them.
//
// Entries are extended far more often than they end. So the order by time is not kept up with each
// extension: an entry stands where it stood, and is put where it belongs when its turn comes. To forget what
// has ended costs what ends, and each other entry one step in the time that it was given.

import HeapModule

/// Entries with an end. Times are milliseconds on the clock of whoever asks.
struct LeasedEntries<Key: Hashable & Comparable & Sendable, Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        var value: Value
        var until: Milliseconds
        /// Where it stands in the order; no later than `until`.
        var turn: Milliseconds
    }

    private struct Turn: Comparable, Sendable {
        let time: Milliseconds
        let key: Key

        static func < (left: Self, right: Self) -> Bool {
            (left.time, left.key) < (right.time, right.key)
        }
    }

    private let capacity: Int
    private var entries: [Key: Entry] = [:]
    /// One turn for each entry, at its `turn`; others mean nothing.
    private var order = Heap<Turn>()

    init(capacity: Int) { self.capacity = capacity }

    var count: Int { entries.count }
    /// How many turns are kept.
    var turns: Int { order.count }

    subscript(key: Key) -> Value? { entries[key]?.value }

    /// In no order.
    var all: some Sequence<(key: Key, value: Value)> {
        entries.lazy.map { ($0.key, $0.value.value) }
    }

    /// False if the table is full: it takes nobody new then.
    mutating func put(_ key: Key, _ value: Value, until: Milliseconds) -> Bool {
        let old = entries[key]
        guard old != nil || entries.count < capacity else { return false }
        let turn = min(old?.turn ?? until, until)
        entries[key] = Entry(value: value, until: until, turn: turn)
        if turn != old?.turn { add(Turn(time: turn, key: key)) }
        return true
    }

    private mutating func add(_ turn: Turn) {
        order.insert(turn)
        guard order.count > 2 * entries.count + Self.slack else { return }
        order = Heap(entries.map { Turn(time: $0.value.turn, key: $0.key) })
    }

    /// Turns of entries that are gone, beside as many as there are entries.
    private static var slack: Int { 64 }

    /// An entry that is there lasts until then; to end it earlier, it is put again.
    mutating func extend(_ key: Key, until: Milliseconds) {
        guard let old = entries[key]?.until, until > old else { return }
        entries[key]?.until = until
    }

    mutating func remove(_ key: Key) { entries[key] = nil }

    /// Forgets the entry that ends first; returns its key.
    mutating func removeFirst() -> Key? { takeFirst(through: .max)?.key }

    /// Forgets what has come to its end; returns the keys, in order.
    mutating func expire(now: Milliseconds) -> [Key] { takeEnded(now: now).map(\.key) }

    /// Forgets what has come to its end; returns it, in the order of the keys.
    mutating func takeEnded(now: Milliseconds) -> [(key: Key, value: Value)] {
        var gone: [(key: Key, value: Value)] = []
        while let entry = takeFirst(through: now) { gone.append(entry) }
        return gone.sorted { $0.key < $1.key }
    }

    private mutating func takeFirst(through limit: Milliseconds) -> (key: Key, value: Value)? {
        while let turn = order.min, turn.time <= limit {
            order.removeMin()
            guard let entry = entries[turn.key], entry.turn == turn.time else { continue }
            guard entry.until > turn.time else {
                entries[turn.key] = nil
                return (turn.key, entry.value)
            }
            entries[turn.key]?.turn = entry.until
            order.insert(Turn(time: entry.until, key: turn.key))
        }
        return nil
    }
}

// What packets have taught the datapath thread for a time: each entry is kept as long as packets use
// it, and there are no more than a number of them.

/// Entries with an end. Times are milliseconds on the clock of whoever asks.
struct LeasedEntries<Key: Hashable & Comparable & Sendable, Value: Sendable>: Sendable {
    private struct Entry {
        var value: Value
        var until: Milliseconds
    }

    private let capacity: Int
    private var entries: [Key: Entry] = [:]

    init(capacity: Int) { self.capacity = capacity }

    var count: Int { entries.count }

    subscript(key: Key) -> Value? { entries[key]?.value }

    /// False if the table is full: it takes nobody new then.
    mutating func put(_ key: Key, _ value: Value, until: Milliseconds) -> Bool {
        guard entries[key] != nil || entries.count < capacity else { return false }
        entries[key] = Entry(value: value, until: until)
        return true
    }

    /// Changes an entry that is there.
    mutating func change(_ key: Key, _ body: (inout Value) -> Void) {
        guard var entry = entries[key] else { return }
        body(&entry.value)
        entries[key] = entry
    }

    /// An entry that is there lasts until then.
    mutating func extend(_ key: Key, until: Milliseconds) { entries[key]?.until = until }

    /// The keys of entries of which this is true, in order.
    func keys(where condition: (Value) -> Bool) -> [Key] {
        entries.filter { condition($0.value.value) }.map(\.key).sorted()
    }

    /// Forgets what has come to its end; returns the keys, in order.
    mutating func expire(now: Milliseconds) -> [Key] {
        let old = entries.filter { $0.value.until <= now }.map(\.key).sorted()
        for key in old { entries[key] = nil }
        return old
    }
}

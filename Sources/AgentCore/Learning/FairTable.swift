// A bounded table that several sources fill: workloads, other chassis.
//
// Who fills a table that all share keeps everybody else out of it, whatever becomes of entries that
// don't fit. The properties that must hold: the table never has more entries than its capacity; an
// entry of a source goes only for another one of this source, or while no source has more. So a
// source that has few entries keeps them, however many another one makes up.

package struct FairTable<
    Source: Hashable & Comparable & Sendable, Key: Hashable & Sendable, Value: Sendable
>: Sendable {
    private struct Entry: Sendable {
        var value: Value
        let source: Source
        let order: UInt64
    }

    package let capacity: Int
    private var entries: [Key: Entry] = [:]
    private var lines: [Source: Line<Key>] = [:]
    private var counter: UInt64 = 0

    package init(capacity: Int) {
        precondition(capacity > 0)
        self.capacity = capacity
    }

    package var count: Int { entries.count }

    package subscript(key: Key) -> Value? { entries[key]?.value }

    /// In no order.
    package var values: some Sequence<Value> { entries.values.lazy.map(\.value) }

    package func count(of source: Source) -> Int { lines[source]?.count ?? 0 }

    /// Puts an entry, which is its source's youngest then.
    ///
    /// - Returns: the entry that made room: the oldest of the source that has the most.
    package mutating func put(
        _ key: Key, _ value: Value, from source: Source
    ) -> (key: Key, value: Value)? {
        remove(key)
        let gone = entries.count < capacity ? nil : removeOldest(of: largest(besides: source))
        counter += 1
        entries[key] = Entry(value: value, source: source, order: counter)
        lines[source, default: Line()].append(key, counter)
        return gone
    }

    /// Changes an entry that is there, in its place.
    package mutating func change(_ key: Key, _ body: (inout Value) -> Void) {
        guard let index = entries.index(forKey: key) else { return }
        body(&entries.values[index].value)
    }

    @discardableResult
    package mutating func remove(_ key: Key) -> Value? {
        guard let entry = entries.removeValue(forKey: key) else { return nil }
        leave(entry.source)
        return entry.value
    }

    /// Forgets the entries of which this is true; returns them, in no order.
    package mutating func remove(
        where condition: (Value) -> Bool
    ) -> [(key: Key, value: Value)] {
        let gone = entries.filter { condition($0.value.value) }
        for key in gone.keys { remove(key) }
        return gone.map { ($0.key, $0.value.value) }
    }

    /// The source that has the most entries; `newcomer` among those that have as many.
    private func largest(besides newcomer: Source) -> Source {
        let most = lines.max { ($0.value.count, $0.key) < ($1.value.count, $1.key) }
        guard let most, most.value.count > count(of: newcomer) else { return newcomer }
        return most.key
    }

    private mutating func removeOldest(of source: Source) -> (key: Key, value: Value)? {
        while let first = lines[source]?.takeFirst() {
            guard let entry = entries[first.key], entry.order == first.order else { continue }
            entries[first.key] = nil
            leave(source)
            return (first.key, entry.value)
        }
        preconditionFailure("a source without an entry")
    }

    /// A source has an entry less.
    private mutating func leave(_ source: Source) {
        lines[source]?.count -= 1
        guard let line = lines[source], line.count > 0 else {
            lines[source] = nil
            return
        }
        if line.isSparse {
            let live = entries
            lines[source]?.sweep { live[$0]?.order == $1 }
        }
    }
}

/// The entries of one source, oldest first, some of which are gone.
private struct Line<Key: Sendable>: Sendable {
    /// Those that are not gone.
    var count = 0
    private var keys: [(key: Key, order: UInt64)] = []
    private var first = 0

    /// Whether most are gone.
    var isSparse: Bool { keys.count > 2 * count + 32 }

    mutating func append(_ key: Key, _ order: UInt64) {
        keys.append((key, order))
        count += 1
    }

    mutating func takeFirst() -> (key: Key, order: UInt64)? {
        guard first < keys.count else { return nil }
        defer { first += 1 }
        return keys[first]
    }

    mutating func sweep(keeping isLive: (Key, UInt64) -> Bool) {
        keys = keys[first...].filter { isLive($0.key, $0.order) }
        first = 0
    }
}

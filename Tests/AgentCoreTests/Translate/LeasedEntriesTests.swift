import Testing

@testable import AgentCore

/// Entries with an end, and what it costs to forget them.
@Suite struct LeasedEntriesTests {
    /// Counts how often it is looked up.
    private struct Key: Hashable, Comparable, Sendable {
        final class Count: @unchecked Sendable {
            // Sound because a test is one task.
            var lookups = 0
        }

        let number: Int
        let count: Count

        static func == (left: Self, right: Self) -> Bool { left.number == right.number }
        static func < (left: Self, right: Self) -> Bool { left.number < right.number }

        func hash(into hasher: inout Hasher) {
            count.lookups += 1
            hasher.combine(number)
        }
    }

    private func table(_ count: Key.Count, _ entries: Int) -> LeasedEntries<Key, Int> {
        var table = LeasedEntries<Key, Int>(capacity: entries)
        for number in 0..<entries {
            let isTaken = table.put(
                Key(number: number, count: count), number, until: 1000 + Milliseconds(number))
            #expect(isTaken)
        }
        return table
    }

    @Test func toForgetCostsWhatEnds() {
        let count = Key.Count()
        var table = table(count, 1000)
        count.lookups = 0
        for now in 0..<1000 as Range<Milliseconds> { #expect(table.expire(now: now).isEmpty) }
        #expect(count.lookups == 0)
        #expect(table.expire(now: 1009).map(\.number) == Array(0..<10))
        // To remove one, a dictionary looks at its neighbours too.
        #expect(count.lookups <= 200)
        #expect(table.count == 990)
    }

    /// An entry that is used all the time is looked at once in its time, however often it is extended.
    @Test func toExtendCostsOneStepInItsTime() {
        let count = Key.Count()
        var table = table(count, 1)
        let key = Key(number: 0, count: count)
        for now in 0..<10_000 as Range<Milliseconds> { table.extend(key, until: now + 1000) }
        count.lookups = 0
        for now in 1000..<10_000 as Range<Milliseconds> { #expect(table.expire(now: now).isEmpty) }
        #expect(count.lookups <= 10)
        #expect(table.turns == 1)
        #expect(table.expire(now: 10_999) == [key])
    }

    /// As a table that is looked through each time.
    @Test func randomUsesAreAsInAPlainTable() {
        var random = SeededGenerator(seed: 3)
        let count = Key.Count()
        var table = LeasedEntries<Key, Int>(capacity: 40)
        var plain: [Int: (value: Int, until: Milliseconds)] = [:]
        var now: Milliseconds = 0
        for step in 0..<20_000 {
            let number = Int.random(in: 0..<60, using: &random)
            let key = Key(number: number, count: count)
            let until = now + Milliseconds.random(in: 0..<300, using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0..<4:
                let isTaken = table.put(key, step, until: until)
                #expect(isTaken == (plain[number] != nil || plain.count < 40))
                if isTaken { plain[number] = (step, until) }
            case 4, 5:
                table.extend(key, until: until)
                if let old = plain[number], until > old.until { plain[number]?.until = until }
            case 6:
                table.remove(key)
                plain[number] = nil
            default:
                now += Milliseconds.random(in: 0..<40, using: &random)
                let gone = plain.filter { $0.value.until <= now }.keys.sorted()
                #expect(table.expire(now: now).map(\.number) == gone)
                for number in gone { plain[number] = nil }
            }
            #expect(table[key] == plain[number]?.value)
            #expect(table.count == plain.count)
            #expect(table.turns <= 2 * 40 + 65)
        }
        let first = plain.min { ($0.value.until, $0.key) < ($1.value.until, $1.key) }
        #expect(table.removeFirst()?.number == first?.key)
    }
}

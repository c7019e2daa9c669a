import Testing

@testable import AgentCore

/// A table that several sources fill.
@Suite struct FairTableTests {
    private typealias Table = FairTable<Int, Int, String>

    private static func full() -> Table {
        var table = Table(capacity: 4)
        for (key, source) in [(1, 1), (2, 2), (3, 2), (4, 2)] {
            let gone = table.put(key, "\(key)", from: source)
            #expect(gone == nil)
        }
        return table
    }

    @Test func whoHasMostGivesUpTheOldest() {
        var table = Self.full()
        let gone = [(5, 1), (6, 1), (7, 1), (8, 3)].map { key, source in
            table.put(key, "", from: source)?.key
        }
        #expect(gone == [2, 1, 5, 3], "at a tie the newcomer's own")
        #expect(table.count == 4)
        #expect([1, 2, 3].map(table.count(of:)) == [2, 1, 1])
    }

    @Test func whatIsPutAgainIsYoung() {
        var table = Self.full()
        #expect(table.put(2, "again", from: 2) == nil)
        #expect(table.put(9, "", from: 2)?.key == 3)
        #expect(table[2] == "again")
        #expect(table.put(1, "taken over", from: 2) == nil)
        #expect(table.count(of: 1) == 0)
        #expect(table.count == 4)
    }

    @Test func whatIsChangedKeepsItsPlace() {
        var table = Self.full()
        table.change(2) { $0 = "changed" }
        table.change(77) { $0 = "not there" }
        let gone = table.put(9, "", from: 2)
        #expect(gone?.key == 2 && gone?.value == "changed")
        #expect(table[77] == nil)
    }

    @Test func whatIsRemovedMakesRoom() {
        var table = Self.full()
        #expect(table.remove(2) == "2")
        #expect(table.remove(2) == nil)
        #expect(table.put(9, "", from: 3) == nil)
        #expect(table.put(10, "", from: 3)?.key == 3)
        let gone = table.remove { $0 == "4" || $0 == "1" }
        #expect(gone.map(\.key).sorted() == [1, 4])
        #expect(table.count == 2)
    }

    /// Against what the property says, by looking at all entries.
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func noSourceLosesWhileAnotherHasMore(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var table = Table(capacity: 32)
        var model: [(key: Int, source: Int)] = []
        for _ in 0..<5000 {
            let key = random.number(0..<200)
            model.removeAll { $0.key == key }
            if random.number(0..<4) == 0 {
                table.remove(key)
                continue
            }
            let source = random.number(0..<random.number(1..<40))
            func count(_ source: Int) -> Int { model.count { $0.source == source } }
            let before = model.count
            let gone = table.put(key, "", from: source)
            #expect((gone == nil) == (before < 32))
            if let gone, let place = model.firstIndex(where: { $0.key == gone.key }) {
                let loser = model[place].source
                #expect(model.firstIndex { $0.source == loser } == place, "its oldest")
                #expect(model.allSatisfy { count($0.source) <= count(loser) })
                model.remove(at: place)
            }
            model.append((key, source))
            #expect(table.count == model.count)
        }
        #expect(model.allSatisfy { table[$0.key] != nil })
    }
}

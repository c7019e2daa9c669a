import Testing

@testable import AgentCore
@testable import Pipeline

@Suite struct ReasonIndexTests {
    private let a = PhysicalDependency.port(PortReference(datapath: 1, port: 1))
    private let b = PhysicalDependency.zones(datapath: 2)

    @Test func flowsOfOnePathShareAList() {
        var index = ReasonIndex()
        let numbers = (0..<3).map { _ in index.add([a, b], []) }
        #expect(Set(numbers).count == 1)
        #expect(index.add([a], []) != numbers[0])
        #expect(index.count == 2)
        for number in numbers { index.remove(number) }
        #expect(index.count == 1)
    }

    /// A list that has gone is not found again by those that come, not even where its place is used
    /// for another one.
    @Test func placesAreUsedAgain() {
        var index = ReasonIndex()
        let old = index.add([a], [])
        index.remove(old)
        let new = index.add([b], [])
        #expect(new == old)
        #expect(index.add([a], []) != new)
        #expect(!index.changed([a]) { _ in false }.contains(new))
        #expect(index.changed([b]) { _ in false }.contains(new))
    }

    /// More lists than are compared in turn are all found again.
    @Test func manyListsAreFound() {
        var index = ReasonIndex()
        let lists = (0..<40).map { [a, PhysicalDependency.zones(datapath: 100 + $0)] }
        let numbers = lists.map { index.add($0, []) }
        #expect(Set(numbers).count == lists.count)
        #expect(lists.map { index.add($0, []) } == numbers)
        let changed = index.changed([lists[17][1]]) { _ in false }
        #expect(numbers.filter(changed.contains) == [numbers[17]])
    }

    @Test func namesCountToo() {
        var index = ReasonIndex()
        let (x, y) = (NameIndex(value: 1), NameIndex(value: 2))
        let number = index.add([a], [x])
        #expect(index.add([a], [y]) != number)
        let changed = index.changed([]) { $0 == x }
        #expect(changed.contains(number))
        #expect(!changed.isEmpty)
        #expect(index.changed([]) { _ in false }.isEmpty)
    }
}

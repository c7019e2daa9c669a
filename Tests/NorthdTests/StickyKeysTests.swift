import OVSDBModel
import Testing

@testable import Northd

@Suite struct StickyKeysTests {
    private let space = RowUUID(high: 7, low: 7)

    private func owner(_ number: UInt64) -> RowUUID { RowUUID(high: 0, low: number) }

    /// Settles requests and returns the grants by owner.
    private func settle(
        _ keys: inout StickyKeys, _ requests: [UInt64: KeyRequest?]
    ) -> [UInt64: Int?] {
        let changes = requests.sorted { $0.key < $1.key }.map {
            (key: owner($0.key), request: KeyRequest??.some($0.value))
        }
        return Dictionary(
            uniqueKeysWithValues: keys.settle(changes).map { ($0.key.low, $0.grant) })
    }

    private func request(wanted: Int? = nil, existing: Int? = nil) -> KeyRequest {
        KeyRequest(space: space, wanted: wanted, existing: existing)
    }

    @Test func keysAreGivenInTurnAndNotTheOneJustFreed() {
        var keys = StickyKeys(1...3)
        #expect(settle(&keys, [1: request(), 2: request()]) == [1: 1, 2: 2])
        #expect(settle(&keys, [1: nil]) == [1: Int?.none])
        #expect(settle(&keys, [3: request()]) == [3: 3])
        #expect(settle(&keys, [4: request()]) == [4: 1])
        #expect(settle(&keys, [5: request()]) == [5: Int?.none], "none is left")
    }

    @Test func whatIsWantedGoesBeforeWhatExists() {
        var keys = StickyKeys(1...10)
        let grants = settle(
            &keys, [1: request(existing: 5), 2: request(wanted: 5), 3: request(wanted: 5)])
        #expect(grants[2] == 5)
        #expect(grants[1] != 5 && grants[3] != 5)
    }

    @Test func aLaterWishTakesAKeyFromOneThatMerelyHasIt() {
        var keys = StickyKeys(1...10)
        _ = settle(&keys, [1: request(), 2: request()])
        let grants = settle(&keys, [3: request(wanted: 1)])
        #expect(grants == [3: 1, 1: 3])
    }

    @Test func anObjectKeepsItsKeyWhenTheWishGoes() {
        var keys = StickyKeys(1...10)
        _ = settle(&keys, [1: request(wanted: 9)])
        #expect(settle(&keys, [1: request()]) == [1: 9])
    }

    /// What another northd decided, and wrote, holds.
    @Test func theDatabaseGoesBeforeAnOwnChoice() {
        var keys = StickyKeys(1...10)
        _ = settle(&keys, [1: request(), 2: request()])
        #expect(settle(&keys, [1: request(existing: 2), 2: request(existing: 1)]) == [1: 2, 2: 1])
    }

    @Test func spacesAreSeparate() {
        var keys = StickyKeys(1...10)
        let other = KeyRequest(space: owner(99))
        #expect(settle(&keys, [1: request(), 2: other]) == [1: 1, 2: 1])
        #expect(settle(&keys, [1: other]) == [1: 2], "moved")
    }

    @Test func keysOutsideOfTheRangeAreNotGiven() {
        var keys = StickyKeys(1...10)
        #expect(settle(&keys, [1: request(wanted: 11), 2: request(existing: 0)]) == [1: 1, 2: 2])
    }

    /// Keys that no database keeps are the same whatever came before.
    @Test func keysByNameHaveNoHistory() {
        let byName = KeyRequest(space: space, start: .name)
        var first = StickyKeys(1...65535)
        var second = StickyKeys(1...65535)
        _ = settle(&first, [1: byName, 2: byName, 3: byName, 4: byName])
        _ = settle(&first, [1: nil, 3: nil])
        let grown = settle(&first, [5: byName, 3: byName])
        let fresh = settle(&second, [2: byName, 3: byName, 4: byName, 5: byName])
        #expect(grown[5] == fresh[5] && grown[3] == fresh[3])
        #expect(Set(fresh.values).count == 4)
    }

    @Test func keysByNameThatMeetAreApart() {
        let byName = KeyRequest(space: space, start: .name)
        var keys = StickyKeys(1...3)
        let grants = settle(&keys, [1: byName, 2: byName, 3: byName])
        #expect(Set(grants.values) == [1, 2, 3])
        #expect(settle(&keys, [4: byName]) == [4: Int?.none], "none is left")
    }
}

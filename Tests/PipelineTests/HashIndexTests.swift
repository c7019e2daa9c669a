import Testing

@testable import Pipeline

/// An index answers as a dictionary would.
@Suite struct HashIndexTests {
    /// Few hashes, so that many are equal and tables are full of neighbours.
    @Test(arguments: [3, 40, 1 << 20])
    func followsEdits(hashes: Int) {
        var generator = SeededGenerator(seed: UInt64(hashes))
        var index = HashIndex()
        var present: [UInt32: UInt64] = [:]
        for _ in 0..<4000 {
            let place = UInt32(generator.number(0..<200))
            if let hash = present[place] {
                index.remove(place, hash)
                present[place] = nil
            } else {
                let hash = UInt64(generator.number(0..<hashes)) &* 0x5851_f42d
                index.insert(place, hash)
                present[place] = hash
            }
            let sought = UInt32(generator.number(0..<200))
            let found = index.first(present[sought] ?? 0) { $0 == sought }
            #expect(found == (present[sought] == nil ? nil : sought))
        }
        #expect(index.count == present.count)
        for (place, hash) in present { #expect(index.first(hash) { $0 == place } == place) }
    }

    @Test func removingWhatIsNotThereChangesNothing() {
        var index = HashIndex()
        index.remove(1, 5)
        index.insert(1, 5)
        index.remove(2, 5)
        #expect(index.count == 1)
        #expect(index.first(5) { $0 == 1 } == 1)
    }
}

import OVSDBModel

/// All chance of a simulation: one seed, one run.
package struct SimulationRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    /// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators).
    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }

    package mutating func oneIn(_ count: Int) -> Bool { number(count) == 0 }

    /// Below the limit.
    package mutating func number(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }

    package mutating func uuid() -> RowUUID {
        RowUUID(
            high: next() & 0xffff_ffff_ffff_0fff | 0x4000,
            low: next() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000)
    }
}

/// Chance that several parts of a simulation share, in the order in which they ask.
final class SharedRandom: @unchecked Sendable {
    // A simulation runs on one thread.
    var random: SimulationRandom

    init(seed: UInt64) { random = SimulationRandom(seed: seed) }
}

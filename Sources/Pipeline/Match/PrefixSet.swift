import LogicalFlow

// An address set as matches see it: is a value of some width a member, and which of its leading bits
// decided that?
//
// Property: `contains` reports bits such that every value that agrees on them gives the same answer; for
// sets of prefixes it reports the shortest prefix of the value with that property, which is what a trie
// would walk. The members are kept as sorted disjoint ranges: the ranges next to a value tell its
// distinguishing prefix, and an edit copies one flat array.

package final class PrefixSet: Sendable {
    private struct Range {
        let low: UInt128
        let high: UInt128
    }

    /// A member whose mask isn't a prefix.
    private struct Pattern {
        let value: UInt128
        let mask: UInt128
    }

    private let width: Int
    private let ranges: [Range]
    private let patterns: [Pattern]

    /// Members wider than `width` bits are left out.
    package init(_ members: some Sequence<Number>, width: Int) {
        self.width = width
        var prefixes: [Range] = []
        var patterns: [Pattern] = []
        let full = UInt128.ones(width)
        for member in members where member.width <= width {
            let mask = member.mask ?? full
            let hostBits = mask ^ full
            if hostBits & (hostBits &+ 1) == 0 {
                prefixes.append(Range(low: member.value, high: member.value | hostBits))
            } else {
                patterns.append(Pattern(value: member.value, mask: mask))
            }
        }
        ranges = Self.merged(prefixes)
        self.patterns = patterns.sorted { ($0.mask, $0.value) < ($1.mask, $1.value) }
    }

    private static func merged(_ ranges: [Range]) -> [Range] {
        var result: [Range] = []
        for range in ranges.sorted(by: { ($0.low, $0.high) < ($1.low, $1.high) }) {
            guard let last = result.last, range.low <= last.high || range.low == last.high + 1
            else {
                result.append(range)
                continue
            }
            result[result.count - 1] = Range(low: last.low, high: max(last.high, range.high))
        }
        return result
    }

    /// Numbers kept, for tests of proportion.
    package var storedCount: Int { ranges.count + patterns.count }

    /// Adds to `decisive` the bits that the answer depends on.
    package func contains(_ value: UInt128, decisive: inout UInt128) -> Bool {
        let isInRange = ranges.withUnsafeBufferPointer { ranges in
            Self.search(ranges, value, width, &decisive)
        }
        if isInRange || patterns.isEmpty { return isInRange }
        return patterns.withUnsafeBufferPointer { patterns in
            for pattern in patterns {
                let difference = (value ^ pattern.value) & pattern.mask
                if difference == 0 {
                    decisive |= pattern.mask
                    return true
                }
                decisive |= pattern.mask & ~((1 << UInt128(difference.significantBits - 1)) - 1)
            }
            return false
        }
    }

    private static func search(
        _ ranges: UnsafeBufferPointer<Range>, _ value: UInt128, _ width: Int,
        _ decisive: inout UInt128
    ) -> Bool {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].low <= value { low = middle + 1 } else { high = middle }
        }
        // ranges[low - 1] is the last that begins at or before the value.
        var nearest = 0
        let isMember = low > 0 && value <= ranges[low - 1].high
        if isMember {
            let range = ranges[low - 1]
            if range.low > 0 { nearest = commonPrefix(value, range.low - 1, width) + 1 }
            if range.high < .ones(width) {
                nearest = max(nearest, commonPrefix(value, range.high + 1, width) + 1)
            }
        } else {
            if low > 0 { nearest = commonPrefix(value, ranges[low - 1].high, width) + 1 }
            if low < ranges.count {
                nearest = max(nearest, commonPrefix(value, ranges[low].low, width) + 1)
            }
        }
        decisive |= UInt128.ones(nearest) << UInt128(width - nearest)
        return isMember
    }

    /// The number of leading bits, of `width`, in which two different values agree.
    private static func commonPrefix(_ left: UInt128, _ right: UInt128, _ width: Int) -> Int {
        width - (left ^ right).significantBits
    }
}

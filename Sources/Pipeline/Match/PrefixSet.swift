import LogicalFlow

// A set of addresses as lookups see it: is a value of some width a member, and which of its leading bits
// decided that?
//
// Property: `contains` reports bits such that every value that agrees on them gets the same answer and
// the same bits; for sets of prefixes it reports the shortest prefix of the value that decides, which is
// what a trie would walk. The members are kept as sorted disjoint ranges: the ranges next to a value tell
// its distinguishing prefix, and an edit copies one flat array.

package final class PrefixSet: Sendable {
    /// A member whose mask isn't a prefix.
    struct Pattern {
        let value: UInt128
        let mask: UInt128
    }

    let width: Int
    /// Used up to a width of 64 bits; else empty.
    let narrow: [AddressRange<UInt64>]
    /// Used beyond.
    let wide: [AddressRange<UInt128>]
    let patterns: [Pattern]

    /// Members wider than `width` bits are left out.
    package init(_ members: some Sequence<Number>, width: Int) {
        self.width = width
        var narrow: [AddressRange<UInt64>] = []
        var wide: [AddressRange<UInt128>] = []
        var patterns: [Pattern] = []
        let full = UInt128.ones(width)
        for member in members where member.width <= width {
            let mask = member.mask ?? full
            let high = member.value | (mask ^ full)
            if !mask.isPrefix(ofWidth: width) {
                patterns.append(Pattern(value: member.value, mask: mask))
            } else if width <= 64 {
                narrow.append(AddressRange(UInt64(member.value), UInt64(high)))
            } else {
                wide.append(AddressRange(member.value, high))
            }
        }
        self.narrow = narrow.merged()
        self.wide = wide.merged()
        self.patterns = patterns.sorted { ($0.mask, $0.value) < ($1.mask, $1.value) }
    }

    /// The set of `prefixes`, which have `hostBits` bits less than `width`, at most 64.
    init(prefixes: [UInt64], hostBits: Int, width: Int) {
        precondition(width <= 64)
        self.width = width
        let host = UInt64(truncatingIfNeeded: UInt128.ones(hostBits))
        narrow = prefixes.map { AddressRange($0, $0 | host) }.merged()
        wide = []
        patterns = []
    }

    /// Of parts that are in order already.
    init(
        width: Int, narrow: [AddressRange<UInt64>], wide: [AddressRange<UInt128>],
        patterns: [Pattern]
    ) {
        self.width = width
        self.narrow = narrow
        self.wide = wide
        self.patterns = patterns
    }

    /// Numbers kept, for tests of proportion.
    package var storedCount: Int { narrow.count + wide.count + patterns.count }

    /// Adds to `decisive` the bits that the answer depends on.
    package func contains(_ value: UInt128, decisive: inout UInt128) -> Bool {
        let (isInRange, length) =
            width <= 64
            ? narrow.search(UInt64(truncatingIfNeeded: value), width: width)
            : wide.search(value, width: width)
        decisive |= UInt128.ones(length) << UInt128(width - length)
        return isInRange || (!patterns.isEmpty && isInPatterns(value, &decisive))
    }

    private func isInPatterns(_ value: UInt128, _ decisive: inout UInt128) -> Bool {
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

extension UInt128 {
    /// True if, in `width` bits, ones stand before zeros.
    func isPrefix(ofWidth width: Int) -> Bool {
        let hostBits = self ^ .ones(width)
        return hostBits & (hostBits &+ 1) == 0
    }
}

/// Values from `low` to `high`, both included.
struct AddressRange<Value: FixedWidthInteger & UnsignedInteger & Sendable>: Hashable, Sendable {
    let low: Value
    let high: Value

    init(_ low: Value, _ high: Value) {
        self.low = low
        self.high = high
    }
}

extension Array {
    /// Sorted, and touching ranges joined.
    fileprivate func merged<Value>() -> [AddressRange<Value>]
    where Element == AddressRange<Value> {
        var result: [Element] = []
        for range in sorted(by: { ($0.low, $0.high) < ($1.low, $1.high) }) {
            guard let last = result.last, range.low <= last.high || range.low == last.high + 1
            else {
                result.append(range)
                continue
            }
            result[result.count - 1] = Element(last.low, Swift.max(last.high, range.high))
        }
        return result
    }

    /// Whether a value of `width` bits is in a range, and how many of its leading bits decide that: one
    /// more than it has in common with the nearest values of the other kind.
    @inline(__always)
    fileprivate func search<Value>(
        _ value: Value, width: Int
    ) -> (isMember: Bool, length: Int) where Element == AddressRange<Value> {
        withUnsafeBufferPointer { ranges in
            var low = 0
            var high = ranges.count
            while low < high {
                let middle = (low + high) / 2
                if ranges[middle].low <= value { low = middle + 1 } else { high = middle }
            }
            // ranges[low - 1] is the last that begins at or before the value.
            var length = 0
            if low > 0, value <= ranges[low - 1].high {
                let range = ranges[low - 1]
                if range.low > 0 { length = decisive(value, range.low - 1, width) }
                // Beyond the widest value of the width there is none.
                let isLast = range.high == Value.max >> Value(Value.bitWidth - width)
                if !isLast { length = Swift.max(length, decisive(value, range.high + 1, width)) }
                return (true, length)
            }
            if low > 0 { length = decisive(value, ranges[low - 1].high, width) }
            if low < ranges.count {
                length = Swift.max(length, decisive(value, ranges[low].low, width))
            }
            return (false, length)
        }
    }

    /// The number of leading bits, of `width`, that tell two different values apart.
    @inline(__always)
    private func decisive<Value: FixedWidthInteger>(
        _ left: Value, _ right: Value, _ width: Int
    ) -> Int {
        width - (Value.bitWidth - (left ^ right).leadingZeroBitCount) + 1
    }
}

// The Internet checksum (RFC 1071) and its incremental form (RFC 1624). The property that must
// hold: changing bytes through `ChecksumUpdate` leaves a checksum correct that was correct, and
// leaves one wrong that was wrong.

/// The one's complement sum of 16-bit words, folded at the end.
package struct InternetChecksum {
    private var sum: UInt64 = 0

    package init() {}

    /// Adds `bytes` as big-endian words; an odd last byte is padded with zero.
    package mutating func add(_ bytes: some Collection<UInt8>) {
        var high = true
        for byte in bytes {
            sum += high ? UInt64(byte) << 8 : UInt64(byte)
            high.toggle()
        }
    }

    package mutating func add(_ value: UInt64) {
        sum += value >> 48
        sum += value >> 32 & 0xffff
        sum += value >> 16 & 0xffff
        sum += value & 0xffff
    }

    /// The pseudo-header of RFC 9293 §3.1.
    package mutating func addPseudoHeader(
        source: IPv4Address, destination: IPv4Address, proto: UInt8, length: Int
    ) {
        add(UInt64(source.bits))
        add(UInt64(destination.bits))
        add(UInt64(proto) + UInt64(length))
    }

    /// The pseudo-header of RFC 8200 §8.1.
    package mutating func addPseudoHeader(
        source: IPv6Address, destination: IPv6Address, proto: UInt8, length: Int
    ) {
        for half in [source.high, source.low, destination.high, destination.low] { add(half) }
        add(UInt64(length))
        add(UInt64(proto))
    }

    /// The complement that goes into the header.
    package var value: UInt16 {
        var folded = sum
        while folded >> 16 != 0 { folded = folded & 0xffff + folded >> 16 }
        return ~UInt16(folded)
    }

    /// The checksum of one run of bytes.
    package static func of(_ bytes: some Collection<UInt8>) -> UInt16 {
        var checksum = InternetChecksum()
        checksum.add(bytes)
        return checksum.value
    }
}

/// Carries a change of header bytes over to the checksums that cover them.
package enum ChecksumUpdate {
    /// HC' = ~(~HC + ~m + m') (RFC 1624 §3) for one changed word.
    package static func replacing(_ old: UInt16, by new: UInt16, in checksum: UInt16) -> UInt16 {
        var sum = UInt32(~checksum) + UInt32(~old) + UInt32(new)
        while sum >> 16 != 0 { sum = sum & 0xffff + sum >> 16 }
        return ~UInt16(sum)
    }
}

extension [UInt8] {
    /// Replaces bytes and corrects checksums that cover them.
    ///
    /// `parity` is the offset at which the covered header starts, which decides which bytes
    /// form a word. `checksums` are offsets of the 16-bit fields to correct.
    package mutating func replace(
        at offset: Int, width: Int, with value: UInt128, from parity: Int, checksums: [Int]
    ) {
        let first = offset - ((offset - parity) & 1)
        let end = offset + width + ((offset + width - parity) & 1)
        let old = stride(from: first, to: end, by: 2).map { word(at: $0) }
        store(value, width: width, at: offset)
        for checksum in checksums {
            var sum = uint16(at: checksum)
            for (index, before) in old.enumerated() {
                let after = word(at: first + 2 * index)
                if before != after { sum = ChecksumUpdate.replacing(before, by: after, in: sum) }
            }
            store16(sum, at: checksum)
        }
    }

    /// A word that may hang over the end, where it is padded with zero.
    private func word(at offset: Int) -> UInt16 {
        offset + 1 < count ? uint16(at: offset) : UInt16(self[offset]) << 8
    }
}

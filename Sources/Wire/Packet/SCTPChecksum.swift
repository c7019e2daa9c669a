// SCTP protects its packets by CRC-32C (RFC 9260 appendix A), which has no incremental form.

extension [UInt8] {
    /// Computes the checksum of the SCTP packet in `start..<end` and stores it, least significant
    /// byte first.
    package mutating func storeSCTPChecksum(start: Int, end: Int) {
        guard end <= count, end - start >= HeaderLength.sctp else { return }
        for index in start + 8..<start + 12 { self[index] = 0 }
        let value = CRC32C.of(self[start..<end])
        for index in 0..<4 {
            self[start + 8 + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index))
        }
    }
}

enum CRC32C {
    /// The reversed Castagnoli polynomial.
    private static let polynomial: UInt32 = 0x82f6_3b78

    static func of(_ bytes: some Collection<UInt8>) -> UInt32 {
        var value: UInt32 = .max
        for byte in bytes {
            value ^= UInt32(byte)
            for _ in 0..<8 { value = (value >> 1) ^ (value & 1 == 1 ? polynomial : 0) }
        }
        return ~value
    }
}

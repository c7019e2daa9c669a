// SHA-1 (RFC 3174). The log format of OVSDB prints it in front of every record; it guards against
// torn writes and bad disks, not against an adversary.

/// Computes the SHA-1 of bytes.
struct SHA1 {
    private var state: (UInt32, UInt32, UInt32, UInt32, UInt32) = (
        0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0
    )

    /// The hash of `bytes` as 40 bytes of lower-case hexadecimal.
    static func hexadecimal(of bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var hash = SHA1()
        hash.process(bytes)
        let state = hash.state
        var text: [UInt8] = []
        text.reserveCapacity(40)
        for word in [state.0, state.1, state.2, state.3, state.4] {
            for shift in stride(from: 28, through: 0, by: -4) {
                let digit = UInt8(truncatingIfNeeded: word >> UInt32(shift)) & 15
                text.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
            }
        }
        return text
    }

    private mutating func process(_ bytes: UnsafeRawBufferPointer) {
        let whole = bytes.count / 64 * 64
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 80) { schedule in
            var offset = 0
            while offset < whole {
                block(UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + 64)]), schedule)
                offset += 64
            }
            var tail = Array(bytes[whole...])
            tail.append(0x80)
            while tail.count % 64 != 56 { tail.append(0) }
            let bits = UInt64(bytes.count) * 8
            for shift in stride(from: 56, through: 0, by: -8) {
                tail.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
            }
            tail.withUnsafeBytes { tail in
                for offset in stride(from: 0, to: tail.count, by: 64) {
                    block(UnsafeRawBufferPointer(rebasing: tail[offset..<(offset + 64)]), schedule)
                }
            }
        }
    }

    @inline(__always)
    private mutating func block(
        _ bytes: UnsafeRawBufferPointer, _ w: UnsafeMutableBufferPointer<UInt32>
    ) {
        for index in 0..<16 {
            w[index] = UInt32(
                bigEndian: bytes.loadUnaligned(fromByteOffset: index &* 4, as: UInt32.self))
        }
        for index in 16..<80 {
            w[index] = SHA1.rotate(
                w[index &- 3] ^ w[index &- 8] ^ w[index &- 14] ^ w[index &- 16], 1)
        }
        var (a, b, c, d, e) = state
        // Five steps a time, so that the five words come back to their places without moving.
        var i = 0
        while i < 20 {
            SHA1.step(a, &b, c, d, &e, (b & c) | (~b & d), 0x5a82_7999 &+ w[i])
            SHA1.step(e, &a, b, c, &d, (a & b) | (~a & c), 0x5a82_7999 &+ w[i &+ 1])
            SHA1.step(d, &e, a, b, &c, (e & a) | (~e & b), 0x5a82_7999 &+ w[i &+ 2])
            SHA1.step(c, &d, e, a, &b, (d & e) | (~d & a), 0x5a82_7999 &+ w[i &+ 3])
            SHA1.step(b, &c, d, e, &a, (c & d) | (~c & e), 0x5a82_7999 &+ w[i &+ 4])
            i &+= 5
        }
        while i < 40 {
            SHA1.step(a, &b, c, d, &e, b ^ c ^ d, 0x6ed9_eba1 &+ w[i])
            SHA1.step(e, &a, b, c, &d, a ^ b ^ c, 0x6ed9_eba1 &+ w[i &+ 1])
            SHA1.step(d, &e, a, b, &c, e ^ a ^ b, 0x6ed9_eba1 &+ w[i &+ 2])
            SHA1.step(c, &d, e, a, &b, d ^ e ^ a, 0x6ed9_eba1 &+ w[i &+ 3])
            SHA1.step(b, &c, d, e, &a, c ^ d ^ e, 0x6ed9_eba1 &+ w[i &+ 4])
            i &+= 5
        }
        while i < 60 {
            SHA1.step(a, &b, c, d, &e, (b & c) | (d & (b | c)), 0x8f1b_bcdc &+ w[i])
            SHA1.step(e, &a, b, c, &d, (a & b) | (c & (a | b)), 0x8f1b_bcdc &+ w[i &+ 1])
            SHA1.step(d, &e, a, b, &c, (e & a) | (b & (e | a)), 0x8f1b_bcdc &+ w[i &+ 2])
            SHA1.step(c, &d, e, a, &b, (d & e) | (a & (d | e)), 0x8f1b_bcdc &+ w[i &+ 3])
            SHA1.step(b, &c, d, e, &a, (c & d) | (e & (c | d)), 0x8f1b_bcdc &+ w[i &+ 4])
            i &+= 5
        }
        while i < 80 {
            SHA1.step(a, &b, c, d, &e, b ^ c ^ d, 0xca62_c1d6 &+ w[i])
            SHA1.step(e, &a, b, c, &d, a ^ b ^ c, 0xca62_c1d6 &+ w[i &+ 1])
            SHA1.step(d, &e, a, b, &c, e ^ a ^ b, 0xca62_c1d6 &+ w[i &+ 2])
            SHA1.step(c, &d, e, a, &b, d ^ e ^ a, 0xca62_c1d6 &+ w[i &+ 3])
            SHA1.step(b, &c, d, e, &a, c ^ d ^ e, 0xca62_c1d6 &+ w[i &+ 4])
            i &+= 5
        }
        state = (
            state.0 &+ a, state.1 &+ b, state.2 &+ c, state.3 &+ d, state.4 &+ e
        )
    }

    /// One step; the sum that would be the new first word is left in `e`.
    @inline(__always)
    private static func step(
        _ a: UInt32, _ b: inout UInt32, _ c: UInt32, _ d: UInt32, _ e: inout UInt32,
        _ choice: UInt32, _ input: UInt32
    ) {
        e = rotate(a, 5) &+ choice &+ e &+ input
        b = rotate(b, 30)
    }

    @inline(__always)
    private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
        word &<< count | word &>> (32 &- count)
    }
}

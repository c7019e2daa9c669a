// Packets are byte arrays that come from outside. The property that must hold: a read is
// preceded by a length check of the header it belongs to; what a check missed traps in a test
// instead of reading past the end.

extension RawSpan {
    /// Big-endian integers at a byte offset. The caller has checked the length.
    @inlinable
    package func uint8(at offset: Int) -> UInt8 {
        unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    @inlinable
    package func uint16(at offset: Int) -> UInt16 {
        UInt16(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    @inlinable
    package func uint32(at offset: Int) -> UInt32 {
        UInt32(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    @inlinable
    package func uint48(at offset: Int) -> UInt64 {
        UInt64(uint16(at: offset)) << 32 | UInt64(uint32(at: offset + 2))
    }

    @inlinable
    package func uint64(at offset: Int) -> UInt64 {
        UInt64(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    @inlinable
    package func uint128(at offset: Int) -> UInt128 {
        UInt128(uint64(at: offset)) << 64 | UInt128(uint64(at: offset + 8))
    }
}

extension [UInt8] {
    @inlinable
    package func uint16(at offset: Int) -> UInt16 {
        UInt16(self[offset]) << 8 | UInt16(self[offset + 1])
    }

    @inlinable
    package func uint32(at offset: Int) -> UInt32 {
        UInt32(uint16(at: offset)) << 16 | UInt32(uint16(at: offset + 2))
    }

    @inlinable
    package func uint48(at offset: Int) -> UInt64 {
        UInt64(uint16(at: offset)) << 32 | UInt64(uint32(at: offset + 2))
    }

    @inlinable
    package func uint128(at offset: Int) -> UInt128 {
        (0..<4).reduce(0) { $0 << 32 | UInt128(uint32(at: offset + 4 * $1)) }
    }

    /// Writes the low `width` bytes of `value`, most significant first.
    @inlinable
    package mutating func store(_ value: UInt128, width: Int, at offset: Int) {
        for index in 0..<width {
            self[offset + index] = UInt8(
                truncatingIfNeeded: value >> UInt128(8 * (width - 1 - index)))
        }
    }

    @inlinable
    package mutating func store16(_ value: UInt16, at offset: Int) {
        self[offset] = UInt8(value >> 8)
        self[offset + 1] = UInt8(truncatingIfNeeded: value)
    }

    /// Appends the low `width` bytes of `value`, most significant first.
    @inlinable
    package mutating func append(_ value: UInt64, width: Int) {
        for index in 0..<width {
            append(UInt8(truncatingIfNeeded: value >> UInt64(8 * (width - 1 - index))))
        }
    }

    @inlinable
    package mutating func append(_ address: MACAddress) { append(address.bits, width: 6) }

    @inlinable
    package mutating func append(_ address: IPv4Address) { append(UInt64(address.bits), width: 4) }

    @inlinable
    package mutating func append(_ address: IPv6Address) {
        append(address.high, width: 8)
        append(address.low, width: 8)
    }
}

import Wire

// Numeric constants. All are unsigned integers; how one was written decides how its mask may be
// written, how wide it counts and how it prints.

/// A numeric constant of at most 128 bits, with or without a mask.
///
/// Invariants: `value` has no bit outside of `mask`; both fit the format. What prints as a decimal
/// number is one: zero has no hexadecimal form.
package struct Number: Hashable, Sendable {
    package enum Format: UInt8, CaseIterable, Hashable, Sendable {
        case decimal, hexadecimal, ip4, ip6, ethernet
    }

    package let value: UInt128
    package let mask: UInt128?
    package let format: Format

    /// Bits of `value` outside of `mask` are cleared.
    package init(_ value: UInt128, mask: UInt128? = nil, format: Format) {
        precondition((value | (mask ?? 0)).significantBits <= format.width)
        self.value = mask.map { value & $0 } ?? value
        self.mask = mask
        let isZero = format == .hexadecimal && (mask ?? value) == 0
        self.format = isZero ? .decimal : format
    }

    /// The width that a field must have to be compared with this constant: that of an address by
    /// its kind, of a number by its highest bit, of a masked constant by its mask.
    package var width: Int {
        if let mask { return mask.significantBits }
        switch format {
        case .decimal, .hexadecimal: return value.significantBits
        case .ip4, .ip6, .ethernet: return format.width
        }
    }
}

extension Number.Format {
    /// The widest value that the format can write.
    package var width: Int {
        switch self {
        case .decimal: 64
        case .hexadecimal, .ip6: 128
        case .ip4: 32
        case .ethernet: 48
        }
    }
}

extension Number: CustomStringConvertible {
    package var description: String {
        guard let mask else { return format.text(value) }
        return format.text(value) + "/" + (prefixLength.map(String.init) ?? format.text(mask))
    }

    /// The mask as a prefix length, where addresses are written so.
    private var prefixLength: Int? {
        guard let mask, format == .ip4 || format == .ip6 else { return nil }
        let hostBits = mask == 0 ? format.width : mask.trailingZeroBitCount
        guard mask == UInt128.ones(format.width - hostBits) << UInt128(hostBits) else {
            return nil
        }
        return format.width - hostBits
    }
}

extension Number.Format {
    fileprivate func text(_ value: UInt128) -> String {
        switch self {
        case .decimal: String(UInt64(truncatingIfNeeded: value))
        case .hexadecimal: value == 0 ? "0" : "0x" + String(value, radix: 16)
        case .ip4: IPv4Address(UInt32(truncatingIfNeeded: value)).description
        case .ip6: IPv6Address(value).description
        case .ethernet: MACAddress(UInt64(truncatingIfNeeded: value)).description
        }
    }
}

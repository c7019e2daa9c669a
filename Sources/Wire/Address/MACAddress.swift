/// An Ethernet address: its six bytes as one right-aligned big-endian number.
///
/// Invariant: the upper 16 bits are zero.
public struct MACAddress: Hashable, Comparable, Sendable, BitwiseCopyable {
    public let bits: UInt64

    /// Takes the low 48 bits.
    @inlinable
    public init(_ bits: UInt64) { self.bits = bits & 0xffff_ffff_ffff }

    /// Parses `xx:xx:xx:xx:xx:xx`, one or two hexadecimal digits in each part.
    public init?(parsing text: some StringProtocol) {
        let parsed: UInt64? = AddressScanner.scan(text) { scanner in
            var bits: UInt64 = 0
            for index in 0..<6 {
                if index > 0, !scanner.accept(0x3a) { return nil }
                guard let part = scanner.hexadecimal(maximumDigits: 2) else { return nil }
                bits = bits << 8 | UInt64(part)
            }
            return bits
        }
        guard let parsed else { return nil }
        bits = parsed
    }

    public static let zero = MACAddress(0)
    public static let broadcast = MACAddress(0xffff_ffff_ffff)

    /// The group bit, which broadcast has too.
    @inlinable
    public var isMulticast: Bool { bits >> 40 & 1 == 1 }

    @inlinable
    public var isBroadcast: Bool { bits == 0xffff_ffff_ffff }

    @inlinable
    public static func < (left: MACAddress, right: MACAddress) -> Bool { left.bits < right.bits }

    /// The modified EUI-64 identifier (RFC 4291, appendix A).
    package var modifiedEUI64: UInt64 {
        ((bits >> 24) << 40 | 0xff_fe00_0000 | bits & 0xff_ffff) ^ 0x0200_0000_0000_0000
    }

    /// The group address that carries an IPv4 multicast destination (RFC 1112 §6.4).
    package init(multicast group: IPv4Address) {
        self.init(0x0100_5e00_0000 | UInt64(group.bits & 0x7f_ffff))
    }

    /// The group address that carries an IPv6 multicast destination (RFC 2464 §7).
    package init(multicast group: IPv6Address) {
        self.init(0x3333_0000_0000 | group.low & 0xffff_ffff)
    }
}

extension MACAddress: CustomStringConvertible {
    /// Lower-case, two digits in each part.
    public var description: String {
        String(unsafeUninitializedCapacity: 17) { buffer in
            for index in 0..<6 {
                let byte = UInt8(truncatingIfNeeded: bits >> UInt64(40 - 8 * index))
                buffer[3 * index] = lowerHexadecimalDigit(byte >> 4)
                buffer[3 * index + 1] = lowerHexadecimalDigit(byte & 15)
                if index < 5 { buffer[3 * index + 2] = 0x3a }
            }
            return 17
        }
    }
}

/// The ASCII digit of a number below 16.
@inlinable
package func lowerHexadecimalDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? 0x30 + value : 0x61 + value - 10
}

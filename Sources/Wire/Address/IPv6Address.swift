/// An IPv6 address as two halves, each a big-endian number.
public struct IPv6Address: Hashable, Comparable, Sendable, BitwiseCopyable {
    public let high: UInt64
    public let low: UInt64

    @inlinable
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    @inlinable
    public init(_ bits: UInt128) {
        self.init(
            high: UInt64(truncatingIfNeeded: bits >> 64), low: UInt64(truncatingIfNeeded: bits))
    }

    @inlinable
    public var bits: UInt128 { UInt128(high) << 64 | UInt128(low) }

    /// Parses the notations of RFC 4291 §2.2, with a dotted tail where that stands.
    public init?(parsing text: some StringProtocol) {
        guard let address = AddressScanner.scan(text, { $0.ipv6Address() }) else { return nil }
        self = address
    }

    /// The same for the bytes of the text.
    public init?(parsing bytes: UnsafeBufferPointer<UInt8>) {
        guard let address = AddressScanner.scan(bytes, { $0.ipv6Address() }) else { return nil }
        self = address
    }

    public static let zero = IPv6Address(high: 0, low: 0)

    /// ff00::/8.
    @inlinable
    public var isMulticast: Bool { high >> 56 == 0xff }

    /// fe80::/10.
    @inlinable
    public var isLinkLocal: Bool { high >> 54 == 0x3fa }

    @inlinable
    public var isLoopback: Bool { high == 0 && low == 1 }

    /// ::ffff:0:0/96 (RFC 4291 §2.5.5.2).
    @inlinable
    public var isIPv4Mapped: Bool { high == 0 && low >> 32 == 0xffff }

    @inlinable
    public static func < (left: IPv6Address, right: IPv6Address) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    /// The link-local address that a station with this Ethernet address gives itself.
    package init(linkLocal address: MACAddress) {
        self.init(high: 0xfe80_0000_0000_0000, low: address.modifiedEUI64)
    }

    /// The group in which the owner of this address listens for solicitations (RFC 4291 §2.7.1).
    package var solicitedNodeMulticast: IPv6Address {
        IPv6Address(high: 0xff02_0000_0000_0000, low: 0x1_ff00_0000 | low & 0xff_ffff)
    }

    /// The eight 16-bit groups, first one first.
    fileprivate func group(_ index: Int) -> UInt16 {
        UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> UInt64(48 - 16 * (index & 3)))
    }
}

extension AddressScanner {
    /// Groups of up to four hexadecimal digits, at most one `::`, at most one dotted tail.
    mutating func ipv6Address() -> IPv6Address? {
        var value: UInt128 = 0
        var count = 0
        var gap: Int?
        if peek == 0x3a, peekSecond == 0x3a {
            place += 2
            gap = 0
        }
        while let byte = peek, hexadecimalDigit(byte) != nil {
            if dotComesFirst {
                guard count <= 6, let tail = dottedQuad() else { return nil }
                value = value << 32 | UInt128(tail)
                count += 2
                break
            }
            guard count < 8, let group = hexadecimal(maximumDigits: 4) else { return nil }
            value = value << 16 | UInt128(group)
            count += 1
            guard accept(0x3a) else { break }
            if accept(0x3a) {
                guard gap == nil else { return nil }
                gap = count
            } else {
                guard let next = peek, hexadecimalDigit(next) != nil else { return nil }
            }
        }
        return Self.assemble(value, groups: count, gap: gap)
    }

    /// Widens `value`, which has `groups` groups, by the zeros that `::` after `gap` of them means.
    private static func assemble(_ value: UInt128, groups: Int, gap: Int?) -> IPv6Address? {
        guard let gap else { return groups == 8 ? IPv6Address(value) : nil }
        guard groups < 8 else { return nil }
        let tailBits = UInt128(16 * (groups - gap))
        let tail = value & ((1 << tailBits) - 1)
        let head = gap == 0 ? 0 : (value >> tailBits) << UInt128(16 * (8 - gap))
        return IPv6Address(head | tail)
    }
}

extension IPv6Address: CustomStringConvertible {
    /// RFC 5952: lower-case, the longest run of two or more zero groups (the first of equals)
    /// as `::`; a dotted tail for `::ffff:a.b.c.d` and `::a.b.c.d`.
    public var description: String {
        let (start, length) = longestZeroRun
        let dotted = start == 0 && (length == 6 || length == 5 && group(5) == 0xffff)
        let end = dotted ? 6 : 8
        var text = ""
        var index = 0
        while index < end {
            if index == start, length >= 2 {
                text += "::"
                index += length
                continue
            }
            if index > 0, index != start + length || length < 2 { text += ":" }
            text += String(group(index), radix: 16)
            index += 1
        }
        guard dotted else { return text }
        if length == 5 { text += ":" }
        return text + IPv4Address(UInt32(truncatingIfNeeded: low)).description
    }

    private var longestZeroRun: (start: Int, length: Int) {
        var best = (start: -1, length: 0)
        var index = 0
        while index < 8 {
            var length = 0
            while index + length < 8, group(index + length) == 0 { length += 1 }
            if length > best.length { best = (index, length) }
            index += length + 1
        }
        return best.length >= 2 ? best : (-1, 0)
    }
}

// A prefix keeps the host bits it was written with: `10.0.0.1/24` on a router port is both the
// port's address and its network. `network` is the prefix without them.

/// An IPv4 address with a prefix length.
public struct IPv4Prefix: Hashable, Comparable, Sendable, BitwiseCopyable {
    /// The address as written, host bits included.
    public let address: IPv4Address
    /// 0...32.
    public let length: Int

    @inlinable
    public init(_ address: IPv4Address, length: Int = 32) {
        precondition((0...32).contains(length))
        self.address = address
        self.length = length
    }

    /// Parses `a.b.c.d`, `a.b.c.d/length` and `a.b.c.d/mask` (a mask must be a prefix).
    public init?(parsing text: some StringProtocol) {
        guard let prefix = AddressScanner.scan(text, { $0.ipv4Prefix() }) else { return nil }
        self = prefix
    }

    @inlinable
    public var mask: IPv4Address { IPv4Prefix.mask(length: length) }

    @inlinable
    public var network: IPv4Prefix {
        IPv4Prefix(IPv4Address(address.bits & mask.bits), length: length)
    }

    /// The network's address with all host bits set.
    @inlinable
    public var broadcast: IPv4Address { IPv4Address(address.bits | ~mask.bits) }

    @inlinable
    public var hasHostBits: Bool { address.bits & ~mask.bits != 0 }

    @inlinable
    public func contains(_ other: IPv4Address) -> Bool {
        (other.bits ^ address.bits) & mask.bits == 0
    }

    @inlinable
    public static func mask(length: Int) -> IPv4Address {
        IPv4Address(length == 0 ? 0 : UInt32.max << UInt32(32 - length))
    }

    @inlinable
    public static func < (left: IPv4Prefix, right: IPv4Prefix) -> Bool {
        (left.address, left.length) < (right.address, right.length)
    }
}

/// An IPv6 address with a prefix length.
public struct IPv6Prefix: Hashable, Comparable, Sendable, BitwiseCopyable {
    /// The address as written, host bits included.
    public let address: IPv6Address
    /// 0...128.
    public let length: Int

    @inlinable
    public init(_ address: IPv6Address, length: Int = 128) {
        precondition((0...128).contains(length))
        self.address = address
        self.length = length
    }

    /// Parses `address`, `address/length` and `address/mask` (a mask must be a prefix).
    public init?(parsing text: some StringProtocol) {
        guard let prefix = AddressScanner.scan(text, { $0.ipv6Prefix() }) else { return nil }
        self = prefix
    }

    @inlinable
    public var mask: IPv6Address { IPv6Prefix.mask(length: length) }

    @inlinable
    public var network: IPv6Prefix {
        IPv6Prefix(IPv6Address(address.bits & mask.bits), length: length)
    }

    @inlinable
    public var hasHostBits: Bool { address.bits & ~mask.bits != 0 }

    @inlinable
    public func contains(_ other: IPv6Address) -> Bool {
        (other.bits ^ address.bits) & mask.bits == 0
    }

    @inlinable
    public static func mask(length: Int) -> IPv6Address {
        IPv6Address(length == 0 ? 0 : UInt128.max << UInt128(128 - length))
    }

    @inlinable
    public static func < (left: IPv6Prefix, right: IPv6Prefix) -> Bool {
        (left.address, left.length) < (right.address, right.length)
    }
}

extension IPv4Prefix: CustomStringConvertible {
    /// `a.b.c.d/length`, without the length where it is 32.
    public var description: String { length == 32 ? "\(address)" : "\(address)/\(length)" }
}

extension IPv6Prefix: CustomStringConvertible {
    /// `address/length`, without the length where it is 128.
    public var description: String { length == 128 ? "\(address)" : "\(address)/\(length)" }
}

extension AddressScanner {
    fileprivate mutating func ipv4Prefix() -> IPv4Prefix? {
        guard let bits = dottedQuad() else { return nil }
        let address = IPv4Address(bits)
        guard accept(0x2f) else { return IPv4Prefix(address) }
        if dotComesFirst {
            guard let mask = dottedQuad() else { return nil }
            let length = (~mask).leadingZeroBitCount
            guard IPv4Prefix.mask(length: length).bits == mask else { return nil }
            return IPv4Prefix(address, length: length)
        }
        guard let length = decimal(maximum: 32) else { return nil }
        return IPv4Prefix(address, length: Int(length))
    }

    fileprivate mutating func ipv6Prefix() -> IPv6Prefix? {
        guard let address = ipv6Address() else { return nil }
        guard accept(0x2f) else { return IPv6Prefix(address) }
        let start = place
        if let length = decimal(maximum: 128), isAtEnd {
            return IPv6Prefix(address, length: Int(length))
        }
        place = start
        guard let mask = ipv6Address()?.bits else { return nil }
        let length = (~mask).leadingZeroBitCount
        guard IPv6Prefix.mask(length: length).bits == mask else { return nil }
        return IPv6Prefix(address, length: length)
    }
}

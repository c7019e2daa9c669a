/// An IPv4 address as one number: `10.0.0.1` is `0x0a000001`.
public struct IPv4Address: Hashable, Comparable, Sendable, BitwiseCopyable {
    public let bits: UInt32

    @inlinable
    public init(_ bits: UInt32) { self.bits = bits }

    /// Parses four decimal parts without leading zeros.
    public init?(parsing text: some StringProtocol) {
        guard let bits: UInt32 = AddressScanner.scan(text, { $0.dottedQuad() }) else { return nil }
        self.bits = bits
    }

    /// The same for the bytes of the text.
    public init?(parsing bytes: UnsafeBufferPointer<UInt8>) {
        guard let bits: UInt32 = AddressScanner.scan(bytes, { $0.dottedQuad() }) else { return nil }
        self.init(bits)
    }

    public static let zero = IPv4Address(0)
    public static let broadcast = IPv4Address(0xffff_ffff)

    /// 224.0.0.0/4.
    @inlinable
    public var isMulticast: Bool { bits >> 28 == 0xe }

    @inlinable
    public var isBroadcast: Bool { bits == 0xffff_ffff }

    /// 127.0.0.0/8.
    @inlinable
    public var isLoopback: Bool { bits >> 24 == 127 }

    /// 169.254.0.0/16 (RFC 3927).
    @inlinable
    public var isLinkLocal: Bool { bits >> 16 == 0xa9fe }

    @inlinable
    public static func < (left: IPv4Address, right: IPv4Address) -> Bool { left.bits < right.bits }
}

extension IPv4Address: CustomStringConvertible {
    public var description: String {
        "\(bits >> 24).\(bits >> 16 & 255).\(bits >> 8 & 255).\(bits & 255)"
    }
}

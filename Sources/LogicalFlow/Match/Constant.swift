import Wire

/// One member of what a field is compared with, or the source of an assignment.
package enum Constant: Hashable, Sendable {
    case number(Number)
    case string(String)
    /// All members of an address set of the Southbound database.
    case addressSet(String)
    /// All ports of a port group.
    case portGroup(String)
}

extension Constant {
    package static func decimal(_ value: UInt64) -> Constant {
        .number(Number(UInt128(value), format: .decimal))
    }

    package static func hexadecimal(_ value: UInt128) -> Constant {
        .number(Number(value, format: .hexadecimal))
    }

    package static func hexadecimal(_ value: UInt128, mask: UInt128) -> Constant {
        .number(Number(value, mask: mask, format: .hexadecimal))
    }

    package static func ip4(_ address: IPv4Address) -> Constant {
        .number(Number(UInt128(address.bits), format: .ip4))
    }

    /// `length` is the prefix length, 0...32; the host bits of `address` are cleared.
    package static func ip4(_ address: IPv4Address, _ length: Int) -> Constant {
        .ip4(IPv4Prefix(address, length: length))
    }

    /// A prefix of full length is a plain address.
    package static func ip4(_ prefix: IPv4Prefix) -> Constant {
        if prefix.length == 32 { return .ip4(prefix.address) }
        return .number(
            Number(UInt128(prefix.address.bits), mask: UInt128(prefix.mask.bits), format: .ip4))
    }

    package static func ip6(_ address: IPv6Address) -> Constant {
        .number(Number(address.bits, format: .ip6))
    }

    /// `length` is the prefix length, 0...128; the host bits of `address` are cleared.
    package static func ip6(_ address: IPv6Address, _ length: Int) -> Constant {
        .ip6(IPv6Prefix(address, length: length))
    }

    /// A prefix of full length is a plain address.
    package static func ip6(_ prefix: IPv6Prefix) -> Constant {
        if prefix.length == 128 { return .ip6(prefix.address) }
        return .number(
            Number(prefix.address.bits, mask: prefix.mask.bits, format: .ip6))
    }

    /// An address of either family.
    package static func ip(_ address: IPAddress) -> Constant {
        switch address {
        case .v4(let address): .ip4(address)
        case .v6(let address): .ip6(address)
        }
    }

    /// A prefix of either family.
    package static func ip(_ prefix: IPPrefix) -> Constant {
        switch prefix {
        case .v4(let prefix): .ip4(prefix)
        case .v6(let prefix): .ip6(prefix)
        }
    }

    package static func ethernet(_ address: MACAddress) -> Constant {
        .number(Number(UInt128(address.bits), format: .ethernet))
    }

    package static func ethernet(_ address: MACAddress, mask: MACAddress) -> Constant {
        .number(
            Number(UInt128(address.bits), mask: UInt128(mask.bits), format: .ethernet))
    }

    /// True if the constant is a name rather than a number.
    package var isString: Bool {
        switch self {
        case .number, .addressSet: false
        case .string, .portGroup: true
        }
    }
}

extension Constant: ExpressibleByIntegerLiteral {
    package init(integerLiteral value: UInt64) { self = .decimal(value) }
}

extension Constant: CustomStringConvertible {
    package var description: String {
        switch self {
        case .number(let number): number.description
        case .string(let text): quoted(text)
        case .addressSet(let name): "$" + name
        case .portGroup(let name): "@" + name
        }
    }
}

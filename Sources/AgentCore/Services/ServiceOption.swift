import LogicalFlow
import Wire

// The values that a flow gives to a service, `name = value`, as the bytes of wire options.

extension Action.Option {
    var numbers: [Number] {
        values.compactMap { if case .number(let number) = $0 { number } else { nil } }
    }

    var strings: [String] {
        values.compactMap { if case .string(let text) = $0 { text } else { nil } }
    }

    /// The parts of the only string, between commas, without white space around them.
    var list: [Substring] { Self.list(strings.first ?? "") }

    var ipv4Addresses: [IPv4Address] { numbers.map(\.ipv4Address) }
    var ipv6Addresses: [IPv6Address] { numbers.map { IPv6Address($0.value) } }
    var macAddress: MACAddress? {
        numbers.first.map { MACAddress(UInt64(truncatingIfNeeded: $0.value)) }
    }
}

extension Number {
    var ipv4Address: IPv4Address { IPv4Address(UInt32(truncatingIfNeeded: value)) }

    /// The length of the prefix that the mask is, or `width` without one.
    func prefixLength(width: Int) -> Int { mask.map(\.nonzeroBitCount) ?? width }
}

extension [Action.Option] {
    subscript(name: String) -> Action.Option? { first { $0.name == name } }
}

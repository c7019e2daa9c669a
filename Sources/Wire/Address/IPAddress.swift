/// An address of either family. IPv4 sorts before IPv6.
public enum IPAddress: Hashable, Comparable, Sendable {
    case v4(IPv4Address)
    case v6(IPv6Address)

    public init?(parsing text: some StringProtocol) {
        if let address = IPv4Address(parsing: text) {
            self = .v4(address)
        } else if let address = IPv6Address(parsing: text) {
            self = .v6(address)
        } else {
            return nil
        }
    }

    package var v4: IPv4Address? {
        if case .v4(let address) = self { address } else { nil }
    }

    package var v6: IPv6Address? {
        if case .v6(let address) = self { address } else { nil }
    }
}

/// A prefix of either family. IPv4 sorts before IPv6.
public enum IPPrefix: Hashable, Comparable, Sendable {
    case v4(IPv4Prefix)
    case v6(IPv6Prefix)

    public init?(parsing text: some StringProtocol) {
        if let prefix = IPv4Prefix(parsing: text) {
            self = .v4(prefix)
        } else if let prefix = IPv6Prefix(parsing: text) {
            self = .v6(prefix)
        } else {
            return nil
        }
    }

    package var length: Int {
        switch self {
        case .v4(let prefix): prefix.length
        case .v6(let prefix): prefix.length
        }
    }

    package var address: IPAddress {
        switch self {
        case .v4(let prefix): .v4(prefix.address)
        case .v6(let prefix): .v6(prefix.address)
        }
    }

    package var network: IPPrefix {
        switch self {
        case .v4(let prefix): .v4(prefix.network)
        case .v6(let prefix): .v6(prefix.network)
        }
    }

    /// False for an address of the other family.
    package func contains(_ address: IPAddress) -> Bool {
        switch (self, address) {
        case (.v4(let prefix), .v4(let address)): prefix.contains(address)
        case (.v6(let prefix), .v6(let address)): prefix.contains(address)
        case (.v4, .v6), (.v6, .v4): false
        }
    }
}

extension IPAddress: CustomStringConvertible {
    public var description: String {
        switch self {
        case .v4(let address): address.description
        case .v6(let address): address.description
        }
    }
}

extension IPPrefix: CustomStringConvertible {
    public var description: String {
        switch self {
        case .v4(let prefix): prefix.description
        case .v6(let prefix): prefix.description
        }
    }
}

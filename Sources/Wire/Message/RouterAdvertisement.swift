// A router advertisement (RFC 4861 §4.2) with the options of RFC 4191 (routes, preference) and
// RFC 8106 (resolvers, search list).

package struct RouterAdvertisement: Hashable, Sendable {
    package enum Preference: UInt8, Sendable {
        case medium = 0
        case high = 1
        case low = 3
    }

    package enum Option: Hashable, Sendable {
        case sourceLink(MACAddress)
        case mtu(UInt32)
        case prefix(IPv6Prefix, isAutonomous: Bool)
        case resolvers([IPv6Address])
        case searchList([DomainName])
        case route(IPv6Prefix, Preference)
    }

    package static let infinite: UInt32 = .max

    package var hopLimit: UInt8 = 255
    /// M: addresses by DHCPv6.
    package var isManaged = false
    /// O: everything else by DHCPv6.
    package var hasOtherConfiguration = false
    package var preference = Preference.medium
    /// Seconds as a default router.
    package var lifetime: UInt16 = 0xffff
    package var options: [Option] = []

    package init() {}

    /// What follows type, code and checksum.
    package var rest: [UInt8] {
        let flags: UInt8 =
            (isManaged ? 0x80 : 0) | (hasOtherConfiguration ? 0x40 : 0) | preference.rawValue << 3
        var bytes: [UInt8] = [hopLimit, flags]
        bytes.append(UInt64(lifetime), width: 2)
        bytes += [UInt8](repeating: 0, count: 8)
        return options.reduce(into: bytes) { $0 += $1.encoded }
    }

    /// The whole frame.
    package func frame(
        _ ethernet: EthernetHeader, source: IPv6Address, destination: IPv6Address
    ) -> [UInt8] {
        PacketBuilder.icmp(
            ethernet, .v6(source: source, destination: destination), ttl: 255,
            type: ICMPv6Type.routerAdvertisement, rest)
    }
}

extension RouterAdvertisement.Preference {
    /// `HIGH`, `MEDIUM` or `LOW`.
    package init?(parsing text: some StringProtocol) {
        switch text {
        case "HIGH": self = .high
        case "MEDIUM": self = .medium
        case "LOW": self = .low
        default: return nil
        }
    }
}

extension RouterAdvertisement.Option {
    /// A route, as `PREFERENCE-PREFIX`.
    package init?(routeParsing text: Substring) {
        guard let dash = text.firstIndex(of: "-"),
            let preference = RouterAdvertisement.Preference(parsing: text[..<dash]),
            let prefix = IPv6Prefix(parsing: text[text.index(after: dash)...])
        else { return nil }
        self = .route(prefix, preference)
    }

    private enum Limits {
        /// What the length of an option can say (RFC 4861 §4.6).
        static let bytes = 8 * 255
    }

    /// A multiple of eight bytes; the second byte counts eights. Nothing for an option that is too long
    /// to be one.
    fileprivate var encoded: [UInt8] {
        var bytes: [UInt8] = [0, 0]
        switch self {
        case .sourceLink(let address):
            bytes[0] = 1
            bytes.append(address)
        case .mtu(let size):
            bytes[0] = 5
            bytes.append(UInt64(size), width: 6)
        case .prefix(let prefix, let isAutonomous):
            bytes[0] = 3
            bytes += [UInt8(prefix.length), isAutonomous ? 0xc0 : 0x80]
            bytes.append(UInt64(RouterAdvertisement.infinite), width: 4)
            bytes.append(UInt64(RouterAdvertisement.infinite), width: 4)
            bytes += [0, 0, 0, 0]
            bytes.append(prefix.network.address)
        case .resolvers(let addresses):
            bytes[0] = 25
            bytes.append(UInt64(RouterAdvertisement.infinite), width: 6)
            for address in addresses { bytes.append(address) }
        case .searchList(let names):
            bytes[0] = 31
            bytes.append(UInt64(RouterAdvertisement.infinite), width: 6)
            bytes += names.flatMap(\.encoded)
        case .route(let prefix, let preference):
            bytes[0] = 24
            bytes += [UInt8(prefix.length), preference.rawValue << 3]
            bytes.append(UInt64(RouterAdvertisement.infinite), width: 4)
            bytes.append(prefix.network.address)
        }
        while bytes.count % 8 != 0 { bytes.append(0) }
        guard bytes.count <= Limits.bytes else { return [] }
        bytes[1] = UInt8(bytes.count / 8)
        return bytes
    }
}

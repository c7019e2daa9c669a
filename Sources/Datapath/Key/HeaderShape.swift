import Wire

/// Which headers a mask compares in a packet, as far as the kernel's form of the mask hangs on them.
///
/// If a mask has the same shape with two keys, and is in the kernel's form for one (`widened`), it is
/// so for the other, once it compares all that the kernel demands for that key.
package struct HeaderShape: Hashable, Sendable {
    /// Three bits each: network, transport, outer header; two each: tags, the connection's tuple.
    package let bits: UInt16

    package init(_ key: FlowKey, under mask: FlowMask) {
        let type = UInt16(key[.ethernetType] & mask[.ethernetType])
        let tags =
            (key[.vlanTCI] & mask[.vlanTCI]) >> 12 & 1
            | (key[.innerVLANTCI] & mask[.innerVLANTCI]) >> 11 & 2
        bits =
            Self.network(type) | Self.transport(key, mask, type) << 3 | UInt16(tags) << 6
            | Self.tuple(key, mask, type) << 8 | Self.tunnel(key, mask) << 10
    }

    private static func network(_ type: UInt16) -> UInt16 {
        switch type {
        case EtherType.arp, EtherType.rarp: 1
        case EtherType.ipv4: 2
        case EtherType.ipv6: 3
        case 0x8847, 0x8848: 4
        default: 0
        }
    }

    private static func transport(_ key: FlowKey, _ mask: FlowMask, _ type: UInt16) -> UInt16 {
        let isIPv6 = type == EtherType.ipv6
        guard isIPv6 || type == EtherType.ipv4, mask[.ipProtocol] == 0xff,
            key[.ipFragment] & mask[.ipFragment] != UInt64(Fragment.later.rawValue)
        else { return 0 }
        switch UInt8(key[.ipProtocol]) {
        case IPProtocol.tcp: return 1
        case IPProtocol.udp: return 2
        case IPProtocol.sctp: return 3
        case IPProtocol.icmp where !isIPv6: return 4
        case IPProtocol.icmpv6 where isIPv6:
            return mask[.icmpType] == 0xff && isNeighbour(key) ? 5 : 4
        default: return 0
        }
    }

    private static func isNeighbour(_ key: FlowKey) -> Bool {
        let type = UInt8(key[.icmpType])
        return type == ICMPv6Type.neighborSolicitation
            || type == ICMPv6Type.neighborAdvertisement
    }

    /// A packet need not have a tuple, and that of neighbour discovery can't be compared.
    private static func tuple(_ key: FlowKey, _ mask: FlowMask, _ type: UInt16) -> UInt16 {
        let comparesTuple =
            mask[.ctProtocol] | mask[.ctSourcePort] | mask[.ctDestinationPort] != 0
            || mask[wide: .ctSource] | mask[wide: .ctDestination] != 0
        guard comparesTuple else { return 0 }
        let isDiscovery =
            type == EtherType.ipv6 && UInt8(key[.ipProtocol]) == IPProtocol.icmpv6
            && key[.ipFragment] != UInt64(Fragment.later.rawValue) && isNeighbour(key)
        return (isDiscovery ? 2 : 0) | (key[.ctProtocol] == 0 ? 0 : 1)
    }

    private static func tunnel(_ key: FlowKey, _ mask: FlowMask) -> UInt16 {
        let family: UInt16 =
            switch key[.tunnelFamily] & mask[.tunnelFamily] {
            case TunnelFamily.none: 0
            case TunnelFamily.ipv4: 1
            default: 2
            }
        let comparesOptions = mask[.tunnelOptions] | mask[.tunnelOption] != 0
        let hasOption = key[.tunnelOptions] == TunnelOptions.logical
        return family | (comparesOptions && hasOption ? 4 : 0)
    }
}

extension FlowMask {
    /// How many bits are compared.
    package var bitCount: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
}

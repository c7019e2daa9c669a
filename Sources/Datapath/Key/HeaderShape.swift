import Wire

/// Which headers a packet has, as far as the kernel's form of a mask hangs on them: which fields there
/// are to compare, and which attributes a key and its mask have.
///
/// Of a key alone it says which headers there are. Under a mask it says which of them the mask can tell:
/// a mask that is in the kernel's form for one key (`FlowMask.widened`) is so for every other key that has
/// the same shape under it, and is written in the same bytes.
package struct HeaderShape: Hashable, Sendable {
    package enum Network: UInt16, Sendable { case other, arp, ipv4, ipv6, mpls }

    /// `neighbour`: a neighbour solicitation or advertisement by its ICMPv6 type.
    package enum Transport: UInt16, Sendable { case none, tcp, udp, sctp, icmp, neighbour }

    /// Three bits each: network, transport; two each: tags, the connection's tuple; three: outer header.
    package let bits: UInt16

    package var network: Network { Network(rawValue: bits & 7) ?? .other }
    package var transport: Transport { Transport(rawValue: bits >> 3 & 7) ?? .none }
    package var isNeighbour: Bool { transport == .neighbour }
    package var hasTag: Bool { bits & 1 << 6 != 0 }
    package var hasInnerTag: Bool { bits & 1 << 7 != 0 }

    package init(_ key: FlowKey, under mask: FlowMask) {
        self = key.withPointer { key in mask.withPointer { HeaderShape(key, under: $0) } }
    }

    package init(_ key: FlowKey) { self = key.withPointer { HeaderShape($0) } }

    /// - Parameter mask: nil for all headers.
    package init(_ key: FlowPointer, under mask: FlowPointer? = nil) {
        let seen = SeenFields(key: key, mask: mask)
        let network = Self.network(seen[.ethernetType])
        let tags = seen[.vlanTCI] >> 12 & 1 | seen[.innerVLANTCI] >> 11 & 2
        bits =
            network.rawValue | Self.transport(seen, network).rawValue << 3
            | UInt16(truncatingIfNeeded: tags) << 6 | Self.tuple(seen, network) << 8
            | Self.tunnel(seen) << 10
    }

    /// Whether a packet of this shape has a field.
    package func has(_ field: KeyField) -> Bool {
        switch field {
        case .vlanTPID: hasTag
        case .innerVLANTPID: hasInnerTag
        case .ipv4Source, .ipv4Destination: network == .ipv4
        case .ipv6Source, .ipv6Destination, .ipv6Label: network == .ipv6
        case .ipProtocol, .ipTOS, .ipTTL, .ipFragment: network == .ipv4 || network == .ipv6
        case .arpOperation, .arpSourceIP, .arpTargetIP, .arpSourceMAC, .arpTargetMAC:
            network == .arp
        case .tcpFlags: transport == .tcp
        case .sourcePort, .destinationPort:
            transport == .tcp || transport == .udp || transport == .sctp
        case .icmpType, .icmpCode: transport == .icmp || transport == .neighbour
        case .ndTarget, .ndSourceLink, .ndTargetLink: isNeighbour
        case .ctSource, .ctDestination, .ctProtocol, .ctSourcePort, .ctDestinationPort:
            network == .ipv4 || (network == .ipv6 && !isNeighbour)
        default: true
        }
    }
}

/// A key as a mask sees it.
private struct SeenFields {
    let key: FlowPointer
    let mask: FlowPointer?

    /// Zero where it is not compared.
    subscript(field: KeyField) -> UInt64 {
        guard let mask else { return key[field] }
        return key[field] & mask[field]
    }

    func comparesWhole(_ field: KeyField) -> Bool {
        guard let mask else { return true }
        return mask[field] == field.position.mask >> UInt64(field.position.shift)
    }

    func compares(anyOf fields: [KeyField]) -> Bool { mask?.compares(anyOf: fields) ?? true }
}

extension HeaderShape {
    private static func network(_ type: UInt64) -> Network {
        switch UInt16(truncatingIfNeeded: type) {
        case EtherType.arp, EtherType.rarp: .arp
        case EtherType.ipv4: .ipv4
        case EtherType.ipv6: .ipv6
        case 0x8847, 0x8848: .mpls
        default: .other
        }
    }

    private static func transport(_ seen: SeenFields, _ network: Network) -> Transport {
        guard network == .ipv4 || network == .ipv6, seen.comparesWhole(.ipProtocol),
            seen[.ipFragment] != UInt64(Fragment.later.rawValue)
        else { return .none }
        switch UInt8(truncatingIfNeeded: seen[.ipProtocol]) {
        case IPProtocol.tcp: return .tcp
        case IPProtocol.udp: return .udp
        case IPProtocol.sctp: return .sctp
        case IPProtocol.icmp where network == .ipv4: return .icmp
        case IPProtocol.icmpv6 where network == .ipv6:
            return seen.comparesWhole(.icmpType) && isNeighbour(seen.key) ? .neighbour : .icmp
        default: return .none
        }
    }

    private static func isNeighbour(_ key: FlowPointer) -> Bool {
        let type = UInt8(truncatingIfNeeded: key[.icmpType])
        return type == ICMPv6Type.neighborSolicitation
            || type == ICMPv6Type.neighborAdvertisement
    }

    /// A packet need not have a tuple, and that of neighbour discovery can't be compared.
    private static func tuple(_ seen: SeenFields, _ network: Network) -> UInt16 {
        guard seen.compares(anyOf: KeyField.ofTuple) else { return 0 }
        let key = seen.key
        let isDiscovery =
            network == .ipv6 && key[.ipProtocol] == UInt64(IPProtocol.icmpv6)
            && key[.ipFragment] != UInt64(Fragment.later.rawValue) && isNeighbour(key)
        return (isDiscovery ? 2 : 0) | (key[.ctProtocol] == 0 ? 0 : 1)
    }

    /// Whether there is an outer header is always seen: the input port says it.
    private static func tunnel(_ seen: SeenFields) -> UInt16 {
        let family: UInt16 =
            switch seen.key[.tunnelFamily] {
            case TunnelFamily.none: 0
            case TunnelFamily.ipv4: 1
            default: 2
            }
        let hasOption = seen.key[.tunnelOptions] == TunnelOptions.logical
        return family
            | (hasOption && seen.compares(anyOf: KeyField.ofOption) ? 4 : 0)
    }
}

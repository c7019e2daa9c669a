import Wire

// What the kernel makes of a mask, and what it refuses (net/openvswitch, flow attributes). A flow
// whose mask it would widen silently must be known here with the wide mask, or revalidation by
// re-translation would see a difference; one that it refuses must not be put. The property that
// must hold: `widened` is a superset of its argument, is accepted, and is a fixed point.

extension FlowMask {
    /// The smallest mask with at least these bits that the kernel takes for `key` as it is.
    package func widened(for key: FlowKey) -> FlowMask {
        var mask = self
        for index in 0..<FlowKey.firstKernelWord { mask.words[index] = 0 }
        // Every flow names where it starts; the kernel always compares the types and tags.
        for field in [KeyField.recirculationID, .inputPort, .ethernetType] { mask.setExact(field) }
        mask.widenTags(key)
        mask.widenTunnel(key)
        mask.widenNetwork(key)
        mask.clearAbsent(key)
        return mask
    }

    private mutating func widenTags(_ key: FlowKey) {
        if key[.vlanTCI] == 0 {
            setExact(.vlanTCI)
        } else {
            self[.vlanTCI] |= 0x1000
            setExact(.vlanTPID)
        }
        if key[.innerVLANTCI] == 0 {
            setExact(.innerVLANTCI)
        } else {
            self[.innerVLANTCI] |= 0x1000
            setExact(.innerVLANTPID)
        }
    }

    /// Of an outer header the family and the destination are always compared, and with its option also
    /// how many bytes of options there are. Whether there is one at all, the input port says.
    private mutating func widenTunnel(_ key: FlowKey) {
        guard key[.tunnelFamily] != TunnelFamily.none else {
            for field in KeyField.ofTunnel { self[wide: field] = 0 }
            return
        }
        setExact(.tunnelFamily)
        setExact(.tunnelDestination)
        if self[.tunnelID] != 0 { setExact(.tunnelID) }
        if self[.tunnelOption] != 0 { setExact(.tunnelOptions) }
    }

    /// A header is compared only together with the number that announces it.
    private mutating func widenNetwork(_ key: FlowKey) {
        switch UInt16(key[.ethernetType]) {
        case EtherType.ipv4, EtherType.ipv6: break
        default: return
        }
        setExact(.ipFragment)
        let ports = self[.sourcePort] | self[.destinationPort] | self[.tcpFlags]
        let icmp = self[.icmpType] | self[.icmpCode]
        let nd = self[wide: .ndTarget] | UInt128(self[.ndSourceLink] | self[.ndTargetLink])
        if nd != 0 { setExact(.icmpType) }
        if ports | icmp != 0 || nd != 0 { setExact(.ipProtocol) }
    }

    /// Fields of headers that the key does not have are zero by the fields above, so their bits
    /// say nothing; the kernel refuses some of them.
    private mutating func clearAbsent(_ key: FlowKey) {
        for field in KeyField.ofKernel where self[wide: field] != 0 && !field.isPresent(in: key) {
            self[wide: field] = 0
        }
    }
}

extension KeyField {
    /// Those of an outer header.
    package static let ofTunnel = allCases.filter { (19...25).contains($0.position.word) }
    fileprivate static let ofKernel = allCases.filter { !$0.isLogical }

    /// True if a packet with this key has the header that the field belongs to.
    package func isPresent(in key: FlowKey) -> Bool {
        let type = UInt16(key[.ethernetType])
        let isIP = type == EtherType.ipv4 || type == EtherType.ipv6
        let hasTransport = isIP && key[.ipFragment] != UInt64(Fragment.later.rawValue)
        let proto = UInt8(key[.ipProtocol])
        switch self {
        case .vlanTPID: return key[.vlanTCI] != 0
        case .innerVLANTPID: return key[.innerVLANTCI] != 0
        case .ipv4Source, .ipv4Destination: return type == EtherType.ipv4
        case .ipv6Source, .ipv6Destination, .ipv6Label: return type == EtherType.ipv6
        case .ipProtocol, .ipTOS, .ipTTL, .ipFragment: return isIP
        case .arpOperation, .arpSourceIP, .arpTargetIP, .arpSourceMAC, .arpTargetMAC:
            return type == EtherType.arp || type == EtherType.rarp
        case .sourcePort, .destinationPort:
            return hasTransport
                && [IPProtocol.tcp, IPProtocol.udp, IPProtocol.sctp].contains(proto)
        case .tcpFlags: return hasTransport && proto == IPProtocol.tcp
        case .icmpType, .icmpCode:
            return hasTransport
                && (type == EtherType.ipv4
                    ? proto == IPProtocol.icmp : proto == IPProtocol.icmpv6)
        case .ndTarget, .ndSourceLink, .ndTargetLink:
            return hasTransport && type == EtherType.ipv6 && proto == IPProtocol.icmpv6
                && (key[.icmpType] == UInt64(ICMPv6Type.neighborSolicitation)
                    || key[.icmpType] == UInt64(ICMPv6Type.neighborAdvertisement))
        case .ctSource, .ctDestination, .ctProtocol, .ctSourcePort, .ctDestinationPort: return isIP
        default: return true
        }
    }
}

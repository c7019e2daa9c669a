// Where the headers of a frame are. Every reader of packet bytes starts here, so the length
// checks exist once. The property that must hold: any bytes give a layout; a header that is cut
// short or contradicts itself ends the layout before it, as the kernel's parser has it
// (net/openvswitch), and every offset that is present has its whole fixed header behind it.

/// Which part of a fragmented datagram a packet is.
package enum Fragment: UInt8, Sendable {
    case none = 0
    /// The one with offset zero; it has the transport header.
    case first = 1
    case later = 3
}

/// A VLAN tag.
package struct VLANTag: Hashable, Sendable {
    package var tpid: UInt16
    /// Priority in bits 13...15, identifier in bits 0...11.
    package var tci: UInt16

    package init(tpid: UInt16 = EtherType.vlan, tci: UInt16) {
        self.tpid = tpid
        self.tci = tci
    }
}

package struct PacketLayout: Hashable, Sendable {
    package enum Network: Sendable { case arp, ipv4, ipv6 }
    package enum Transport: Sendable { case tcp, udp, sctp, icmp, icmpv6 }

    /// At most two are read, the outer one first.
    package var tags: [VLANTag] = []
    /// The type behind the tags, or `EtherType.none`.
    package var etherType: UInt16 = 0
    /// The first byte behind the type field.
    package var networkOffset = 0
    package var network: Network?
    /// Where the IP datagram ends: padding of short frames follows.
    package var networkEnd = 0
    /// Behind the extensions; `fragment` for a later fragment of IPv6, `noNext` where an
    /// extension is cut short.
    package var ipProtocol: UInt8 = 0
    package var fragment = Fragment.none
    /// The first byte behind the network header and its extensions.
    package var transportOffset = 0
    package var transport: Transport?

    /// Nil for fewer bytes than an Ethernet header.
    package init?(_ bytes: RawSpan) {
        guard bytes.byteCount >= HeaderLength.ethernet else { return nil }
        var offset = 12
        while tags.count < 2, bytes.byteCount >= offset + 4,
            Self.isTag(bytes.uint16(at: offset))
        {
            tags.append(
                VLANTag(tpid: bytes.uint16(at: offset), tci: bytes.uint16(at: offset + 2)))
            offset += HeaderLength.vlan
        }
        guard bytes.byteCount >= offset + 2 else {
            networkOffset = bytes.byteCount
            return
        }
        etherType = bytes.uint16(at: offset)
        networkOffset = offset + 2
        if etherType < EtherType.firstType { readLogicalLink(bytes) }
        transportOffset = networkOffset
        networkEnd = bytes.byteCount
        switch etherType {
        case EtherType.ipv4: readIPv4(bytes)
        case EtherType.ipv6: readIPv6(bytes)
        case EtherType.arp, EtherType.rarp: readARP(bytes)
        default: break
        }
    }

    package init?(_ bytes: [UInt8]) { self.init(bytes.span.bytes) }

    package static func isTag(_ type: UInt16) -> Bool {
        type == EtherType.vlan || type == EtherType.serviceVLAN
    }

    /// A length field: SNAP with a zero organisation carries a type (RFC 1042).
    private mutating func readLogicalLink(_ bytes: RawSpan) {
        let start = networkOffset
        etherType = EtherType.none
        guard bytes.byteCount >= start + 8, bytes.uint32(at: start) == 0xaaaa_0300,
            bytes.uint16(at: start + 4) == 0
        else { return }
        let type = bytes.uint16(at: start + 6)
        guard type >= EtherType.firstType else { return }
        etherType = type
        networkOffset = start + 8
    }

    private mutating func readARP(_ bytes: RawSpan) {
        let start = networkOffset
        // Ethernet and IPv4, six and four bytes.
        guard bytes.byteCount >= start + HeaderLength.arp, bytes.uint32(at: start) == 0x0001_0800,
            bytes.uint16(at: start + 4) == 0x0604
        else { return }
        network = .arp
    }

    private mutating func readIPv4(_ bytes: RawSpan) {
        let start = networkOffset
        guard bytes.byteCount >= start + HeaderLength.ipv4 else { return }
        let headerLength = Int(bytes.uint8(at: start) & 15) * 4
        let total = Int(bytes.uint16(at: start + 2))
        guard headerLength >= HeaderLength.ipv4, bytes.byteCount >= start + headerLength else {
            return
        }
        network = .ipv4
        if total >= headerLength { networkEnd = min(bytes.byteCount, start + total) }
        ipProtocol = bytes.uint8(at: start + 9)
        let fragmentField = bytes.uint16(at: start + 6)
        if fragmentField & 0x1fff != 0 {
            fragment = .later
        } else if fragmentField & 0x2000 != 0 {
            fragment = .first
        }
        transportOffset = start + headerLength
        readTransport(bytes)
    }

    private mutating func readIPv6(_ bytes: RawSpan) {
        let start = networkOffset
        guard bytes.byteCount >= start + HeaderLength.ipv6 else { return }
        let payload = Int(bytes.uint16(at: start + 4))
        network = .ipv6
        if payload > 0 {
            networkEnd = min(bytes.byteCount, start + HeaderLength.ipv6 + payload)
        }
        var next = bytes.uint8(at: start + 6)
        var offset = start + HeaderLength.ipv6
        let isWhole = skipExtensions(bytes, next: &next, offset: &offset)
        transportOffset = min(offset, bytes.byteCount)
        if fragment == .later {
            ipProtocol = IPProtocol.fragment
        } else if isWhole {
            ipProtocol = next
            readTransport(bytes)
        } else {
            ipProtocol = IPProtocol.noNext
        }
    }

    /// False where an extension header is cut short. A later fragment ends the walk, since what
    /// follows its fragment header is payload.
    private mutating func skipExtensions(
        _ bytes: RawSpan, next: inout UInt8, offset: inout Int
    ) -> Bool {
        while true {
            let needed: Int
            switch next {
            case IPProtocol.hopByHop, IPProtocol.routing, IPProtocol.destinationOptions,
                IPProtocol.authentication:
                needed = 2
            case IPProtocol.fragment: needed = 4
            default: return true
            }
            guard bytes.byteCount >= offset + needed else { return false }
            let kind = next
            next = bytes.uint8(at: offset)
            let length = Int(bytes.uint8(at: offset + 1))
            switch kind {
            case IPProtocol.authentication: offset += (length + 2) * 4
            case IPProtocol.fragment:
                fragment = bytes.uint16(at: offset + 2) & 0xfff8 != 0 ? .later : .first
                offset += 8
                if fragment == .later { return true }
            default: offset += (length + 1) * 8
            }
        }
    }

    private mutating func readTransport(_ bytes: RawSpan) {
        guard fragment != .later else { return }
        let left = bytes.byteCount - transportOffset
        switch ipProtocol {
        case IPProtocol.tcp:
            guard left >= HeaderLength.tcp else { return }
            let length = Int(bytes.uint8(at: transportOffset + 12) >> 4) * 4
            if length >= HeaderLength.tcp, left >= length { transport = .tcp }
        case IPProtocol.udp where left >= HeaderLength.udp: transport = .udp
        case IPProtocol.sctp where left >= HeaderLength.sctp: transport = .sctp
        case IPProtocol.icmp where network == .ipv4 && left >= HeaderLength.icmp:
            transport = .icmp
        case IPProtocol.icmpv6 where network == .ipv6 && left >= HeaderLength.icmp:
            transport = .icmpv6
        default: break
        }
    }
}

extension PacketLayout {
    /// The offset of the checksum field of the transport header, where it has one.
    package var transportChecksumOffset: Int? {
        switch transport {
        case .tcp: transportOffset + 16
        case .udp: transportOffset + 6
        case .icmp, .icmpv6: transportOffset + 2
        case .sctp, nil: nil
        }
    }

    /// True for a neighbour solicitation or advertisement that is complete (code is not looked at).
    package func isNeighborDiscovery(_ bytes: RawSpan) -> Bool {
        guard transport == .icmpv6,
            bytes.byteCount >= transportOffset + HeaderLength.neighborDiscovery
        else { return false }
        let type = bytes.uint8(at: transportOffset)
        return type == ICMPv6Type.neighborSolicitation || type == ICMPv6Type.neighborAdvertisement
    }

    /// The offset of the link-layer address in the first option `type` (1 source, 2 target) of a
    /// neighbour discovery message; nil if there is none.
    package func neighborOption(_ type: UInt8, in bytes: RawSpan) -> Int? {
        guard isNeighborDiscovery(bytes) else { return nil }
        var offset = transportOffset + HeaderLength.neighborDiscovery
        while bytes.byteCount >= offset + 8 {
            let length = Int(bytes.uint8(at: offset + 1)) * 8
            guard length > 0, bytes.byteCount >= offset + length else { return nil }
            if bytes.uint8(at: offset) == type, length == 8 { return offset + 2 }
            offset += length
        }
        return nil
    }
}

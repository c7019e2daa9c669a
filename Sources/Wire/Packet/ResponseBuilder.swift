// Packets that answer a packet without being addressed yet: addresses and ports stand as in the
// original unless said otherwise, since the logical flow that asked for the answer swaps them
// itself. Nothing answers a packet that must not be answered (`ICMPError.mayAnswer`).

package enum ResponseBuilder {
    /// Bytes of a frame that an ICMP error may have (RFC 1812 §4.3.2.3 asks for 576 of datagram).
    private static let icmpFrameLimit = 576
    /// The minimum IPv6 MTU (RFC 4443 §2.4 c).
    private static let icmpv6PacketLimit = 1280

    /// An ICMP destination unreachable, by default host unreachable, that quotes the packet.
    package static func icmpError(
        _ frame: [UInt8], _ layout: PacketLayout, code: UInt8 = ICMPCode.host
    ) -> [UInt8]? {
        guard layout.network == .ipv4, ICMPError.mayAnswer(frame, layout) else { return nil }
        let ethernet = EthernetHeader(of: frame, layout)
        let overhead =
            HeaderLength.ethernet + 4 * ethernet.tags.count + HeaderLength.ipv4 + HeaderLength.icmp
        let end = min(layout.networkEnd, layout.networkOffset + icmpFrameLimit - overhead)
        let quote = frame[layout.networkOffset..<end]
        return PacketBuilder.icmp(
            ethernet, ipv4Addresses(frame, layout), ttl: 255, type: ICMPType.unreachable,
            code: code, [0, 0, 0, 0] + quote)
    }

    /// An ICMPv6 destination unreachable, by default administratively prohibited, that quotes the
    /// packet. Whether it becomes one of size is known only later, so a packet to a group has one.
    package static func icmpv6Error(
        _ frame: [UInt8], _ layout: PacketLayout, code: UInt8 = ICMPv6Code.prohibited
    ) -> [UInt8]? {
        guard layout.network == .ipv6, ICMPError.mayAnswer(frame, layout, toGroup: true) else {
            return nil
        }
        let limit = icmpv6PacketLimit - HeaderLength.ipv6 - HeaderLength.icmp
        let end = min(layout.networkEnd, layout.networkOffset + limit)
        let quote = frame[layout.networkOffset..<end]
        return PacketBuilder.icmp(
            EthernetHeader(of: frame, layout), ipv6Addresses(frame, layout), ttl: 255,
            type: ICMPv6Type.unreachable, code: code, [0, 0, 0, 0] + quote)
    }

    /// The reset that a closed port sends (RFC 9293 §3.10.7.1), ports swapped: in sequence for a
    /// segment that acknowledges, else acknowledging all that came. Nil for a reset.
    package static func tcpReset(_ frame: [UInt8], _ layout: PacketLayout) -> [UInt8]? {
        guard layout.transport == .tcp, !MACAddress(frame.uint48(at: 0)).isMulticast else {
            return nil
        }
        let start = layout.transportOffset
        let flags = frame.uint16(at: start + 12) & 0xfff
        guard flags & TCPFlag.reset == 0 else { return nil }
        var segment = TCPSegment(
            source: frame.uint16(at: start + 2), destination: frame.uint16(at: start),
            flags: TCPFlag.reset)
        if flags & TCPFlag.ack != 0 {
            segment.sequence = frame.uint32(at: start + 8)
        } else {
            let header = Int(frame[start + 12] >> 4) * 4
            let length =
                max(0, layout.networkEnd - start - header)
                + (flags & TCPFlag.syn != 0 ? 1 : 0) + (flags & TCPFlag.fin != 0 ? 1 : 0)
            segment.acknowledgment =
                frame.uint32(at: start + 4) &+ UInt32(truncatingIfNeeded: length)
            segment.flags |= TCPFlag.ack
        }
        let addresses =
            layout.network == .ipv4 ? ipv4Addresses(frame, layout) : ipv6Addresses(frame, layout)
        return PacketBuilder.tcp(EthernetHeader(of: frame, layout), addresses, ttl: 63, segment)
    }

    /// An SCTP ABORT with the ports swapped (RFC 9260 §8.4). Nil for an ABORT, for the end of a
    /// shutdown, for a packet to many, and for one without a chunk.
    package static func sctpAbort(_ frame: [UInt8], _ layout: PacketLayout) -> [UInt8]? {
        let start = layout.transportOffset
        let chunk = start + HeaderLength.sctp
        guard layout.transport == .sctp, frame.count >= chunk + 8,
            !MACAddress(frame.uint48(at: 0)).isMulticast
        else { return nil }
        let (initiation, abort, shutdownComplete): (UInt8, UInt8, UInt8) = (1, 6, 14)
        guard frame[chunk] != abort, frame[chunk] != shutdownComplete else { return nil }
        var tag = frame.uint32(at: start + 4)
        var reflected: UInt8 = 1
        if tag == 0, frame[chunk] == initiation {
            tag = frame.uint32(at: chunk + 4)
            reflected = 0
        }
        var message: [UInt8] = []
        message.append(UInt64(frame.uint16(at: start + 2)), width: 2)
        message.append(UInt64(frame.uint16(at: start)), width: 2)
        message.append(UInt64(tag), width: 4)
        message += [0, 0, 0, 0, abort, reflected, 0, 4]
        message.storeSCTPChecksum(start: 0, end: message.count)
        let addresses =
            layout.network == .ipv4 ? ipv4Addresses(frame, layout) : ipv6Addresses(frame, layout)
        let header = IPHeader(addresses, proto: IPProtocol.sctp, ttl: 63)
        return PacketBuilder.ip(EthernetHeader(of: frame, layout), header, message)
    }

    /// Refuses a packet on behalf of its receiver, addresses swapped: a reset for TCP, an ABORT
    /// for SCTP, else an ICMP error (port unreachable for UDP). Nil for what is a refusal itself.
    package static func reject(_ frame: [UInt8], _ layout: PacketLayout) -> [UInt8]? {
        guard ICMPError.mayAnswer(frame, layout) else { return nil }
        let isUDP = layout.transport == .udp
        let answer: [UInt8]?
        switch (layout.network, layout.transport) {
        case (nil, _), (.arp, _): answer = nil
        case (_, .tcp): answer = tcpReset(frame, layout)
        case (_, .sctp): answer = sctpAbort(frame, layout)
        case (.ipv4, _):
            answer = icmpError(frame, layout, code: isUDP ? ICMPCode.port : ICMPCode.host)
        case (.ipv6, _):
            answer = icmpv6Error(
                frame, layout, code: isUDP ? ICMPv6Code.port : ICMPv6Code.prohibited)
        }
        return answer.flatMap(swappingAddresses)
    }

    /// Ethernet and IP addresses in the other direction; no checksum changes by that.
    private static func swappingAddresses(_ frame: [UInt8]) -> [UInt8]? {
        guard let layout = PacketLayout(frame) else { return nil }
        var result = frame
        result.replaceSubrange(0..<6, with: frame[6..<12])
        result.replaceSubrange(6..<12, with: frame[0..<6])
        let (offset, width) = layout.network == .ipv4 ? (12, 4) : (8, 16)
        let source = layout.networkOffset + offset
        let destination = source + width
        result.replaceSubrange(source..<destination, with: frame[destination..<destination + width])
        result.replaceSubrange(
            destination..<destination + width, with: frame[source..<destination])
        return result
    }

    /// An ARP request for the IPv4 destination of the packet; both protocol addresses are zero
    /// where the packet is IPv6.
    package static func arpRequest(_ frame: [UInt8], _ layout: PacketLayout) -> [UInt8]? {
        let ethernet = EthernetHeader(of: frame, layout)
        var sender = IPv4Address.zero
        var target = IPv4Address.zero
        switch layout.network {
        case .ipv4:
            sender = IPv4Address(frame.uint32(at: layout.networkOffset + 12))
            target = IPv4Address(frame.uint32(at: layout.networkOffset + 16))
        case .ipv6: break
        case .arp, nil: return nil
        }
        return PacketBuilder.arp(
            ethernet,
            ARPMessage(
                operation: ARPMessage.request, sender: (ethernet.source, sender),
                target: (.zero, target)))
    }

    /// A solicitation for `target` from the link-local address of the packet's source.
    package static func neighborSolicitation(
        _ frame: [UInt8], _ layout: PacketLayout, target: IPv6Address
    ) -> [UInt8] {
        var ethernet = EthernetHeader(of: frame, layout)
        let group = target.solicitedNodeMulticast
        ethernet.destination = MACAddress(multicast: group)
        return PacketBuilder.neighborSolicitation(
            ethernet, source: IPv6Address(linkLocal: ethernet.source), destination: group,
            target: target, link: ethernet.source)
    }

    /// The advertisement that answers a solicitation, as if its Ethernet destination owned the
    /// target. Nil for anything else.
    package static func neighborAdvertisement(
        _ frame: [UInt8], _ layout: PacketLayout, router: Bool
    ) -> [UInt8]? {
        guard layout.isNeighborDiscovery(frame.span.bytes),
            frame[layout.transportOffset] == ICMPv6Type.neighborSolicitation
        else { return nil }
        var ethernet = EthernetHeader(of: frame, layout)
        swap(&ethernet.source, &ethernet.destination)
        let target = IPv6Address(frame.uint128(at: layout.transportOffset + 8))
        let asker = IPv6Address(frame.uint128(at: layout.networkOffset + 8))
        var flags: NeighborFlags = [.solicited, .override]
        if router { flags.insert(.router) }
        return PacketBuilder.neighborAdvertisement(
            ethernet, source: target, destination: asker, target: target, link: ethernet.source,
            flags: flags)
    }

    private static func ipv4Addresses(
        _ frame: [UInt8], _ layout: PacketLayout
    ) -> IPHeader.Addresses {
        .v4(
            source: IPv4Address(frame.uint32(at: layout.networkOffset + 12)),
            destination: IPv4Address(frame.uint32(at: layout.networkOffset + 16)))
    }

    private static func ipv6Addresses(
        _ frame: [UInt8], _ layout: PacketLayout
    ) -> IPHeader.Addresses {
        .v6(
            source: IPv6Address(frame.uint128(at: layout.networkOffset + 8)),
            destination: IPv6Address(frame.uint128(at: layout.networkOffset + 24)))
    }
}

// Whole frames for what the slow path answers or asks. Every checksum is set.

package enum PacketBuilder {
    /// An ARP message.
    package static func arp(_ ethernet: EthernetHeader, _ message: ARPMessage) -> [UInt8] {
        ethernet.frame(EtherType.arp, message.payload)
    }

    /// An IP packet around a transport message whose checksum field is zero at `checksumOffset`.
    package static func ip(
        _ ethernet: EthernetHeader, _ header: IPHeader, _ message: [UInt8],
        checksumOffset: Int? = nil
    ) -> [UInt8] {
        var message = message
        if let checksumOffset {
            var value: UInt16
            if header.proto == IPProtocol.icmp {
                value = InternetChecksum.of(message)
            } else {
                value = header.transportChecksum(message)
            }
            if header.proto == IPProtocol.udp, value == 0 { value = 0xffff }
            message.store16(value, at: checksumOffset)
        }
        return ethernet.frame(header.etherType, header.packet(message))
    }

    /// A UDP datagram with at most `UDPDatagram.Limits.payload` bytes.
    package static func udp(
        _ ethernet: EthernetHeader, _ addresses: IPHeader.Addresses, ttl: UInt8 = 64,
        source: UInt16, destination: UInt16, _ payload: [UInt8]
    ) -> [UInt8] {
        var message: [UInt8] = []
        for word in [source, destination, UInt16(clamping: HeaderLength.udp + payload.count), 0] {
            message.append(UInt64(word), width: 2)
        }
        let header = IPHeader(addresses, proto: IPProtocol.udp, ttl: ttl)
        return ip(ethernet, header, message + payload, checksumOffset: 6)
    }

    /// A TCP segment without options.
    package static func tcp(
        _ ethernet: EthernetHeader, _ addresses: IPHeader.Addresses, ttl: UInt8 = 64,
        _ segment: TCPSegment, _ payload: [UInt8] = []
    ) -> [UInt8] {
        let header = IPHeader(addresses, proto: IPProtocol.tcp, ttl: ttl)
        return ip(ethernet, header, segment.bytes + payload, checksumOffset: 16)
    }

    /// An ICMP or ICMPv6 message; `rest` is what follows type, code and checksum.
    package static func icmp(
        _ ethernet: EthernetHeader, _ addresses: IPHeader.Addresses, ttl: UInt8 = 64,
        type: UInt8, code: UInt8 = 0, _ rest: [UInt8]
    ) -> [UInt8] {
        let proto =
            switch addresses {
            case .v4: IPProtocol.icmp
            case .v6: IPProtocol.icmpv6
            }
        let header = IPHeader(addresses, proto: proto, ttl: ttl)
        return ip(ethernet, header, [type, code, 0, 0] + rest, checksumOffset: 2)
    }

    /// An echo request or reply of either family (RFC 792, RFC 4443 §4).
    package static func echo(
        _ ethernet: EthernetHeader, _ addresses: IPHeader.Addresses, ttl: UInt8 = 64,
        reply: Bool = false, identifier: UInt16, sequence: UInt16, _ payload: [UInt8] = []
    ) -> [UInt8] {
        var rest: [UInt8] = []
        rest.append(UInt64(identifier), width: 2)
        rest.append(UInt64(sequence), width: 2)
        let type =
            switch addresses {
            case .v4: reply ? ICMPType.echoReply : ICMPType.echoRequest
            case .v6: reply ? ICMPv6Type.echoReply : ICMPv6Type.echoRequest
            }
        return icmp(ethernet, addresses, ttl: ttl, type: type, rest + payload)
    }

    /// A neighbour solicitation for `target` with a source link-layer option (RFC 4861 §4.3).
    package static func neighborSolicitation(
        _ ethernet: EthernetHeader, source: IPv6Address, destination: IPv6Address,
        target: IPv6Address, link: MACAddress?
    ) -> [UInt8] {
        var rest: [UInt8] = [0, 0, 0, 0]
        rest.append(target)
        if let link {
            rest += [1, 1]
            rest.append(link)
        }
        return icmp(
            ethernet, .v6(source: source, destination: destination), ttl: 255,
            type: ICMPv6Type.neighborSolicitation, rest)
    }

    /// A neighbour advertisement with a target link-layer option (RFC 4861 §4.4).
    package static func neighborAdvertisement(
        _ ethernet: EthernetHeader, source: IPv6Address, destination: IPv6Address,
        target: IPv6Address, link: MACAddress, flags: NeighborFlags
    ) -> [UInt8] {
        var rest: [UInt8] = [flags.rawValue, 0, 0, 0]
        rest.append(target)
        rest += [2, 1]
        rest.append(link)
        return icmp(
            ethernet, .v6(source: source, destination: destination), ttl: 255,
            type: ICMPv6Type.neighborAdvertisement, rest)
    }
}

/// The flags of a neighbour advertisement.
package struct NeighborFlags: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let router = NeighborFlags(rawValue: 0x80)
    package static let solicited = NeighborFlags(rawValue: 0x40)
    package static let override = NeighborFlags(rawValue: 0x20)
}

/// A TCP header without options (RFC 9293 §3.1).
package struct TCPSegment: Hashable, Sendable {
    package var source: UInt16
    package var destination: UInt16
    package var sequence: UInt32
    package var acknowledgment: UInt32
    package var flags: UInt16
    package var window: UInt16

    package init(
        source: UInt16, destination: UInt16, sequence: UInt32 = 0, acknowledgment: UInt32 = 0,
        flags: UInt16, window: UInt16 = 0
    ) {
        self.source = source
        self.destination = destination
        self.sequence = sequence
        self.acknowledgment = acknowledgment
        self.flags = flags
        self.window = window
    }

    fileprivate var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(UInt64(source), width: 2)
        bytes.append(UInt64(destination), width: 2)
        bytes.append(UInt64(sequence), width: 4)
        bytes.append(UInt64(acknowledgment), width: 4)
        bytes.append(0x5000 | UInt64(flags & 0xfff), width: 2)
        bytes.append(UInt64(window), width: 2)
        return bytes + [0, 0, 0, 0]
    }
}

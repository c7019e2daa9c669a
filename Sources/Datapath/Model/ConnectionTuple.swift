import Wire

// What identifies one direction of a connection (struct nf_conntrack_tuple).

package struct ConnectionTuple: Hashable, Sendable {
    package var source: IPAddress
    package var destination: IPAddress
    package var proto: UInt8
    /// Of ICMP the identifier.
    package var sourcePort: UInt16
    /// Of ICMP the type in the upper and the code in the lower half.
    package var destinationPort: UInt16

    package init(
        source: IPAddress, destination: IPAddress, proto: UInt8, sourcePort: UInt16,
        destinationPort: UInt16
    ) {
        self.source = source
        self.destination = destination
        self.proto = proto
        self.sourcePort = sourcePort
        self.destinationPort = destinationPort
    }

    package var isICMP: Bool { proto == IPProtocol.icmp || proto == IPProtocol.icmpv6 }

    /// The tuple of the answers.
    var inverse: ConnectionTuple {
        var result = self
        (result.source, result.destination) = (destination, source)
        if isICMP {
            result.destinationPort = UInt16(Self.answer(to: UInt8(destinationPort >> 8))) << 8
        } else {
            (result.sourcePort, result.destinationPort) = (destinationPort, sourcePort)
        }
        return result
    }

    private static func answer(to type: UInt8) -> UInt8 {
        switch type {
        case ICMPType.echoRequest: ICMPType.echoReply
        case ICMPType.echoReply: ICMPType.echoRequest
        case ICMPv6Type.echoRequest: ICMPv6Type.echoReply
        case ICMPv6Type.echoReply: ICMPv6Type.echoRequest
        default: type
        }
    }
}

/// Where the tuple of a packet, or of the packet quoted in an ICMP error, stands.
struct TupleReader {
    enum Kind: Equatable {
        /// A packet of a connection of its own.
        case plain(ConnectionTuple)
        /// An ICMP error, with the tuple of the packet that it is about.
        case error(ConnectionTuple, quoteOffset: Int)
        /// A fragment: the tracker waits for the rest.
        case fragment
        /// Nothing that is tracked.
        case invalid
    }

    let kind: Kind

    init(_ frame: [UInt8]) {
        guard let layout = PacketLayout(frame), layout.network == .ipv4 || layout.network == .ipv6
        else {
            kind = .invalid
            return
        }
        kind = Self.kind(frame, layout)
    }

    private static func kind(_ frame: [UInt8], _ layout: PacketLayout) -> Kind {
        guard layout.fragment == .none else { return .fragment }
        let start = layout.transportOffset
        let isIPv4 = layout.network == .ipv4
        if layout.transport == .icmp || layout.transport == .icmpv6 {
            let type = frame[start]
            if isError(type, isIPv4: isIPv4) { return quoted(frame, layout) }
            let requests: [UInt8] =
                isIPv4
                ? [ICMPType.echoRequest, ICMPType.echoReply]
                : [ICMPv6Type.echoRequest, ICMPv6Type.echoReply]
            guard requests.contains(type), frame.count >= start + 8 else { return .invalid }
        }
        return tuple(
            frame, network: layout.networkOffset, isIPv4: isIPv4, transport: start,
            proto: layout.ipProtocol
        ).map(Kind.plain) ?? .invalid
    }

    private static func isError(_ type: UInt8, isIPv4: Bool) -> Bool {
        isIPv4 ? [3, 4, 5, 11, 12].contains(type) : type < 128
    }

    private static func quoted(_ frame: [UInt8], _ layout: PacketLayout) -> Kind {
        let start = layout.transportOffset + 8
        let isIPv4 = layout.network == .ipv4
        let headerLength = isIPv4 ? HeaderLength.ipv4 : HeaderLength.ipv6
        guard frame.count >= start + headerLength else { return .invalid }
        let length = isIPv4 ? Int(frame[start] & 15) * 4 : HeaderLength.ipv6
        let proto = frame[start + (isIPv4 ? 9 : 6)]
        guard length >= headerLength, frame.count >= start + length + 8 else { return .invalid }
        guard
            let inner = tuple(
                frame, network: start, isIPv4: isIPv4, transport: start + length, proto: proto)
        else { return .invalid }
        return .error(inner, quoteOffset: start)
    }

    private static func tuple(
        _ frame: [UInt8], network: Int, isIPv4: Bool, transport: Int, proto: UInt8
    ) -> ConnectionTuple? {
        func number(_ offset: Int, _ width: Int) -> UInt128 {
            frame[offset..<offset + width].reduce(0) { $0 << 8 | UInt128($1) }
        }
        let source: IPAddress
        let destination: IPAddress
        if isIPv4 {
            source = .v4(IPv4Address(UInt32(number(network + 12, 4))))
            destination = .v4(IPv4Address(UInt32(number(network + 16, 4))))
        } else {
            source = .v6(IPv6Address(number(network + 8, 16)))
            destination = .v6(IPv6Address(number(network + 24, 16)))
        }
        var result = ConnectionTuple(
            source: source, destination: destination, proto: proto, sourcePort: 0,
            destinationPort: 0)
        switch proto {
        case IPProtocol.tcp, IPProtocol.udp, IPProtocol.sctp:
            guard frame.count >= transport + 4 else { return nil }
            result.sourcePort = UInt16(number(transport, 2))
            result.destinationPort = UInt16(number(transport + 2, 2))
        case IPProtocol.icmp, IPProtocol.icmpv6:
            guard frame.count >= transport + 8 else { return nil }
            result.sourcePort = UInt16(number(transport + 4, 2))
            result.destinationPort = UInt16(number(transport, 2))
        default: break
        }
        return result
    }
}

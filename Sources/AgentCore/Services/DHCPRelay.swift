import Wire

// `dhcp_relay_req_chk` and `dhcp_relay_resp_chk`: the part of a relay (RFC 1542 §4, RFC 2131 §4.1)
// that looks into the message. IP sources and ports are set by the flows around.

package struct DHCPRelay: Hashable, Sendable {
    /// The router's address on the clients' network (giaddr).
    package let address: IPv4Address
    package let server: IPv4Address

    /// RFC 1542 §4.1.1.
    package static let hopLimit: UInt8 = 16

    package init(address: IPv4Address, server: IPv4Address) {
        self.address = address
        self.server = server
    }

    /// A client's request on its way to the server; nil for one that another relay has touched.
    package func request(_ frame: [UInt8], _ layout: PacketLayout) -> [UInt8]? {
        guard layout.network == .ipv4, let datagram = UDPDatagram(frame, layout),
            var message = DHCPv4Message(datagram.payload),
            message.operation == DHCPv4Message.request, message.type != nil,
            message.relayAddress == .zero, message.hops < Self.hopLimit
        else { return nil }
        message.hops += 1
        message.relayAddress = address
        return rebuilt(frame, layout, datagram, message)
    }

    /// The server's answer on its way to the client; nil if it is not this server's, or offers an
    /// address of another network than the client's.
    package func response(_ frame: [UInt8], _ layout: PacketLayout) -> [UInt8]? {
        guard layout.network == .ipv4, let datagram = UDPDatagram(frame, layout),
            let message = DHCPv4Message(datagram.payload),
            message.operation == DHCPv4Message.reply, message.relayAddress == address,
            message.address(DHCPv4Code.serverID) == server, let type = message.type,
            let client = message.client, isOnNetwork(message, type)
        else { return nil }
        var header = EthernetHeader(of: frame, layout)
        header.destination = client
        return datagram.frame(
            header,
            .v4(
                source: IPv4Address(frame.uint32(at: layout.networkOffset + 12)),
                destination: destination(message, type)),
            carrying: message.encoded)
    }

    private func isOnNetwork(_ message: DHCPv4Message, _ type: DHCPv4Type) -> Bool {
        switch type {
        case .nak: return true
        case .ack where message.yourAddress == .zero: return true
        case .offer, .ack:
            guard let mask = message.address(DHCPv4Code.netmask) else { return false }
            return message.yourAddress.bits & mask.bits == address.bits & mask.bits
        case .discover, .request, .decline, .release, .inform: return false
        }
    }

    private func destination(_ message: DHCPv4Message, _ type: DHCPv4Type) -> IPv4Address {
        if message.wantsBroadcast || type == .nak { return .broadcast }
        if message.yourAddress != .zero { return message.yourAddress }
        return message.clientAddress == .zero ? .broadcast : message.clientAddress
    }

    private func rebuilt(
        _ frame: [UInt8], _ layout: PacketLayout, _ datagram: UDPDatagram,
        _ message: DHCPv4Message
    ) -> [UInt8]? {
        layout.addresses(frame).flatMap {
            datagram.frame(EthernetHeader(of: frame, layout), $0, carrying: message.encoded)
        }
    }
}

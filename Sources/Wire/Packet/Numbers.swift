/// EtherType values (IEEE 802 numbers).
package enum EtherType {
    package static let ipv4: UInt16 = 0x0800
    package static let arp: UInt16 = 0x0806
    package static let rarp: UInt16 = 0x8035
    package static let ipv6: UInt16 = 0x86dd
    package static let vlan: UInt16 = 0x8100
    package static let serviceVLAN: UInt16 = 0x88a8
    package static let mpls: UInt16 = 0x8847
    package static let mplsMulticast: UInt16 = 0x8848
    /// Stands for a frame with a length instead of a type (IEEE 802.2).
    package static let none: UInt16 = 0x05ff
    /// A smaller number in the type field is a length.
    package static let firstType: UInt16 = 0x0600
}

/// Protocol numbers of IPv4 and next headers of IPv6.
package enum IPProtocol {
    package static let hopByHop: UInt8 = 0
    package static let icmp: UInt8 = 1
    package static let igmp: UInt8 = 2
    package static let tcp: UInt8 = 6
    package static let udp: UInt8 = 17
    package static let routing: UInt8 = 43
    package static let fragment: UInt8 = 44
    package static let authentication: UInt8 = 51
    package static let icmpv6: UInt8 = 58
    package static let noNext: UInt8 = 59
    package static let destinationOptions: UInt8 = 60
    package static let sctp: UInt8 = 132

    /// Whether the headers have ports that a flow key knows.
    package static func hasPorts(_ proto: UInt8) -> Bool {
        proto == tcp || proto == udp || proto == sctp
    }
}

/// ICMP types (RFC 792).
package enum ICMPType {
    package static let echoReply: UInt8 = 0
    package static let unreachable: UInt8 = 3
    package static let sourceQuench: UInt8 = 4
    package static let redirect: UInt8 = 5
    package static let echoRequest: UInt8 = 8
    package static let timeExceeded: UInt8 = 11
    package static let parameterProblem: UInt8 = 12
}

/// Codes of ICMP destination unreachable (RFC 792).
package enum ICMPCode {
    package static let host: UInt8 = 1
    package static let port: UInt8 = 3
    package static let fragmentationNeeded: UInt8 = 4
}

/// Codes of ICMPv6 destination unreachable (RFC 4443 §3.1).
package enum ICMPv6Code {
    package static let prohibited: UInt8 = 1
    package static let port: UInt8 = 4
}

/// UDP ports of services.
package enum UDPPort {
    package static let dns: UInt16 = 53
    package static let dhcpServer: UInt16 = 67
    package static let dhcpClient: UInt16 = 68
    package static let dhcpv6Client: UInt16 = 546
    package static let dhcpv6Server: UInt16 = 547
}

/// ICMPv6 types (RFC 4443, RFC 4861).
package enum ICMPv6Type {
    package static let unreachable: UInt8 = 1
    package static let packetTooBig: UInt8 = 2
    package static let timeExceeded: UInt8 = 3
    package static let parameterProblem: UInt8 = 4
    package static let echoRequest: UInt8 = 128
    package static let echoReply: UInt8 = 129
    package static let listenerQuery: UInt8 = 130
    package static let listenerReport: UInt8 = 131
    package static let listenerDone: UInt8 = 132
    package static let routerSolicitation: UInt8 = 133
    package static let routerAdvertisement: UInt8 = 134
    package static let neighborSolicitation: UInt8 = 135
    package static let neighborAdvertisement: UInt8 = 136
    package static let redirect: UInt8 = 137
    /// MLDv2 (RFC 3810 §5.2).
    package static let listenerReport2: UInt8 = 143
}

/// TCP flags (RFC 9293 §3.1).
package enum TCPFlag {
    package static let fin: UInt16 = 0x01
    package static let syn: UInt16 = 0x02
    package static let reset: UInt16 = 0x04
    package static let push: UInt16 = 0x08
    package static let ack: UInt16 = 0x10
}

/// Fixed header sizes, in bytes.
package enum HeaderLength {
    package static let ethernet = 14
    package static let vlan = 4
    package static let ipv4 = 20
    package static let ipv6 = 40
    package static let arp = 28
    package static let tcp = 20
    package static let udp = 8
    package static let sctp = 12
    package static let icmp = 8
    /// Neighbour solicitation or advertisement before its options (RFC 4861 §4.3).
    package static let neighborDiscovery = 24
    package static let geneve = 8
}

import Datapath
import Wire

// A packet that has a given key, for actions that make packets from packets: a trace knows only
// the key.

extension FlowKey {
    /// A frame with these headers, an empty payload and correct checksums. What only longer packets
    /// have (fragments, options other than those of neighbour discovery) is left out.
    package var frame: [UInt8] {
        let type = UInt16(self[.ethernetType])
        switch type {
        case EtherType.arp, EtherType.rarp: return ethernet.frame(type, arp.payload)
        case EtherType.ipv4, EtherType.ipv6:
            let (message, checksum) = transport
            return PacketBuilder.ip(ethernet, internet, message, checksumOffset: checksum)
        default: return ethernet.frame(type, [UInt8](repeating: 0, count: 46))
        }
    }

    private var ethernet: EthernetHeader {
        let tci = UInt16(self[.vlanTCI])
        return EthernetHeader(
            destination: MACAddress(self[.ethernetDestination]),
            source: MACAddress(self[.ethernetSource]),
            tags: tci & 0x1000 == 0 ? [] : [VLANTag(tci: tci)])
    }

    private var arp: ARPMessage {
        ARPMessage(
            operation: UInt16(self[.arpOperation]),
            sender: (MACAddress(self[.arpSourceMAC]), IPv4Address(UInt32(self[.arpSourceIP]))),
            target: (MACAddress(self[.arpTargetMAC]), IPv4Address(UInt32(self[.arpTargetIP]))))
    }

    private var internet: IPHeader {
        let addresses: IPHeader.Addresses =
            self[.ethernetType] == UInt64(EtherType.ipv4)
            ? .v4(
                source: IPv4Address(UInt32(self[.ipv4Source])),
                destination: IPv4Address(UInt32(self[.ipv4Destination])))
            : .v6(
                source: IPv6Address(self[wide: .ipv6Source]),
                destination: IPv6Address(self[wide: .ipv6Destination]))
        return IPHeader(
            addresses, proto: UInt8(self[.ipProtocol]), ttl: UInt8(self[.ipTTL]),
            tos: UInt8(self[.ipTOS]))
    }

    /// The message behind the IP header, and the place of its checksum.
    private var transport: (message: [UInt8], checksum: Int?) {
        var bytes: [UInt8] = []
        switch UInt8(self[.ipProtocol]) {
        case IPProtocol.tcp:
            appendPorts(to: &bytes)
            bytes += [UInt8](repeating: 0, count: 8)
            bytes.append(0x5000 | self[.tcpFlags], width: 2)
            return (bytes + [0, 0, 0, 0, 0, 0], 16)
        case IPProtocol.udp:
            appendPorts(to: &bytes)
            return (bytes + [0, UInt8(HeaderLength.udp), 0, 0], 6)
        case IPProtocol.sctp:
            appendPorts(to: &bytes)
            return (bytes + [UInt8](repeating: 0, count: 8), nil)
        case IPProtocol.icmp:
            return ([UInt8(self[.icmpType]), UInt8(self[.icmpCode]), 0, 0, 0, 0, 0, 0], 2)
        case IPProtocol.icmpv6:
            bytes = [UInt8(self[.icmpType]), UInt8(self[.icmpCode]), 0, 0, 0, 0, 0, 0]
            return (bytes + discovery, 2)
        default: return ([], nil)
        }
    }

    private func appendPorts(to bytes: inout [UInt8]) {
        bytes.append(self[.sourcePort], width: 2)
        bytes.append(self[.destinationPort], width: 2)
    }

    /// Target and options of a neighbour solicitation or advertisement (RFC 4861 §4.3, §4.4).
    private var discovery: [UInt8] {
        let kinds: [(UInt8, KeyField, UInt8)] = [
            (ICMPv6Type.neighborSolicitation, .ndSourceLink, 1),
            (ICMPv6Type.neighborAdvertisement, .ndTargetLink, 2),
        ]
        guard let kind = kinds.first(where: { UInt64($0.0) == self[.icmpType] }) else { return [] }
        var bytes: [UInt8] = []
        bytes.append(IPv6Address(self[wide: .ndTarget]))
        if self[kind.1] != 0 {
            bytes += [kind.2, 1]
            bytes.append(MACAddress(self[kind.1]))
        }
        return bytes
    }
}

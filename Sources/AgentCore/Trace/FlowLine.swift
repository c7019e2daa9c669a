import Datapath
import Wire

// A key as ovs-ofctl(8) writes a flow. It is the first line of a trace and the packet in a line of
// the ACL log; scripts read it, so it is fixed to the letter. Registers 10, 14 and 15 are flags,
// inport and outport; what is kept beside the packet is printed only if it isn't zero.

package struct FlowLine {
    private let key: FlowKey

    package init(_ key: FlowKey) { self.key = key }

    package var text: String {
        var parts = metadata
        if let name = typeName { parts.append(name.text) }
        parts += registers + tag
        parts.append("dl_src=\(mac(.ethernetSource))")
        parts.append("dl_dst=\(mac(.ethernetDestination))")
        if typeName == nil { parts.append("dl_type=0x" + digits(type, 4)) }
        switch UInt16(type) {
        case EtherType.ipv4, EtherType.ipv6: parts += internet + transport
        case EtherType.arp, EtherType.rarp: parts += arp
        default: break
        }
        return parts.joined(separator: ",")
    }

    private var type: UInt64 { key[.ethernetType] }
    private var isIPv6: Bool { type == UInt64(EtherType.ipv6) }

    /// The word for the kind of packet, and whether it says the IP protocol too.
    private var typeName: (text: String, hasProtocol: Bool)? {
        switch UInt16(type) {
        case EtherType.arp: return ("arp", false)
        case EtherType.rarp: return ("rarp", false)
        case EtherType.ipv4, EtherType.ipv6:
            let suffix = isIPv6 ? "6" : ""
            switch UInt8(key[.ipProtocol]) {
            case IPProtocol.tcp: return ("tcp" + suffix, true)
            case IPProtocol.udp: return ("udp" + suffix, true)
            case IPProtocol.sctp: return ("sctp" + suffix, true)
            case IPProtocol.icmp where !isIPv6: return ("icmp", true)
            case IPProtocol.icmpv6 where isIPv6: return ("icmp6", true)
            default: return (isIPv6 ? "ipv6" : "ip", false)
            }
        default: return nil
        }
    }

    // MARK: - Beside the packet

    private var metadata: [String] {
        var parts: [String] = []
        if key[.mark] != 0 { parts.append("pkt_mark=0x" + digits(key[.mark])) }
        if key[.ctState] != 0 {
            parts.append("ct_state=" + ConnectionFlags(rawValue: key[.ctState]).text)
        }
        if key[.ctMark] != 0 { parts.append("ct_mark=0x" + digits(key[.ctMark])) }
        if key[wide: .ctLabel] != 0 { parts.append("ct_label=0x" + digits(key[wide: .ctLabel])) }
        return parts
    }

    private var registers: [String] {
        var values = (0...9).map { key[FieldPosition.register($0)] }
        values += [key[.flags], 0, 0, 0, key[.inport], key[.outport]]
        return values.enumerated().filter { $1 != 0 }.map { "reg\($0)=0x" + digits($1) }
    }

    private var tag: [String] {
        let tci = key[.vlanTCI]
        guard tci & 0x1000 != 0 else { return ["vlan_tci=0x" + digits(tci, 4)] }
        return ["dl_vlan=\(tci & 0xfff)", "dl_vlan_pcp=\(tci >> 13)", "vlan_tci1=0x0000"]
    }

    // MARK: - Headers

    private var internet: [String] {
        var parts =
            isIPv6
            ? [
                "ipv6_src=\(IPv6Address(key[wide: .ipv6Source]))",
                "ipv6_dst=\(IPv6Address(key[wide: .ipv6Destination]))",
                "ipv6_label=0x" + digits(key[.ipv6Label], 5),
            ]
            : ["nw_src=\(ip4(.ipv4Source))", "nw_dst=\(ip4(.ipv4Destination))"]
        if typeName?.hasProtocol != true { parts.append("nw_proto=\(key[.ipProtocol])") }
        let fragment = ["no", "first", "<error>", "later"][Int(key[.ipFragment])]
        return parts + [
            "nw_tos=\(key[.ipTOS] & 0xfc)", "nw_ecn=\(key[.ipTOS] & 3)",
            "nw_ttl=\(key[.ipTTL])", "nw_frag=\(fragment)",
        ]
    }

    private var arp: [String] {
        [
            "arp_spa=\(ip4(.arpSourceIP))", "arp_tpa=\(ip4(.arpTargetIP))",
            "arp_op=\(key[.arpOperation])", "arp_sha=\(mac(.arpSourceMAC))",
            "arp_tha=\(mac(.arpTargetMAC))",
        ]
    }

    private var transport: [String] {
        guard key[.ipFragment] & 2 == 0 else { return [] }
        switch (UInt8(key[.ipProtocol]), isIPv6) {
        case (IPProtocol.icmp, false), (IPProtocol.icmpv6, true):
            return ["icmp_type=\(key[.icmpType])", "icmp_code=\(key[.icmpCode])"] + discovery
        case (IPProtocol.tcp, _): return ports + ["tcp_flags=" + TCPFlags(key[.tcpFlags]).text]
        // What looks like ports is printed of the other family's ICMP, and of IGMP, too.
        case (IPProtocol.udp, _), (IPProtocol.sctp, _), (IPProtocol.icmp, _),
            (IPProtocol.icmpv6, _), (IPProtocol.igmp, _):
            return ports
        default: return []
        }
    }

    private var ports: [String] {
        ["tp_src=\(key[.sourcePort])", "tp_dst=\(key[.destinationPort])"]
    }

    private var discovery: [String] {
        let types = [ICMPv6Type.neighborSolicitation, ICMPv6Type.neighborAdvertisement]
        guard isIPv6, types.contains(UInt8(key[.icmpType])), key[.icmpCode] == 0 else { return [] }
        return [
            "nd_target=\(IPv6Address(key[wide: .ndTarget]))", "nd_sll=\(mac(.ndSourceLink))",
            "nd_tll=\(mac(.ndTargetLink))",
        ]
    }

    private func mac(_ field: KeyField) -> String { MACAddress(key[field]).description }

    private func ip4(_ field: KeyField) -> String { IPv4Address(UInt32(key[field])).description }

    private func digits(_ value: some BinaryInteger, _ count: Int = 1) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }
}

/// The bits of ct_state by the names that flows have for them.
package struct ConnectionFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package static let tracked = ConnectionFlags(rawValue: ConnectionState.tracked)
    package static let established = ConnectionFlags(rawValue: ConnectionState.established)
    package static let sourceNAT = ConnectionFlags(rawValue: ConnectionState.sourceNAT)
    package static let destinationNAT = ConnectionFlags(rawValue: ConnectionState.destinationNAT)

    /// In the order of the bits.
    static let names = ["new", "est", "rel", "rpl", "inv", "trk", "snat", "dnat"]

    /// `new|trk`; 0 of none.
    package var text: String {
        let set = Self.names.enumerated().filter { rawValue & 1 << UInt64($0.offset) != 0 }
        return set.isEmpty ? "0" : set.map(\.element).joined(separator: "|")
    }
}

/// The flags of a TCP header (RFC 9293 §3.1, RFC 3540).
private struct TCPFlags {
    private let bits: UInt64
    private static let names = ["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr", "ns"]
    /// Bits of the field; those without a name are printed as numbers.
    private static let count = 12

    init(_ bits: UInt64) { self.bits = bits }

    var text: String {
        let set = (0..<Self.count).filter { bits & 1 << UInt64($0) != 0 }.map { bit in
            bit < Self.names.count ? Self.names[bit] : "[" + String(1 << bit, radix: 16) + "]"
        }
        return set.isEmpty ? "0" : set.joined(separator: "|")
    }
}

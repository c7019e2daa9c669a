import Wire

// The text of a flow as ovs-dpctl(8) prints it: `key,… packets:…, actions:…`. Operators and
// scripts read it, so it is fixed here to the letter: one function per kernel attribute, in the
// order in which the kernel dumps them; a field that the mask leaves out is not printed.

package struct FlowText {
    /// What a port prints as; its number without names.
    package var portName: (UInt32) -> String

    package init(portName: @escaping (UInt32) -> String = { String($0) }) {
        self.portName = portName
    }

    /// One field's share of a mask.
    fileprivate enum Coverage { case none, part, whole }

    package func key(_ key: FlowKey, mask: FlowMask) -> String {
        let text = KeyText(key: key, mask: mask)
        var parts = metadata(text)
        parts.append(ethernet(text))
        parts += tagged(text)
        return parts.filter { !$0.isEmpty }.joined(separator: ",")
    }

    private func metadata(_ text: KeyText) -> [String] {
        [
            text.single("recirc_id", .recirculationID), text.single("dp_hash", .datapathHash),
            text.single("skb_priority", .priority), tunnel(text), inputPort(text),
            text.single("skb_mark", .mark), text.flags("ct_state", .ctState, Self.stateNames),
            text.single("ct_zone", .ctZone), text.single("ct_mark", .ctMark),
            text.single("ct_label", .ctLabel), originalTuple(text),
        ]
    }

    private func inputPort(_ text: KeyText) -> String {
        guard text.coverage(.inputPort) != .none else { return "" }
        return "in_port(\(portName(UInt32(text.key[.inputPort]))))"
    }

    private func originalTuple(_ text: KeyText) -> String {
        let isIPv4 = text.key[.ethernetType] == UInt64(EtherType.ipv4)
        let address: (String, KeyField) -> String = { name, field in
            isIPv4 ? text.ipv4(name, field) : text.ipv6(name, field)
        }
        return text.group(
            isIPv4 ? "ct_tuple4" : "ct_tuple6",
            [
                address("src", .ctSource), address("dst", .ctDestination),
                text.decimal("proto", .ctProtocol), text.decimal("tp_src", .ctSourcePort),
                text.decimal("tp_dst", .ctDestinationPort),
            ])
    }

    private func ethernet(_ text: KeyText) -> String {
        text.group(
            "eth",
            [text.mac("src", .ethernetSource), text.mac("dst", .ethernetDestination)])
    }

    /// Tags nest what is behind them.
    private func tagged(_ text: KeyText) -> [String] {
        guard text.key[.vlanTCI] != 0 else { return inner(text) }
        var behind = inner(text)
        if text.key[.innerVLANTCI] != 0 {
            behind = nest(text, .innerVLANTPID, .innerVLANTCI, behind)
        }
        return nest(text, .vlanTPID, .vlanTCI, behind)
    }

    private func nest(
        _ text: KeyText, _ tpid: KeyField, _ tci: KeyField, _ behind: [String]
    ) -> [String] {
        let type = "eth_type(0x\(hexadecimal(text.key[tpid], digits: 4)))"
        let inside = behind.filter { !$0.isEmpty }.joined(separator: ",")
        return [type, vlan(text.key[tci], mask: text.mask[tci]), "encap(\(inside))"]
    }

    private func vlan(_ tci: UInt64, mask: UInt64) -> String {
        var parts: [String] = []
        if mask & 0xfff != 0 {
            parts.append(
                "vid=\(tci & 0xfff)"
                    + (mask & 0xfff == 0xfff ? "" : "/0x\(hexadecimal(mask & 0xfff))"))
        }
        if mask & 0xe000 != 0 {
            parts.append(
                "pcp=\(tci >> 13)"
                    + (mask >> 13 == 7 ? "" : "/0x\(hexadecimal(mask >> 13))"))
        }
        return parts.isEmpty ? "" : "vlan(\(parts.joined(separator: ",")))"
    }

    private func inner(_ text: KeyText) -> [String] {
        let type = text.key[.ethernetType]
        var parts: [String] = []
        if text.coverage(.ethernetType) != .none, type != UInt64(EtherType.none) {
            parts.append("eth_type(0x\(hexadecimal(type, digits: 4)))")
        }
        switch UInt16(type) {
        case EtherType.ipv4: parts += [ipv4(text)] + transport(text)
        case EtherType.ipv6: parts += [ipv6(text)] + transport(text)
        case EtherType.arp, EtherType.rarp: parts.append(arp(text))
        default: break
        }
        return parts
    }

    private func ipv4(_ text: KeyText) -> String {
        text.group(
            "ipv4",
            [
                text.ipv4("src", .ipv4Source), text.ipv4("dst", .ipv4Destination),
                text.decimal("proto", .ipProtocol), text.hexadecimalPart("tos", .ipTOS),
                text.decimal("ttl", .ipTTL), text.fragment,
            ])
    }

    private func ipv6(_ text: KeyText) -> String {
        text.group(
            "ipv6",
            [
                text.ipv6("src", .ipv6Source), text.ipv6("dst", .ipv6Destination),
                text.hexadecimalPart("label", .ipv6Label), text.decimal("proto", .ipProtocol),
                text.hexadecimalPart("tclass", .ipTOS), text.decimal("hlimit", .ipTTL),
                text.fragment,
            ])
    }

    private func arp(_ text: KeyText) -> String {
        text.group(
            "arp",
            [
                text.ipv4("sip", .arpSourceIP), text.ipv4("tip", .arpTargetIP),
                text.decimal("op", .arpOperation), text.mac("sha", .arpSourceMAC),
                text.mac("tha", .arpTargetMAC),
            ])
    }

    private func transport(_ text: KeyText) -> [String] {
        guard text.key[.ipFragment] != UInt64(Fragment.later.rawValue) else { return [] }
        let ports = [text.decimal("src", .sourcePort), text.decimal("dst", .destinationPort)]
        let types = [text.decimal("type", .icmpType), text.decimal("code", .icmpCode)]
        switch UInt8(text.key[.ipProtocol]) {
        case IPProtocol.tcp:
            return [text.group("tcp", ports), text.flags("tcp_flags", .tcpFlags, Self.tcpNames)]
        case IPProtocol.udp: return [text.group("udp", ports)]
        case IPProtocol.sctp: return [text.group("sctp", ports)]
        case IPProtocol.icmp: return [text.group("icmp", types)]
        case IPProtocol.icmpv6: return [text.group("icmpv6", types), neighborDiscovery(text)]
        default: return []
        }
    }

    private func neighborDiscovery(_ text: KeyText) -> String {
        text.group(
            "nd",
            [
                text.ipv6("target", .ndTarget), text.mac("sll", .ndSourceLink),
                text.mac("tll", .ndTargetLink),
            ])
    }

    private func tunnel(_ text: KeyText) -> String {
        guard text.key[.tunnelFamily] != TunnelFamily.none else { return "" }
        let isIPv4 = text.key[.tunnelFamily] == TunnelFamily.ipv4
        let address: (String, KeyField) -> String = { name, field in
            isIPv4 ? text.ipv4(name, field) : text.ipv6(name, field)
        }
        return text.group(
            "tunnel",
            [
                text.hexadecimalPart("tun_id", .tunnelID), address("src", .tunnelSource),
                address("dst", .tunnelDestination), text.hexadecimalPart("tos", .tunnelTOS),
                text.decimal("ttl", .tunnelTTL), text.decimal("tp_src", .tunnelSourcePort),
                text.decimal("tp_dst", .tunnelDestinationPort), geneve(text),
                tunnelFlags(text),
            ])
    }

    /// A tunnel key always has an identifier, which counts as a flag.
    private func tunnelFlags(_ text: KeyText) -> String {
        guard text.coverage(.tunnelFlags) != .none else { return "" }
        return "flags(\(text.signs(.tunnelFlags, Self.tunnelNames))+key)"
    }

    private func geneve(_ text: KeyText) -> String {
        guard text.key[.tunnelOptions] == TunnelOptions.logical,
            text.coverage(.tunnelOption) != .none
        else { return "" }
        let value = "0x" + hexadecimal(text.key[.tunnelOption])
        let mask = text.mask[.tunnelOption]
        let tail = mask == 0xffff_ffff ? "" : "/0x" + hexadecimal(mask)
        return "geneve({class=0x102,type=0x80,len=4,\(value)\(tail)})"
    }

    static let stateNames = ["new", "est", "rel", "rpl", "inv", "trk", "snat", "dnat"]
    static let tcpNames = ["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr", "ns"]
    static let tunnelNames = ["df", "csum", "oam"]
}

/// Prints single fields of a key under a mask.
private struct KeyText {
    let key: FlowKey
    let mask: FlowMask

    func coverage(_ field: KeyField) -> FlowText.Coverage {
        let bits = mask[wide: field].nonzeroBitCount
        return bits == 0 ? .none : bits == Int(field.position.width) ? .whole : .part
    }

    func group(_ name: String, _ parts: [String]) -> String {
        let there = parts.filter { !$0.isEmpty }
        return there.isEmpty ? "" : "\(name)(\(there.joined(separator: ",")))"
    }

    /// `name=value`, with `/mask` printed like the value where the mask is partial.
    func part(_ name: String, _ field: KeyField, _ print: (UInt128) -> String) -> String {
        switch coverage(field) {
        case .none: ""
        case .whole: "\(name)=\(print(key[wide: field]))"
        case .part: "\(name)=\(print(key[wide: field]))/\(print(mask[wide: field]))"
        }
    }

    /// `name(0x1/0xff)`.
    func single(_ name: String, _ field: KeyField) -> String {
        guard coverage(field) != .none else { return "" }
        return "\(name)(\(hexadecimalValue(field)))"
    }

    private func hexadecimalValue(_ field: KeyField) -> String {
        let tail = coverage(field) == .part ? "/" + prefixed(mask[wide: field]) : ""
        return prefixed(key[wide: field]) + tail
    }

    func hexadecimalPart(_ name: String, _ field: KeyField) -> String {
        coverage(field) == .none ? "" : "\(name)=\(hexadecimalValue(field))"
    }

    func decimal(_ name: String, _ field: KeyField) -> String {
        let tail = coverage(field) == .part ? "/" + prefixed(mask[wide: field]) : ""
        return coverage(field) == .none ? "" : "\(name)=\(key[field])\(tail)"
    }

    func mac(_ name: String, _ field: KeyField) -> String {
        part(name, field) { MACAddress(UInt64($0)).description }
    }

    /// Also of a field that has room for IPv6.
    func ipv4(_ name: String, _ field: KeyField) -> String {
        let bits = UInt32(truncatingIfNeeded: mask[wide: field])
        let address = IPv4Address(UInt32(truncatingIfNeeded: key[wide: field]))
        guard bits != 0 else { return "" }
        guard bits != .max else { return "\(name)=\(address)" }
        let length = (~bits).leadingZeroBitCount
        let isPrefix = IPv4Prefix.mask(length: length).bits == bits
        return "\(name)=\(address)/" + (isPrefix ? "\(length)" : "\(IPv4Address(bits))")
    }

    func ipv6(_ name: String, _ field: KeyField) -> String {
        let bits = mask[wide: field]
        let address = IPv6Address(key[wide: field])
        switch coverage(field) {
        case .none: return ""
        case .whole: return "\(name)=\(address)"
        case .part:
            let length = (~bits).leadingZeroBitCount
            let isPrefix = IPv6Prefix.mask(length: length).bits == bits
            return "\(name)=\(address)/" + (isPrefix ? "\(length)" : "\(IPv6Address(bits))")
        }
    }

    var fragment: String {
        guard coverage(.ipFragment) != .none else { return "" }
        return switch key[.ipFragment] {
        case 0: "frag=no"
        case 1: "frag=first"
        default: "frag=later"
        }
    }

    /// `+name-name` for the bits that the mask has, `name|name` where it has all of them.
    func flags(_ name: String, _ field: KeyField, _ names: [String]) -> String {
        let coverage = coverage(field)
        guard coverage != .none else { return "" }
        if coverage == .whole {
            let set = names.indices.filter { key[field] >> UInt64($0) & 1 == 1 }.map { names[$0] }
            return "\(name)(\(set.isEmpty ? "0" : set.joined(separator: "|")))"
        }
        return "\(name)(\(signs(field, names)))"
    }

    /// `+name-name` for the bits that the mask has.
    func signs(_ field: KeyField, _ names: [String]) -> String {
        var text = ""
        for bit in 0..<Int(field.position.width) where mask[field] >> UInt64(bit) & 1 == 1 {
            guard bit < names.count else { continue }
            text += (key[field] >> UInt64(bit) & 1 == 1 ? "+" : "-") + names[bit]
        }
        return text
    }
}

/// Digits without prefix; zero prints as 0.
func hexadecimal(_ value: some BinaryInteger, digits: Int = 1) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
}

/// As printf's `%#x`: zero has no prefix.
func prefixed(_ value: some BinaryInteger) -> String {
    value == 0 ? "0" : "0x" + String(value, radix: 16)
}

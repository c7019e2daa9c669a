// The packet of `ofproto/trace` (ovs-vswitchd(8)) as `trace` takes it: from the words of ovs-fields(7)
// (`in_port=vm1,tcp,nw_dst=10.0.0.1,tp_dst=80`) or of a flow as dpctl/dump-flows prints it
// (`in_port(3),eth(src=…),eth_type(0x0800),ipv4(src=…),tcp(dst=80)`) to an expression of the match
// language.
//
// What only a flow has is passed over: masks, the connection's fields, counters, actions. A flow of a
// recirculated packet is refused, since the pipeline begins with the packet as it came in.

import Wire

package struct OpenFlowMicroflow: Sendable {
    package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// By the name that ovs-fields(7) has, in the order in which they stand.
    private var fields: [(name: String, value: String)] = []
    /// Words without a value, such as `tcp`.
    private var protocols: [String] = []

    package init(parsing text: String) throws(Failure) {
        if text.contains("(") {
            try parse(flow: text)
        } else {
            for word in text.split(separator: ",") {
                let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
                if parts.count == 2 {
                    fields.append((parts[0], parts[1]))
                } else {
                    protocols.append(String(word))
                }
            }
        }
    }

    /// - Parameter port: the logical port behind an interface, by its name or number.
    package func expression(port: (String) -> String?) throws(Failure) -> String {
        var terms: [String] = []
        for word in protocols {
            guard let name = Self.protocolNames[word] else {
                throw Failure(description: "\(word): unknown protocol")
            }
            terms.append(name)
        }
        let transport = try transport()
        for (name, value) in fields where !Self.passedOver.contains(name) {
            guard name != "in_port" else {
                guard let logical = port(value) else {
                    throw Failure(description: "in_port: no logical port behind \(value)")
                }
                terms.append("inport == \"\(logical)\"")
                continue
            }
            terms.append("\(try symbol(name, transport)) == \(value)")
        }
        guard fields.contains(where: { $0.name == "in_port" }) else {
            throw Failure(description: "in_port is missing: a packet comes in by a port")
        }
        return terms.joined(separator: " && ")
    }

    /// The protocol that ports belong to: by its word, or by its number.
    private func transport() throws(Failure) -> String? {
        let numbers = ["6": "tcp", "17": "udp", "132": "sctp", "1": "icmp4", "58": "icmp6"]
        let byNumber = fields.first { ["nw_proto", "ip_proto"].contains($0.name) }
            .flatMap { numbers[$0.value] }
        return protocols.compactMap { Self.transports[$0] }.first ?? byNumber
    }

    private func symbol(_ name: String, _ transport: String?) throws(Failure) -> String {
        if let symbol = Self.symbols[name] { return symbol }
        let parts = name.split(separator: "_", maxSplits: 1).map(String.init)
        guard parts.count == 2, ["tp", "tcp", "udp", "sctp", "icmp", "icmpv6"].contains(parts[0]),
            ["src", "dst", "type", "code"].contains(parts[1])
        else { throw Failure(description: "unknown field \(name)") }
        guard let transport else {
            throw Failure(description: "\(name) without a protocol such as tcp")
        }
        return "\(transport).\(parts[1])"
    }

    private static let transports = [
        "tcp": "tcp", "tcp6": "tcp", "udp": "udp", "udp6": "udp", "sctp": "sctp", "sctp6": "sctp",
        "icmp": "icmp4", "icmp6": "icmp6",
    ]

    private static let protocolNames = [
        "ip": "ip4", "ipv6": "ip6", "arp": "arp", "icmp": "icmp4", "icmp6": "icmp6",
        "tcp": "ip4 && tcp", "tcp6": "ip6 && tcp", "udp": "ip4 && udp", "udp6": "ip6 && udp",
        "sctp": "ip4 && sctp", "sctp6": "ip6 && sctp",
    ]

    private static let symbols = [
        "dl_src": "eth.src", "eth_src": "eth.src", "dl_dst": "eth.dst", "eth_dst": "eth.dst",
        "dl_type": "eth.type", "eth_type": "eth.type", "dl_vlan": "vlan.vid",
        "vlan_vid": "vlan.vid",
        "nw_src": "ip4.src", "ip_src": "ip4.src", "nw_dst": "ip4.dst", "ip_dst": "ip4.dst",
        "ipv6_src": "ip6.src", "ipv6_dst": "ip6.dst", "nw_proto": "ip.proto",
        "ip_proto": "ip.proto",
        "nw_ttl": "ip.ttl", "ip_dscp": "ip.dscp", "arp_op": "arp.op", "arp_spa": "arp.spa",
        "arp_tpa": "arp.tpa", "arp_sha": "arp.sha", "arp_tha": "arp.tha", "nd_target": "nd.target",
        "nd_sll": "nd.sll", "nd_tll": "nd.tll",
    ]

    /// Of the packet's way, not of the packet.
    private static let passedOver: Set<String> = [
        "recirc_id", "dp_hash", "skb_priority", "skb_mark", "ct_state", "ct_zone", "ct_mark",
        "ct_label", "ip_frag", "nw_frag", "packet_type", "ip_tos", "ip_tclass", "ipv6_label",
        "tcp_flags",
    ]
}

extension OpenFlowMicroflow {
    /// `name(value)` or `name(part=value,…)`, one after the other.
    private mutating func parse(flow text: String) throws(Failure) {
        // In a list an identifier stands before the key, counters and actions behind it.
        let words = text.split(separator: " ")
        let key = words.first { !$0.hasPrefix("ufid:") } ?? ""
        var rest = key[...]
        while let open = rest.firstIndex(of: "(") {
            let name = String(rest[..<open].drop { $0 == "," })
            guard let close = rest[open...].firstIndex(of: ")") else {
                throw Failure(description: "\(name): a parenthesis is not closed")
            }
            try take(name, rest[rest.index(after: open)..<close])
            rest = rest[rest.index(after: close)...]
        }
    }

    private mutating func take(_ name: String, _ inner: Substring) throws(Failure) {
        guard let prefix = Self.prefixes[name] else {
            fields.append((name, Self.unmasked(inner)))
            if name == "recirc_id", Self.unmasked(inner).drop(while: { "0x".contains($0) }) != "" {
                throw Failure(
                    description:
                        "recirc_id(\(inner)): trace the packet as it came in, with recirc_id(0)")
            }
            return
        }
        for part in inner.split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else {
                throw Failure(description: "\(name): \(part) has no value")
            }
            let field = Self.partNames["\(name).\(pair[0])"] ?? "\(prefix)_\(pair[0])"
            fields.append((field, Self.unmasked(pair[1])))
        }
    }

    private static func unmasked(_ text: Substring) -> String {
        String(text.prefix { $0 != "/" })
    }

    private static let prefixes = [
        "eth": "eth", "ipv4": "ip", "ipv6": "ipv6", "tcp": "tcp", "udp": "udp", "sctp": "sctp",
        "icmp": "icmp", "icmpv6": "icmpv6", "arp": "arp", "nd": "nd", "vlan": "vlan",
    ]

    private static let partNames = [
        "ipv4.proto": "nw_proto", "ipv4.ttl": "nw_ttl", "ipv6.proto": "nw_proto",
        "ipv6.hlimit": "nw_ttl", "arp.sip": "arp_spa", "arp.tip": "arp_tpa", "arp.op": "arp_op",
        "ipv6.tclass": "ip_tclass", "ipv6.label": "ipv6_label", "ipv6.frag": "ip_frag",
        "vlan.pcp": "ip_tos",
    ]
}

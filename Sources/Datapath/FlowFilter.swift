// Which flows `dpctl/dump-flows filter=…` of ovs-vswitchd(8) is about, in the words of ovs-fields(7):
// `in_port=3,tcp,nw_dst=10.0.0.1,tp_dst=80`. A flow is meant if it compares each of the fields as a
// whole and with this value.

import Wire

package struct FlowFilter: Hashable, Sendable {
    package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        package let description: String
    }

    private var wanted: [KeyField: UInt128] = [:]

    /// Every flow is meant.
    package init() {}

    /// - Parameter port: the number of a port by its name or number.
    package init(parsing text: String, port: (String) -> UInt32?) throws(Failure) {
        for word in text.split(separator: ",") {
            let parts = word.split(separator: "=", maxSplits: 1)
            if parts.count == 1, let fields = Self.protocols[String(word)] {
                wanted.merge(fields) { $1 }
                continue
            }
            guard parts.count == 2 else {
                throw Failure(description: "\(word): no protocol, and no FIELD=VALUE")
            }
            try take(String(parts[0]), String(parts[1]), port)
        }
    }

    package func covers(_ flow: Megaflow) -> Bool {
        wanted.allSatisfy { field, value in
            // All of it that the kernel compares.
            let whole = FlowMask(exact: [field]).widened(for: flow.key)[wide: field]
            return whole != 0 && flow.mask[wide: field] & whole == whole
                && flow.key[wide: field] == value
        }
    }

    private mutating func take(
        _ name: String, _ value: String, _ port: (String) -> UInt32?
    ) throws(Failure) {
        let failure = Failure(description: "\(name): invalid value \(value)")
        if name == "in_port" {
            guard let number = port(value) else {
                throw Failure(description: "in_port: no port \(value)")
            }
            wanted[.inputPort] = UInt128(number)
            return
        }
        guard let field = Self.fields[name] else {
            throw Failure(description: "unknown field \(name)")
        }
        guard let number = Self.number(value) else { throw failure }
        guard let field = field.of(number) else { throw failure }
        wanted[field] = number.value
    }

    private static func number(_ text: String) -> Value? {
        if let address = MACAddress(parsing: text) { return .mac(UInt128(address.bits)) }
        switch IPAddress(parsing: text) {
        case .v4(let address)?: return .v4(UInt128(address.bits))
        case .v6(let address)?: return .v6(address.bits)
        case nil: break
        }
        let isHexadecimal = text.hasPrefix("0x")
        return UInt128(
            isHexadecimal ? String(text.dropFirst(2)) : text, radix: isHexadecimal ? 16 : 10
        )
        .map { .number($0) }
    }

    private enum Value {
        case mac(UInt128), v4(UInt128), v6(UInt128), number(UInt128)

        var value: UInt128 {
            switch self {
            case .mac(let value), .v4(let value), .v6(let value), .number(let value): value
            }
        }
    }

    private enum Field {
        case number(KeyField), mac(KeyField), address(v4: KeyField, v6: KeyField)

        /// Nil for a value of another kind.
        func of(_ value: Value) -> KeyField? {
            switch (self, value) {
            case (.number(let field), .number), (.mac(let field), .mac),
                (.address(let field, _), .v4), (.address(_, let field), .v6):
                field
            case (.number, _), (.mac, _), (.address, _): nil
            }
        }
    }

    private static let fields: [String: Field] = {
        let source = Field.address(v4: .ipv4Source, v6: .ipv6Source)
        let destination = Field.address(v4: .ipv4Destination, v6: .ipv6Destination)
        var fields: [String: Field] = [
            "recirc_id": .number(.recirculationID), "ct_zone": .number(.ctZone),
            "ct_mark": .number(.ctMark), "ct_label": .number(.ctLabel),
            "ct_state": .number(.ctState), "tun_id": .number(.tunnelID),
            "eth_type": .number(.ethernetType), "dl_type": .number(.ethernetType),
            "eth_src": .mac(.ethernetSource), "dl_src": .mac(.ethernetSource),
            "eth_dst": .mac(.ethernetDestination), "dl_dst": .mac(.ethernetDestination),
            "nw_proto": .number(.ipProtocol), "ip_proto": .number(.ipProtocol),
            "nw_ttl": .number(.ipTTL), "icmp_type": .number(.icmpType),
            "icmp_code": .number(.icmpCode),
        ]
        for prefix in ["nw", "ip", "ipv6"] {
            fields["\(prefix)_src"] = source
            fields["\(prefix)_dst"] = destination
        }
        for prefix in ["tp", "tcp", "udp", "sctp"] {
            fields["\(prefix)_src"] = .number(.sourcePort)
            fields["\(prefix)_dst"] = .number(.destinationPort)
        }
        return fields
    }()

    private static let protocols: [String: [KeyField: UInt128]] = {
        let four = UInt128(EtherType.ipv4)
        let six = UInt128(EtherType.ipv6)
        var protocols: [String: [KeyField: UInt128]] = [
            "arp": [.ethernetType: UInt128(EtherType.arp)], "ip": [.ethernetType: four],
            "ipv6": [.ethernetType: six],
            "icmp": [.ethernetType: four, .ipProtocol: UInt128(IPProtocol.icmp)],
            "icmp6": [.ethernetType: six, .ipProtocol: UInt128(IPProtocol.icmpv6)],
        ]
        let transports = [
            ("tcp", IPProtocol.tcp), ("udp", IPProtocol.udp), ("sctp", IPProtocol.sctp),
        ]
        for (name, number) in transports {
            protocols[name] = [.ethernetType: four, .ipProtocol: UInt128(number)]
            protocols[name + "6"] = [.ethernetType: six, .ipProtocol: UInt128(number)]
        }
        return protocols
    }()
}

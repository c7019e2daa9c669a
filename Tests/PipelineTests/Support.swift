import Datapath
import LogicalFlow

@testable import Pipeline

/// A small generator whose sequence depends on its seed alone (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func pick<Element>(_ list: [Element]) -> Element {
        list[Int.random(in: 0..<list.count, using: &self)]
    }

    mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &self) }

    mutating func chance(_ of: Int) -> Bool { number(0..<of) == 0 }

    mutating func identifier() -> RowIdentifier { RowIdentifier(high: next(), low: next()) }
}

/// What a builder has been told, evaluated in the plainest way.
struct NaivePipeline {
    var flows: [RowIdentifier: FlowRecord] = [:]
    var ports: [String: PortRecord] = [:]
    var multicast: [String: [DatapathKey: UInt32]] = [:]
    var portGroups: [String: Set<String>] = [:]
    var addressSets: [String: Set<String>] = [:]
    var groups: [RowIdentifier: Set<DatapathKey>] = [:]
    var variables: [String: String] = [:]

    func lookup(_ stage: Stage, _ datapath: DatapathKey, _ key: FlowPointer) -> RowIdentifier? {
        let subject = Subject(pipeline: self, datapath: datapath, key: key)
        var best: FlowRecord?
        for flow in flows.values where flow.stage == stage && reaches(flow.scope, datapath) {
            if let best, !precedes(flow, best) { continue }
            if holds(flow, subject) { best = flow }
        }
        return best?.id
    }

    private func reaches(_ scope: FlowRecord.Scope, _ datapath: DatapathKey) -> Bool {
        switch scope {
        case .datapath(let key): key == datapath
        case .group(let id): groups[id]?.contains(datapath) ?? false
        }
    }

    private func precedes(_ left: FlowRecord, _ right: FlowRecord) -> Bool {
        left.priority != right.priority ? left.priority > right.priority : left.id < right.id
    }

    private func holds(_ flow: FlowRecord, _ subject: Subject) -> Bool {
        guard case .text(let match) = Template.expand(flow.match, variables),
            let actions = try? ActionList(parsing: flow.actions)
        else { return false }
        let table: SymbolTable = flow.translatesTransport ? .connectionTracking : .standard
        guard let parsed = try? Match(parsing: match, table: table) else { return false }
        return Condition(parsed, table: table, prerequisites: actions.prerequisites)
            .holds(for: subject)
    }

    /// Feeds everything to a new builder.
    func builder() -> PipelineBuilder {
        let builder = PipelineBuilder()
        builder.setTemplateVariables(variables)
        for port in ports.values { builder.setPort(port) }
        for (name, keys) in multicast {
            for (datapath, key) in keys {
                builder.setMulticastGroup(name, in: datapath, key: key)
            }
        }
        for (name, ports) in portGroups { builder.setPortGroup(name, ports: ports) }
        for (name, members) in addressSets { builder.setAddressSet(name, members) }
        for (id, members) in groups { builder.setDatapathGroup(id, members) }
        for flow in flows.values { builder.add(flow) }
        return builder
    }
}

private struct Subject: ConditionSubject {
    let pipeline: NaivePipeline
    let datapath: DatapathKey
    let key: FlowPointer

    func content(of field: Field) -> UInt128 { KeySpan(field).map { key[$0] } ?? 0 }

    func portKey(named name: String) -> UInt32? {
        if let port = pipeline.ports[name], port.datapath == datapath { return port.key }
        if let key = pipeline.multicast[name]?[datapath] { return key }
        return name == "none" && !isKnown(name) ? 0 : nil
    }

    private func isKnown(_ name: String) -> Bool {
        pipeline.ports[name] != nil || pipeline.multicast[name] != nil
    }

    func portGroup(named name: String) -> [UInt32] {
        let members = pipeline.portGroups["\(datapath.value)_\(name)"] ?? []
        return members.compactMap { member in
            guard let port = pipeline.ports[member], port.datapath == datapath else { return nil }
            return port.key
        }
    }

    func addressSet(named name: String) -> [Number]? {
        pipeline.addressSets[name]?.compactMap { text in
            guard case .number(let number)? = Lexer.tokens(of: text).first else { return nil }
            return number
        }
    }

    func isChassisResident(_ port: String) -> Bool { pipeline.ports[port]?.isResident ?? false }
}

/// Random flows, names and packets over few values, so that packets hit flows.
struct RandomPipeline {
    var generator: SeededGenerator
    let stages = [Stage(.ingress, 0), Stage(.ingress, 7), Stage(.egress, 3)]
    let datapaths = (1...4).map { DatapathKey(UInt32($0)) }
    let groupIDs = (1...3).map { RowIdentifier(high: UInt64($0) << 60, low: 0) }
    let portNames = (1...8).map { "p\($0)" }
    private let snippets = [
        "ip4", "ip6", "arp", "tcp", "udp", "icmp", "ip", "eth.dst[40]", "!eth.mcast", "ct.new",
        "!ct.est", "ct.trk && !ct.rpl", "flags.loopback == 1", "vlan.present", "vlan.vid != 3",
        "reg0 == 1", "reg0[0] == 1", "reg0[1..2] != 2", "reg1 == {1, 2, 3, 4, 5}",
        "reg9[16..31] < 3", "xxreg0[32..95] > 7", "xxreg1 == 0", "ct_label.label <= 2",
        "eth.src == 00:00:00:00:00:01", "eth.src == {00:00:00:00:00:01, 00:00:00:00:00:02}",
        "eth.dst == ff:ff:ff:ff:ff:ff", "ip4.src == 10.0.0.1", "ip4.src == 10.0.0.0/24",
        "ip4.dst == 10.0.0.0/255.0.0.255", "ip4.dst == {10.0.0.1, 10.0.0.2, 10.0.1.0/24}",
        "ip4.dst != 10.0.0.1", "ip4.src == $as1", "ip4.dst != $as2", "ip4.dst == {$as1, 10.9.9.9}",
        "ip6.dst == fd00::/64", "ip6.dst == $as6", "ip6.src != fd00::1", "tcp.dst == 80",
        "tcp.dst == {80, 443}", "1 <= udp.dst <= 2", "tcp.flags[1] == 1", "ip.ttl == {0, 1}",
        "ip.dscp == 3", "icmp4.type == 8", "arp.op == 1", "arp.tpa == 10.0.0.1", "nd_ns",
        "nd.target == fd00::1", "inport == \"p1\"", "inport == \"p2\"", "inport == \"p5\"",
        "outport == \"p3\"", "outport == \"p8\"", "outport == {\"p3\", \"p4\"}",
        "outport == \"_MC_flood\"", "outport == \"_MC_one\"", "outport == \"none\"",
        "inport == \"nowhere\"", "inport == @pg1", "outport == @pg2", "inport == {@pg1, \"p7\"}",
        "is_chassis_resident(\"p1\")", "!is_chassis_resident(\"p2\")", "ip4.src == ^vip",
        "1", "0", "remote_outport == \"p1\"", "ip4.src == 10.0.0.1/0", "ip4 && ip4.src == 10.0.0.2",
    ]
    private let actionTexts = [
        "next;", "drop;", "output;", "outport = \"p1\"; output;", "ip.ttl--; next;",
        "outport = \"_MC_flood\"; output;", "tcp.dst = 80; next;", "ct_next;", "reg0 = 1; next;",
    ]

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func flow() -> FlowRecord {
        FlowRecord(
            id: generator.identifier(), stage: generator.pick(stages),
            priority: UInt16(generator.number(0..<12)), scope: scope(), match: match(),
            actions: generator.pick(actionTexts), translatesTransport: generator.chance(10))
    }

    private mutating func scope() -> FlowRecord.Scope {
        generator.chance(2)
            ? .datapath(generator.pick(datapaths)) : .group(generator.pick(groupIDs))
    }

    private mutating func match() -> String {
        let parts = (0..<generator.number(1..<4)).map { _ in part() }
        return parts.joined(separator: " && ")
    }

    private mutating func part() -> String {
        if generator.chance(4) {
            return "((\(generator.pick(snippets))) || (\(generator.pick(snippets))))"
        }
        return "(\(generator.pick(snippets)))"
    }

    mutating func port(_ name: String) -> PortRecord {
        PortRecord(
            name: name, datapath: generator.pick(datapaths), key: UInt32(generator.number(1..<5)),
            isResident: generator.chance(2))
    }

    mutating func address() -> String {
        generator.pick([
            "10.0.0.1", "10.0.0.2", "10.0.0.0/30", "10.0.1.0/24", "10.0.0.0/255.0.0.255", "0",
            "fd00::1", "fd00::/65", "fd00::2", "\"junk\"", "10.0.0.3", "0.0.0.0/0",
        ])
    }

    mutating func addresses() -> Set<String> {
        Set((0..<generator.number(0..<5)).map { _ in address() })
    }

    mutating func members() -> Set<String> {
        Set((0..<generator.number(0..<5)).map { _ in generator.pick(portNames) })
    }

    mutating func datapathSet() -> Set<DatapathKey> {
        Set((0..<generator.number(0..<4)).map { _ in generator.pick(datapaths) })
    }

    /// Fills the words of a key.
    mutating func fill(_ key: FlowPointer, _ datapath: DatapathKey) {
        key.clear()
        for field in Field.allCases where !generator.chance(3) {
            guard let span = KeySpan(field) else { continue }
            key[span] = value(Int(span.width))
        }
        key[.datapath] = UInt64(datapath.value)
        key[.inport] = UInt64(generator.number(0..<5))
        key[.outport] = UInt64(generator.pick([0, 1, 2, 3, 4, 32768]))
        key[.ethernetType] = generator.pick([0x800, 0x800, 0x86dd, 0x806])
        key[.ipProtocol] = generator.pick([1, 6, 6, 17, 58])
        key[.ipv4Source] = 0x0a00_0000 + UInt64(generator.pick([0, 1, 2, 3, 256, 0x10000]))
        key[.ipv4Destination] = 0x0a00_0000 + UInt64(generator.pick([0, 1, 2, 3, 257, 0x10001]))
        key[wide: .ipv6Destination] = 0xfd00 << 112 | UInt128(generator.number(0..<3))
    }

    private mutating func value(_ width: Int) -> UInt128 {
        let all: [UInt128] = [
            0, 1, 2, 3, 4, 8, 80, 443, 0xfd00 << 112 | 1, .ones(width), 0x20, 0x21, 0x22,
            UInt128(1) << 96, UInt128(5) << 64,
        ]
        return generator.pick(all) & .ones(width)
    }
}

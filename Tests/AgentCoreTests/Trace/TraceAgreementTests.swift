import Datapath
import OVSDBModel
import Pipeline
import Schemas
import Testing
import Wire

@testable import AgentCore

/// ovn-trace evaluates actions one by one, the datapath in lists of the kernel's: a trace of a packet ends
/// at the ports that the datapath brings it to.
@Suite struct TraceAgreementTests {
    private static let mostCopies = 64

    @Test(arguments: 1...150 as ClosedRange<UInt64>)
    func tracesEndWherePacketsArrive(seed: UInt64) throws {
        var network = TwinNetwork(seed: seed)
        let traced = TraceNetwork(network.rows.replica)
        #expect(network.control.builder.problems.isEmpty)
        var host = Host(network.control.snapshot(), ports: TwinNetwork.ports)
        for _ in 0..<12 {
            let packet = network.packet()
            var question = NetworkTrace(microflow: packet.microflow)
            question.forms = [.minimal]
            let answer = question.answer(traced)
            let outcome = host.receive(packet.frame, on: packet.vport)
            // Packets that multiply end somewhere in both, but not at the same limit.
            if Self.ends(answer).count > Self.mostCopies { continue }
            #expect(outcome.faults.isEmpty, "\(packet.microflow)")
            let arrived = outcome.sent.compactMap { TwinNetwork.names[$0.port] }
            #expect(Self.ends(answer) == arrived.sorted(), "\(network.text)\(answer)")
        }
    }

    /// The ports at which a trace ends. Where a flow delivers to a group, which is nobody's port, a trace
    /// says that as well.
    private static func ends(_ trace: String) -> [String] {
        trace.matches(of: #/output\("([a-z0-9]+)"\)/#).map { String($0.1) }
            .filter(TwinNetwork.names.values.contains).sorted()
    }

    /// The networks of the seeds are not so that every packet is dropped, or goes one way.
    @Test func thereIsSomethingToAgreeOn() {
        var reached: [Int: Int] = [:]
        for seed in 1...40 as ClosedRange<UInt64> {
            var network = TwinNetwork(seed: seed)
            var host = Host(network.control.snapshot(), ports: TwinNetwork.ports)
            for _ in 0..<12 {
                let packet = network.packet()
                let sent = host.receive(packet.frame, on: packet.vport).sent
                reached[Set(sent.map(\.port)).count, default: 0] += 1
            }
        }
        for count in 0...2 { #expect(reached[count, default: 0] > 20, "\(reached)") }
    }
}

/// Two switches joined by a patch, with random flows that know of no connections: as rows and for the
/// datapath.
private struct TwinNetwork {
    let control = Control()
    private(set) var rows = SouthboundRows()
    /// The flows, for who reads a failure.
    private(set) var text = ""
    private var random: SeededGenerator
    private var datapaths: [RowUUID] = []
    private var priority: UInt16 = 1

    static let ports: [ModelDatapath.Port] = (1...4).map { .init($0) }
    /// By the kernel's number.
    static let names: [UInt32: String] = [1: "p11", 2: "p12", 3: "p21", 4: "p22"]
    private static let macs = (1...4).map { "0a:00:00:00:00:0\($0)" }
    private static let ips = (1...4).map { "10.0.0.\($0)" }
    private static let lastTable = (ingress: 3, egress: 1)

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        for number in [1, 2] { datapaths.append(rows.datapath("s\(number)", number)) }
        for number in [1, 2] as [UInt32] { addPorts(number) }
        for number in [1, 2] as [UInt32] { addKnowledge(number) }
        for number in [1, 2] as [UInt32] {
            for table in 0..<3 { add(number, .ingress, table, "1", "next;") }
            add(number, .ingress, 3, "1", "outport = \"all\"; output;")
            add(number, .egress, 0, "1", "next;")
            add(number, .egress, 1, "1", "output;")
        }
        for _ in 0..<24 { addFlow() }
    }

    private mutating func addPorts(_ datapath: UInt32) {
        let row = datapaths[Int(datapath) - 1]
        let security = random.pick([[], ["0a:00:00:00:00:01 10.0.0.1"], ["0a:00:00:00:00:02"]])
        var members: [RowUUID] = []
        for key in [1, 2] as [UInt32] {
            let name = "p\(datapath)\(key)"
            let own = key == 1 ? security : []
            control.port(name, datapath, key, .here(vport: 2 * datapath - 2 + key), security: own)
            members.append(rows.port(name, Int(key), in: row, security: own))
        }
        let other = 3 - datapath
        control.port("t\(datapath)", datapath, 4, .peer(PortReference(datapath: other, port: 4)))
        members.append(
            rows.port("t\(datapath)", 4, in: row, type: "patch", options: ["peer": "t\(other)"]))
        control.group("all", datapath, 0x8000, local: [1, 2], peers: [4])
        rows.add(
            SB.MulticastGroup(datapath: row, name: "all", tunnelKey: 0x8000, ports: members))
    }

    /// Neighbours and stations.
    private mutating func addKnowledge(_ datapath: UInt32) {
        for (index, mac) in Self.macs.enumerated() where random.number(0..<2) == 0 {
            let address = MACAddress(0x0a00_0000_0001 + UInt64(index))
            let port = random.number(1..<3)
            control.view.learnedAddresses[LearnedAddressKey(datapath: datapath, address: address)] =
                UInt32(port)
            rows.add(SB.FDB(mac: mac, dpKey: Int(datapath), portKey: port))
            let ip = Self.ips[index]
            control.neighbour(datapath, 1, ip, address)
            rows.add(
                SB.MACBinding(
                    logicalPort: "p\(datapath)1", ip: ip, mac: mac,
                    datapath: datapaths[Int(datapath) - 1]))
        }
    }

    /// No two flows have the same priority: which of them is taken would be anybody's choice.
    private mutating func add(
        _ datapath: UInt32, _ pipeline: Stage.Pipeline, _ table: Int, _ match: String,
        _ actions: String
    ) {
        let name = pipeline == .ingress ? "ingress" : "egress"
        control.flow(datapath, pipeline, table, priority, match, actions)
        rows.flow(
            datapaths[Int(datapath) - 1], name, table, "\(name)\(table)", Int(priority), match,
            actions)
        text += "\(datapath) \(name) \(table) \(priority): \(match): \(actions)\n"
        priority += 1
    }

    private mutating func addFlow() {
        let datapath = UInt32(random.number(1..<3))
        let isIngress = random.number(0..<3) > 0
        let last = isIngress ? Self.lastTable.ingress : Self.lastTable.egress
        let table = random.number(0..<last + 1)
        let terms = (0..<random.number(1..<3)).map { _ in term(datapath) }
        add(
            datapath, isIngress ? .ingress : .egress, table, terms.joined(separator: " && "),
            actions(datapath, isIngress, table, depth: 0))
    }

    private mutating func term(_ datapath: UInt32) -> String {
        let (mac, ip) = (random.pick(Self.macs), random.pick(Self.ips))
        return random.pick([
            "eth.dst == \(mac)", "eth.src == \(mac)", "eth.mcast", "ip4.dst == \(ip)",
            "ip4.src == \(ip)/31", "ip.ttl == 63", "ip.ttl == 64", "udp.dst == 53",
            "udp.dst != 53", "inport == \"p\(datapath)1\"", "outport == \"p\(datapath)2\"",
            "inport == \"t\(datapath)\"", "reg0 == \(ip)", "reg1[3] == 1", "flags.loopback",
            "reg2[0..15] == 53", "ip.dscp == 0", "outport == \"all\"",
        ])
    }

    private mutating func actions(
        _ datapath: UInt32, _ isIngress: Bool, _ table: Int, depth: Int
    ) -> String {
        var list = (0..<random.number(0..<4)).map { _ in action(datapath) }
        // Where a packet goes is decided when its egress pipeline begins: a trace doesn't look again.
        if !isIngress { list.removeAll { $0.contains("port =") || $0.contains("<-> inport") } }
        if !isIngress { list.removeAll { $0.hasPrefix("flags") } }
        if depth < 2, random.number(0..<4) == 0 {
            list.append("clone { \(actions(datapath, isIngress, table, depth: depth + 1)) };")
        }
        let last = isIngress ? Self.lastTable.ingress : Self.lastTable.egress
        switch random.number(0..<8) {
        case 0...3 where table < last: list.append("next;")
        case 4 where table < last: list.append("next(\(random.number(table + 1..<last + 1)));")
        case 5: if list.isEmpty { list.append("drop;") }
        default: list.append("output;")
        }
        return list.joined(separator: " ")
    }

    private mutating func action(_ datapath: UInt32) -> String {
        let (mac, ip) = (random.pick(Self.macs), random.pick(Self.ips))
        return random.pick([
            "eth.dst = \(mac);", "eth.src = \(mac);", "eth.dst <-> eth.src;", "reg0 = ip4.dst;",
            "reg0 = ip4.src;", "ip4.src = reg0;", "ip4.dst = \(ip);", "ip4.src <-> ip4.dst;",
            "ip.ttl--;", "ip.ttl = 64;", "xreg0[0..47] = eth.src;", "eth.dst = xreg0[0..47];",
            "reg1[3] = 1;", "reg2[0..15] = udp.dst;", "udp.dst = reg2[0..15];",
            "flags.loopback = 1;", "flags = 0;", "outport = \"p\(datapath)1\";",
            "outport = \"p\(datapath)2\";", "outport = \"t\(datapath)\";", "outport = \"all\";",
            "outport = inport;", "outport <-> inport;", "push(reg0);", "pop(reg5);",
            "push(eth.src);", "pop(eth.dst);", "get_arp(inport, reg0);",
            "reg1[3] = lookup_arp(inport, reg0, eth.src);",
            "reg1[3] = lookup_arp_ip(inport, reg0);", "outport = get_fdb(eth.dst);",
            "reg1[3] = lookup_fdb(inport, eth.src);", "reg1[3] = check_in_port_sec();",
            "reg1[3] = check_out_port_sec();", "ip.dscp = 5;",
        ])
    }

    /// A datagram as a frame and as words.
    mutating func packet() -> (frame: [UInt8], vport: UInt32, microflow: String) {
        let vport = UInt32(random.number(1..<5))
        let source = random.number(1..<5)
        let target = random.number(0..<5)
        let (from, to) = (random.pick(Self.ips), random.pick(Self.ips))
        // A trace lets a packet go on that has one hop left, as stock's does.
        let ttl = random.pick([64, 200])
        let port = random.pick([53, 80])
        func mac(_ number: Int) -> MACAddress {
            number == 0 ? .broadcast : MACAddress(0x0a00_0000_0000 + UInt64(number))
        }
        let frame = Frames.udp(
            mac(source), mac(target), from: from, to: to, ttl: UInt8(ttl), port: UInt16(port))
        let microflow =
            "inport == \"\(Self.names[vport] ?? "")\" && eth.src == \(mac(source)) && "
            + "eth.dst == \(mac(target)) && ip4.src == \(from) && ip4.dst == \(to) && "
            + "ip.ttl == \(ttl) && udp.src == 1000 && udp.dst == \(port)"
        return (frame, vport, microflow)
    }
}

import Datapath
import Pipeline
import Wire

@testable import AgentCore

/// Random pipelines on two switches joined by a patch, from few values, so that packets meet flows.
struct RandomNetwork {
    let control = Control()
    private var random: SeededGenerator
    /// Rows that can be removed again.
    private var rows: [RowIdentifier] = []

    static let ports: [ModelDatapath.Port] = [
        .init(1), .init(2), .init(3), .init(4), .init(99, .tunnel),
    ]
    private static let macs = (1...4).map { "0a:00:00:00:00:0\($0)" }
    private static let ips = (1...4).map { "10.0.0.\($0)" }

    init(seed: UInt64, flows: Int) {
        random = SeededGenerator(seed: seed)
        let remote = control.tunnel("192.0.2.2")
        for datapath in [1, 2] as [UInt32] {
            control.port("p\(datapath)1", datapath, 1, .here(vport: datapath * 2 - 1))
            control.port("p\(datapath)2", datapath, 2, .here(vport: datapath * 2))
            control.port("x\(datapath)", datapath, 3, .remote([remote]))
            control.port(
                "t\(datapath)", datapath, 4, .peer(PortReference(datapath: 3 - datapath, port: 4)))
            control.group(
                "all", datapath, 0x8000, local: [1, 2], peers: [4], remote: [remote])
        }
        control.view.routers.insert(2)
        for _ in 0..<flows { addFlow() }
    }

    // MARK: - Edits

    mutating func edit() {
        switch random.number(0..<7) {
        case 0, 1: addFlow()
        case 2, 3:
            guard !rows.isEmpty else { return }
            control.builder.remove(rows.remove(at: random.number(0..<rows.count)))
        case 4: editPort()
        case 5:
            let mac = random.number(0..<3) == 0 ? nil : random.pick([Frames.a, Frames.b, Frames.c])
            control.neighbour(
                UInt32(random.number(1..<3)), UInt32(random.number(1..<5)),
                random.pick(Self.ips), mac)
        default:
            let key = LearnedAddressKey(
                datapath: UInt32(random.number(1..<3)),
                address: MACAddress(0x0a00_0000_0000 + UInt64(random.number(1..<5))))
            control.view.learnedAddresses[key] =
                random.number(0..<3) == 0 ? nil : UInt32(random.number(1..<5))
        }
    }

    private mutating func editPort() {
        let datapath = UInt32(random.number(1..<3))
        let security = random.pick([[], ["0a:00:00:00:00:01 10.0.0.1"], ["0a:00:00:00:00:02"]])
        let place: PortPlace =
            random.number(0..<4) == 0 ? .nowhere : .here(vport: datapath * 2 - 1)
        control.port("p\(datapath)1", datapath, 1, place, security: security)
        if random.number(0..<3) == 0 {
            control.group(
                "all", datapath, 0x8000, local: random.number(0..<2) == 0 ? [1] : [1, 2],
                peers: random.number(0..<2) == 0 ? [] : [4])
        }
    }

    private mutating func addFlow() {
        let datapath = UInt32(random.number(1..<3))
        let isIngress = random.number(0..<3) > 0
        let table = random.number(0..<(isIngress ? 4 : 2))
        rows.append(
            control.flow(
                datapath, isIngress ? .ingress : .egress, table, UInt16(random.number(0..<6)),
                match(datapath),
                actions(datapath, isIngress: isIngress, table: table, depth: 0)))
    }

    // MARK: - Texts

    private mutating func match(_ datapath: UInt32) -> String {
        let count = random.number(0..<3)
        if count == 0 { return "1" }
        return (0..<count).map { _ in term(datapath) }.joined(separator: " && ")
    }

    private mutating func term(_ datapath: UInt32) -> String {
        let mac = random.pick(Self.macs)
        let ip = random.pick(Self.ips)
        return random.pick([
            "eth.dst == \(mac)", "eth.src == \(mac)", "eth.mcast", "!eth.mcast", "ip4", "ip6",
            "arp", "ip4.dst == \(ip)", "ip4.src == \(ip)/31", "ip4.dst == 10.0.0.0/30",
            "ip.ttl == {0, 1}", "ip.ttl > 2", "udp.dst == 53", "tcp", "tcp.dst == 80",
            "icmp4.type == 8", "arp.op == 1", "arp.tpa == \(ip)", "ip.is_frag", "vlan.present",
            "inport == \"p\(datapath)1\"", "outport == \"p\(datapath)2\"", "reg0 == \(ip)",
            "reg0 == 0", "reg1[3] == 1", "flags.loopback", "ip6.dst == fd00::/64", "nd_ns",
            "ct.trk", "!ct.trk", "ct.new", "ct.est", "ct.rpl", "ct.inv", "ct.rel", "!ct.est",
            "ct.dnat", "ct.snat", "ct_mark.blocked == 1", "ct_mark.natted == 1",
            "ct_label.acl_id == 7", "reg2[0..15] == 53", "xreg0[0..7] == 1", "pkt.mark == 7",
            "ip.dscp == 0",
        ])
    }

    private mutating func actions(
        _ datapath: UInt32, isIngress: Bool, table: Int, depth: Int
    ) -> String {
        var list = (0..<random.number(0..<4)).map { _ in
            action(datapath, isIngress: isIngress, table: table, depth: depth)
        }
        list.append(ending(datapath, isIngress: isIngress, table: table))
        return list.joined(separator: " ")
    }

    private mutating func ending(_ datapath: UInt32, isIngress: Bool, table: Int) -> String {
        let last = isIngress ? 3 : 1
        switch random.number(0..<8) {
        case 0...3 where table < last: return "next;"
        case 4 where table < last: return "next(\(random.number(table + 1..<last + 1)));"
        case 5: return "next(pipeline=egress,table=\(isIngress ? 0 : table + 1));"
        case 6: return ""
        default: return "output;"
        }
    }

    private mutating func action(
        _ datapath: UInt32, isIngress: Bool, table: Int, depth: Int
    ) -> String {
        let mac = random.pick(Self.macs)
        let ip = random.pick(Self.ips)
        var choices = [
            "eth.dst = \(mac);", "eth.src = \(mac);", "eth.dst <-> eth.src;", "eth.dst = eth.src;",
            "reg0 = ip4.dst;", "reg0 = ip4.src;", "ip4.src = reg0;", "ip4.dst = \(ip);",
            "ip4.src <-> ip4.dst;", "ip.ttl--;", "ip.ttl = 64;", "xreg0[0..47] = eth.src;",
            "eth.dst = xreg0[0..47];", "xxreg1 = xxreg0;", "reg0 <-> reg5;", "reg1[3] = 1;",
            "reg2[0..15] = udp.dst;", "udp.dst = reg2[0..15];", "tcp.src <-> tcp.dst;",
            "flags.loopback = 1;", "flags = 0;", "outport = \"p\(datapath)1\";",
            "outport = \"p\(datapath)2\";", "outport = \"x\(datapath)\";",
            "outport = \"t\(datapath)\";", "outport = \"all\";", "outport = inport;",
            "outport <-> inport;", "push(reg0);", "pop(reg5);", "push(eth.src);", "pop(eth.dst);",
            "get_arp(outport, reg0);", "reg1[3] = lookup_arp(inport, reg0, eth.src);",
            "reg1[3] = lookup_arp_ip(inport, reg0);", "put_arp(inport, reg0, eth.src);",
            "outport = get_fdb(eth.dst);", "put_fdb(inport, eth.src);",
            "reg1[3] = lookup_fdb(inport, eth.src);", "reg1[3] = check_in_port_sec();",
            "reg1[3] = check_out_port_sec();", "reg1[3] = check_pkt_larger(50);",
            "arp.op = 2; arp.tha = arp.sha;", "arp.spa <-> arp.tpa;", "arp.sha = \(mac);",
            "icmp4.type = 0;", "pkt.mark = 7;", "ip.dscp = 5;", "ip6.dst <-> ip6.src;",
            "vlan.tci = 0x1005;", "vlan.tci = 0;", "reg0[8..23] = reg5[0..15];",
            "xxreg0 = ip6.dst;", "ip6.src = xxreg0;",
        ]
        if random.number(0..<3) == 0 {
            choices = [
                "ct_next;", "ct_next(snat);", "ct_clear;", "ct_commit;", "ct_commit_nat;",
                "ct_commit { ct_mark.blocked = 1; ct_label.acl_id = 7; };",
                "ct_commit { ct_mark.blocked = 0; ct_label.acl_id = reg2[0..15]; };",
                "ct_commit_to_zone(dnat);", "ct_dnat;", "ct_snat;", "ct_dnat(\(ip));",
                "ct_snat(10.0.0.9);", "ct_snat(10.0.0.9, 2000-2002);", "ct_dnat(\(ip), 80);",
                "ct_lb_mark;", "ct_lb_mark(backends=10.0.0.2:80,10.0.0.3:81,10.0.0.4:80);",
                "ct_lb_mark(backends=10.0.0.2:80; force_snat);",
                "ct_lb_mark(backends=10.0.0.2,10.0.0.3; hash_fields=\"ip_src,ip_dst\");",
                "ct_dnat_in_czone;", "ct_snat_in_czone(10.0.0.9);", "reg0 = ct_nw_dst();",
                "reg2[0..15] = ct_tp_dst();", "reg1[0..7] = ct_state_save();",
                "reg1[8..15] = ct_proto();", "reg5[0..15] = select(1, 2, 3);",
            ]
        }
        if depth < 2 {
            let block = actions(datapath, isIngress: isIngress, table: table, depth: depth + 1)
            choices += [
                "clone { \(block) };", "clone { \(block) };", "icmp4 { \(block) };",
                "arp { \(block) };", "tcp_reset { \(block) };", "nd_ns { \(block) };",
                "reject { \(block) };", "icmp6 { \(block) };",
            ]
        }
        return random.pick(choices)
    }

    // MARK: - Packets

    mutating func frame() -> [UInt8] {
        func mac(_ number: Int) -> MACAddress { MACAddress(0x0a00_0000_0000 + UInt64(number)) }
        var ethernet = EthernetHeader(
            destination: random.number(0..<5) == 0 ? .broadcast : mac(random.number(1..<5)),
            source: mac(random.number(1..<5)))
        if random.number(0..<6) == 0 {
            ethernet.tags = [VLANTag(tci: UInt16(random.pick([5, 0x2005])))]
        }
        let ttl = UInt8(random.pick([0, 1, 2, 3, 64]))
        let ipv4 = Frames.ipv4(random.pick(Self.ips), random.pick(Self.ips))
        let ipv6 = Frames.ipv6(
            random.pick(["fd00::1", "fd00::2"]), random.pick(["fd00::1", "fd01::1"]))
        let port = UInt16(random.pick([53, 80, 81]))
        let payload = [UInt8](repeating: 1, count: random.pick([0, 2, 60]))
        switch random.number(0..<7) {
        case 0:
            return PacketBuilder.arp(
                ethernet,
                ARPMessage(
                    operation: UInt16(random.number(1..<3)),
                    sender: (
                        mac(random.number(1..<5)),
                        IPv4Address(0x0a00_0000 + UInt32(random.number(1..<5)))
                    ), target: (.zero, IPv4Address(0x0a00_0000 + UInt32(random.number(1..<5))))))
        case 1, 2:
            let isReply = random.number(0..<2) == 0
            var frame = PacketBuilder.udp(
                ethernet, ipv4, ttl: ttl, source: isReply ? port : 1000,
                destination: isReply ? 1000 : port, payload)
            if random.number(0..<6) == 0, let layout = PacketLayout(frame),
                let error = ResponseBuilder.icmpError(frame, layout)
            {
                return error
            }
            if random.number(0..<5) == 0 {
                let offset = ethernet.tags.isEmpty ? 20 : 24
                frame.replace(
                    at: offset, width: 2, with: random.pick([0x2000, 0x0001]), from: offset,
                    checksums: [offset + 4])
            }
            return frame
        case 3:
            return PacketBuilder.tcp(
                ethernet, ipv4, ttl: ttl,
                TCPSegment(
                    source: port, destination: port,
                    flags: random.pick([TCPFlag.syn, TCPFlag.reset])), payload)
        case 4:
            return PacketBuilder.echo(
                ethernet, ipv4, ttl: ttl, reply: random.number(0..<2) == 0, identifier: 1,
                sequence: 1, payload)
        case 5:
            return PacketBuilder.neighborSolicitation(
                ethernet, source: IPv6Address(high: 0xfd00 << 48, low: 1),
                destination: IPv6Address(high: 0xff02 << 48, low: 0x1_ff00_0001),
                target: IPv6Address(high: 0xfd00 << 48, low: UInt64(random.number(1..<3))),
                link: mac(random.number(1..<5)))
        default:
            return PacketBuilder.udp(
                ethernet, ipv6, ttl: ttl, source: 1000, destination: port, payload)
        }
    }

    /// A packet with the port that it comes in by; some come through the tunnel.
    mutating func packet() -> (frame: [UInt8], port: UInt32, metadata: FlowKey) {
        var metadata = FlowKey()
        guard random.number(0..<6) == 0 else {
            return (frame(), UInt32(random.number(1..<5)), metadata)
        }
        metadata[.tunnelID] = UInt64(random.number(1..<3))
        metadata[.tunnelFamily] = TunnelFamily.ipv4
        metadata[wide: .tunnelSource] = random.number(0..<8) == 0 ? 1 : 0xc000_0202
        metadata[.tunnelOptions] = TunnelOptions.logical
        metadata[.tunnelOption] =
            UInt64(random.number(0..<5)) << 16
            | UInt64(random.pick([0, 1, 2, 3, 4, 0x8000]))
        return (frame(), 99, metadata)
    }
}

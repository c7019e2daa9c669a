import Datapath
import Testing
import Wire

@testable import AgentCore

/// Expressions that describe one packet, and those that don't.
struct MicroflowTests {
    private static var names: Microflow.Names {
        Microflow.Names(
            addressSet: {
                $0 == "one" ? ["10.0.0.7"] : $0 == "two" ? ["10.0.0.1", "10.0.0.2"] : nil
            },
            portGroup: { $0 == "pg" ? ["a"] : nil },
            port: { ["a": 1, "b": 2, "flood": 0x8001][$0] })
    }

    private func line(_ text: String) throws -> String {
        FlowLine(try Microflow(parsing: text, names: Self.names).key).text
    }

    @Test(arguments: [
        (
            #"inport == "a" && eth.src == 0a:00:00:00:00:01 && ip4.src == 10.0.0.1 && icmp4.type == 8"#,
            "icmp,reg14=0x1,vlan_tci=0x0000,dl_src=0a:00:00:00:00:01,dl_dst=00:00:00:00:00:00,"
                + "nw_src=10.0.0.1,nw_dst=0.0.0.0,nw_tos=0,nw_ecn=0,nw_ttl=64,nw_frag=no,"
                + "icmp_type=8,icmp_code=0"
        ),
        (
            "ip4.dst == $one && tcp.dst == 80 && tcp.flags == 0x12 && ip.ttl == 3",
            "tcp,vlan_tci=0x0000,dl_src=00:00:00:00:00:00,dl_dst=00:00:00:00:00:00,"
                + "nw_src=0.0.0.0,nw_dst=10.0.0.7,nw_tos=0,nw_ecn=0,nw_ttl=3,nw_frag=no,"
                + "tp_src=0,tp_dst=80,tcp_flags=syn|ack"
        ),
        (
            "ip6 && udp.dst < 1 && ip6.label == 5 && ip.dscp == 3 && ip.ecn == 1",
            "udp6,vlan_tci=0x0000,dl_src=00:00:00:00:00:00,dl_dst=00:00:00:00:00:00,"
                + "ipv6_src=::,ipv6_dst=::,ipv6_label=0x00005,nw_tos=12,nw_ecn=1,nw_ttl=64,"
                + "nw_frag=no,tp_src=0,tp_dst=0"
        ),
        (
            "nd_na && ip6.src == fd00::1 && nd.target == fd00::fe && nd.tll == 0a:00:00:00:00:01",
            "icmp6,vlan_tci=0x0000,dl_src=00:00:00:00:00:00,dl_dst=00:00:00:00:00:00,"
                + "ipv6_src=fd00::1,ipv6_dst=::,ipv6_label=0x00000,nw_tos=0,nw_ecn=0,nw_ttl=255,"
                + "nw_frag=no,icmp_type=136,icmp_code=0,nd_target=fd00::fe,"
                + "nd_sll=00:00:00:00:00:00,nd_tll=0a:00:00:00:00:01"
        ),
        (
            #"inport == @pg && outport == "flood" && arp.op == 1 && reg0 == 5 && flags.loopback"#,
            "arp,reg0=0x5,reg10=0x1,reg14=0x1,reg15=0x8001,vlan_tci=0x0000,"
                + "dl_src=00:00:00:00:00:00,dl_dst=00:00:00:00:00:00,arp_spa=0.0.0.0,"
                + "arp_tpa=0.0.0.0,arp_op=1,arp_sha=00:00:00:00:00:00,arp_tha=00:00:00:00:00:00"
        ),
        (
            "vlan.vid == 5 && vlan.pcp == 2 && eth.type == 0x1234 && ct.new && pkt.mark == 4",
            "pkt_mark=0x4,ct_state=new|trk,dl_vlan=5,dl_vlan_pcp=2,vlan_tci1=0x0000,"
                + "dl_src=00:00:00:00:00:00,dl_dst=00:00:00:00:00:00,dl_type=0x1234"
        ),
        (
            #"!ct.trk && is_chassis_resident("gone") && ip4.src == 10.0.0.0/8 && ip.proto == 47"#,
            "ip,vlan_tci=0x0000,dl_src=00:00:00:00:00:00,dl_dst=00:00:00:00:00:00,"
                + "nw_src=10.0.0.0,nw_dst=0.0.0.0,nw_proto=47,nw_tos=0,nw_ecn=0,nw_ttl=64,"
                + "nw_frag=no"
        ),
    ])
    func describesOnePacket(_ text: String, _ expected: String) throws {
        #expect(try line(text) == expected)
    }

    @Test(arguments: [
        (
            "tcp && eth.src == 0a:00:00:00:00:01",
            "Constraints are ambiguous: ip.proto == 0x6 && (eth.type == 0x800 || "
                + "eth.type == 0x86dd) && eth.src == 0xa0000000001."
        ),
        (
            "ip4.src == $two",
            "Constraints are ambiguous: (ip4.src == 0xa000001 || ip4.src == 0xa000002) && "
                + "eth.type == 0x800."
        ),
        ("ip4 && ip6", "Constraints are contradictory."),
        (#"inport == "a" && inport == "b""#, "Constraints are contradictory."),
        ("ip4 && tcp && udp", "Constraints are contradictory."),
        (#"inport == "nosuch""#, #"unknown port "nosuch""#),
        ("ip4.src == $nosuch", "Syntax error at `$nosuch' expecting address set name."),
        ("inport == @nosuch", "Syntax error at `@nosuch' expecting port group name."),
        // Parts of a field, single bits and masks with holes.
        (
            "ip && eth.src == 33:33:00:00:00:00/ff:ff:00:00:00:00",
            "Constraints are ambiguous: (eth.type == 0x800 || eth.type == 0x86dd) && "
                + "eth.src[32..47] == 0x3333."
        ),
        (
            "ip && reg0[3] && reg0[4] == 0 && flags.loopback && reg1 == 0x1/0x101",
            "Constraints are ambiguous: (eth.type == 0x800 || eth.type == 0x86dd) && "
                + "xxreg0[99] && !xxreg0[100] && flags[0] && "
                + "xxreg0 == 0x10000000000000000/0x1010000000000000000."
        ),
        ("bogus", "Syntax error at `bogus' expecting field name."),
    ])
    func refusesWhatIsNoPacket(_ text: String, _ expected: String) {
        let message: String
        do throws(Microflow.Failure) {
            message = "accepted: \(try Microflow(parsing: text, names: Self.names).key)"
        } catch {
            message = error.description
        }
        #expect(message == expected)
    }

    /// Which words an answer has after the IP header.
    @Test(arguments: [
        ("ip4 && ip.proto == 2", "nw_frag=no,tp_src=0,tp_dst=0"),
        ("ip6 && ip.proto == 2", "nw_frag=no,tp_src=0,tp_dst=0"),
        ("ip4 && ip.proto == 58", "nw_frag=no,tp_src=0,tp_dst=0"),
        ("ip6 && ip.proto == 1", "nw_frag=no,tp_src=0,tp_dst=0"),
        ("ip4 && ip.proto == 47", "nw_frag=no"),
        ("icmp6.type == 135 && icmp6.code == 1", "icmp_type=135,icmp_code=1"),
        ("ip4 && tcp.flags == 0x202", "tcp_flags=syn|[200]"),
        ("ip4 && tcp.flags == 0xe00", "tcp_flags=[200]|[400]|[800]"),
    ])
    func transportOfALine(_ text: String, _ end: String) throws {
        let found = try line(text)
        #expect(found.hasSuffix(",\(end)"), "\(found)")
    }

    @Test func theInportIsFound() throws {
        #expect(
            try Microflow.inport(of: Microflow.parse(#"ip4 && inport == "a""#)) == "a")
        #expect(
            try Microflow.inport(of: Microflow.parse(#"!(inport != "a" || vlan.present)"#)) == "a")
        let groups = ["one": ["a"], "two": ["a", "b"]]
        #expect(
            try Microflow.inport(of: Microflow.parse("inport == @one")) { groups[$0] } == "a")
        #expect(throws: Microflow.Failure.manyInports) {
            try Microflow.inport(of: Microflow.parse("inport == @two")) { groups[$0] }
        }
        #expect(throws: Microflow.Failure.unknownGroup("three")) {
            try Microflow.inport(of: Microflow.parse("inport == @three")) { groups[$0] }
        }
        #expect(throws: Microflow.Failure.noInport) {
            try Microflow.inport(of: Microflow.parse("ip4"))
        }
        #expect(throws: Microflow.Failure.manyInports) {
            try Microflow.inport(of: Microflow.parse(#"inport == {"a", "b"}"#))
        }
    }

    /// What is made from a key has that key.
    @Test(arguments: [
        "arp.op == 1 && arp.spa == 10.0.0.1 && arp.tpa == 10.0.0.2 && arp.sha == 0a:00:00:00:00:01",
        "ip4.src == 10.0.0.1 && ip4.dst == 10.0.0.2 && tcp.src == 5 && tcp.dst == 80 && ip.dscp == 9",
        "ip6.src == fd00::1 && udp.dst == 53 && ip.ttl == 9",
        "ip4 && sctp.dst == 7", "icmp4.type == 8 && icmp4.code == 0", "icmp6.type == 128",
        "nd_ns && nd.target == fd00::1 && nd.sll == 0a:00:00:00:00:01",
        "nd_na && nd.target == fd00::1 && nd.tll == 0a:00:00:00:00:02",
        "vlan.vid == 7 && ip4.src == 1.2.3.4", "eth.type == 0x1234", "ip4 && ip.proto == 47",
    ])
    func framesHaveTheirKey(_ text: String) throws {
        let base = "eth.src == 0a:00:00:00:00:01 && eth.dst == 0a:00:00:00:00:02 && "
        let key = try Microflow(parsing: base + text, names: Self.names).key
        let found = FlowKey(of: key.frame)
        #expect(FlowLine(found).text == FlowLine(key).text)
    }
}

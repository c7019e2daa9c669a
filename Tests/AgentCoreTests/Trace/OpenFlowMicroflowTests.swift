import Testing

@testable import AgentCore

/// `ofproto/trace` takes packets in two forms; the agent's translator takes an expression.
@Suite struct OpenFlowMicroflowTests {
    private func expression(_ text: String) throws -> String {
        try OpenFlowMicroflow(parsing: text).expression { ["vm1": "a", "3": "a"][$0] }
    }

    @Test(arguments: [
        (
            "in_port=vm1,tcp,dl_src=0a:00:00:00:00:01,nw_dst=10.0.0.2,tp_dst=80",
            "ip4 && tcp && inport == \"a\" && eth.src == 0a:00:00:00:00:01 && ip4.dst == 10.0.0.2 "
                + "&& tcp.dst == 80"
        ),
        (
            "in_port=3,ipv6,nw_proto=17,udp_src=53",
            "ip6 && inport == \"a\" && ip.proto == 17 && udp.src == 53"
        ),
        ("in_port=3,icmp,icmp_type=8", "icmp4 && inport == \"a\" && icmp4.type == 8"),
        (
            "in_port=3,arp,arp_op=1,arp_tpa=10.0.0.2",
            "arp && inport == \"a\" && arp.op == 1 && arp.tpa == 10.0.0.2"
        ),
        (
            "recirc_id(0),in_port(3),ct_state(-trk),eth(src=0a:00:00:00:00:01,dst=0a:00:00:00:00:02),"
                + "eth_type(0x0800),ipv4(src=10.0.0.1/255.255.255.0,proto=6,ttl=64,frag=no),"
                + "tcp(dst=80), packets:3, bytes:180, used:0.1s, actions:ct(zone=1),recirc(0x2)",
            "inport == \"a\" && eth.src == 0a:00:00:00:00:01 && eth.dst == 0a:00:00:00:00:02 && "
                + "eth.type == 0x0800 && ip4.src == 10.0.0.1 && ip.proto == 6 && ip.ttl == 64 && "
                + "tcp.dst == 80"
        ),
        (
            "ufid:01020304-0000-0000-0000-000000000000, in_port(3),eth_type(0x0806),arp(sip=10.0.0.1,tip=10.0.0.2,op=1)",
            "inport == \"a\" && eth.type == 0x0806 && arp.spa == 10.0.0.1 && arp.tpa == 10.0.0.2 && "
                + "arp.op == 1"
        ),
    ])
    func eitherFormBecomesAnExpression(_ text: String, _ expected: String) throws {
        #expect(try expression(text) == expected)
    }

    @Test(arguments: [
        ("in_port=vm9,tcp", "in_port: no logical port behind vm9"),
        ("tcp", "in_port is missing: a packet comes in by a port"),
        ("in_port=3,gre", "gre: unknown protocol"), ("in_port=3,nosuch=1", "unknown field nosuch"),
        ("in_port=3,tp_dst=80", "tp_dst without a protocol such as tcp"),
        (
            "recirc_id(0x2),in_port(3)",
            "recirc_id(0x2): trace the packet as it came in, with recirc_id(0)"
        ),
        ("in_port(3),eth(src=0a:00", "eth: a parenthesis is not closed"),
        ("in_port(3),eth(src)", "eth: src has no value"),
    ])
    func whatCannotBeTracedSaysWhy(_ text: String, _ reason: String) {
        #expect(throws: OpenFlowMicroflow.Failure(description: reason)) {
            try expression(text)
        }
    }
}

import Testing
import Wire

@testable import Datapath

/// Flows by the words of ovs-fields(7).
@Suite struct FlowFilterTests {
    /// TCP from 10.0.0.1 to port 80, from port 3 of the datapath; its ports of origin are not compared.
    private static let flow: Megaflow = {
        var key = FlowKey()
        key[.inputPort] = 3
        key[.ethernetType] = UInt64(EtherType.ipv4)
        key[.ethernetSource] = 0x0a00_0000_0001
        key[.ipv4Source] = 0x0a00_0001
        key[.ipProtocol] = UInt64(IPProtocol.tcp)
        key[.destinationPort] = 80
        key[.ctMark] = 2
        let mask = FlowMask(exact: [
            .inputPort, .ethernetType, .ethernetSource, .ipv4Source, .ipProtocol, .destinationPort,
            .ctMark,
        ])
        return Megaflow(id: nil, key: key, mask: mask, actions: [])
    }()

    private func port(_ name: String) -> UInt32? { name == "vm1" ? 3 : UInt32(name) }

    @Test(arguments: [
        ("", true), ("in_port=3", true), ("in_port=vm1", true), ("in_port=4", false),
        ("tcp", true), ("udp", false), ("ip,tp_dst=80", true), ("tcp,tcp_dst=81", false),
        ("nw_src=10.0.0.1", true), ("ip_src=10.0.0.2", false), ("ipv6", false),
        ("dl_src=0a:00:00:00:00:01", true), ("eth_type=0x800,ct_mark=0x2", true),
        // What the flow does not compare it is not about.
        ("tp_src=0", false), ("ipv6_src=::", false),
    ])
    func aFlowIsMeantOrNot(_ text: String, _ expected: Bool) throws {
        let filter = try FlowFilter(parsing: text, port: port)
        #expect(filter.covers(Self.flow) == expected)
    }

    @Test(arguments: [
        ("in_port=vm2", "in_port: no port vm2"), ("nosuch=1", "unknown field nosuch"),
        ("gre", "gre: no protocol, and no FIELD=VALUE"), ("tp_dst=x", "tp_dst: invalid value x"),
        ("nw_src=80", "nw_src: invalid value 80"),
        ("ct_mark=10.0.0.1", "ct_mark: invalid value 10.0.0.1"),
    ])
    func whatCannotBeReadIsNamed(_ text: String, _ reason: String) {
        #expect(throws: FlowFilter.Failure(description: reason)) {
            try FlowFilter(parsing: text, port: port)
        }
    }
}

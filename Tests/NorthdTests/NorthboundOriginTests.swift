import AgentCore
import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@testable import Northd

/// What an agent says of where a logical flow comes from (`NorthboundOrigin`), on flows of this northd.
@Suite struct NorthboundOriginTests {
    @Test func everyStageIsKnown() {
        let stages = SwitchStage.allCases.map(\.name) + RouterStage.allCases.map(\.name)
        #expect(stages.filter { NorthboundOrigin.tables[$0] == nil } == [])
        let tables = Set(NorthboundOrigin.tables.values.joined())
        #expect(tables.filter { NB.schema.tableIndex($0) == nil } == [])
    }

    /// The row that a flow's hint is about is in one of the tables that its stage is known for.
    @Test(arguments: 0..<8 as Range<UInt64>)
    func hintsLeadToTheirTables(seed: UInt64) {
        let network = TestNetwork()
        var edits = RandomEdits(seed: seed)
        network.mayBeRefused = true
        var hints = 0
        for _ in 0..<8 {
            for _ in 0..<20 { edits.edit(network) }
            network.settle()
            let owners = Self.owners(network)
            for flow in network.rows(SB.LogicalFlow.self).map(\.row) {
                guard let hint = flow.externalIDs["stage-hint"],
                    let stage = flow.externalIDs["stage-name"]
                else { continue }
                hints += 1
                let owner = owners[hint] ?? "none"
                #expect(
                    NorthboundOrigin.tables[stage]?.contains(owner) == true, "\(owner): \(flow)")
            }
        }
        #expect(hints > 0)
    }

    /// The tables of the Northbound rows by the first digits of their UUIDs.
    private static func owners(_ network: TestNetwork) -> [String: String] {
        var owners: [String: String] = [:]
        let replica = network.northbound.replica
        for (index, table) in replica.schema.tables.enumerated() {
            for uuid in replica.rows(in: index).keys { owners["\(FlowHint(uuid))"] = table.name }
        }
        return owners
    }

    /// The verdict is found in one table and carried out in another, whose flow knows no row.
    @Test(arguments: ["from-lport", "to-lport"])
    func aDropNamesItsACL(direction: String) throws {
        let network = TestNetwork()
        let s1 = network.addSwitch("s1")
        network.addChassis("hv1", at: "192.0.2.1")
        for host in 1...2 {
            network.addPort(
                "p\(host)", to: s1, addresses: ["02:00:00:00:00:0\(host) 10.0.0.\(host)"])
        }
        let hushed = network.addACL("ip4", "drop", on: s1, direction: direction)
        let named = network.addACL(
            "ip4 && udp.dst == 53", "drop", on: s1, direction: direction, priority: 2000
        ) {
            $0.name = "no names"
            $0.log = true
            $0.severity = "info"
        }
        network.settle()
        let host = try #require(
            TestHypervisor("hv1", "192.0.2.1", ports: ["p1", "p2"], of: network))
        let packet =
            "inport == \"p1\" && eth.src == 02:00:00:00:00:01 && eth.dst == 02:00:00:00:00:02 && "
            + "ip4.src == 10.0.0.1 && ip4.dst == 10.0.0.2 && udp.dst == "
        let stage = direction == "from-lport" ? "ls_in_acl" : "ls_out_acl"
        for (port, priority, origin) in [
            (53, 3000, "ACL \(FlowHint(named)) \"no names\" on \"s1\""),
            (54, 2000, "ACL \(FlowHint(hushed)) on \"s1\""),
        ] {
            let (trace, drops) = try host.explain(packet + "\(port)", network)
            #expect(trace.contains("    /* dropped by \(origin) */\n"), "\(trace)")
            #expect(drops.count == 1)
            let text = drops.first ?? ""
            #expect(text.hasPrefix("dropped by the flow: datapath=\"s1\", "), "\(text)")
            #expect(text.contains("(\(stage)_action), "), "\(text)")
            #expect(text.contains(", after \(stage)_eval priority=\(priority), match=("), "\(text)")
            #expect(text.hasSuffix(", from \(origin)"), "\(text)")
        }
    }

    /// One flow drops what breaks any port's rules: the port is that of the packet.
    @Test(arguments: [("ls_in", "p1"), ("ls_out", "p2")])
    func portSecurityNamesThePort(side: String, port: String) throws {
        let network = TestNetwork()
        let s1 = network.addSwitch("s1")
        network.addChassis("hv1", at: "192.0.2.1")
        for host in 1...3 {
            network.addPort(
                "p\(host)", to: s1, addresses: ["02:00:00:00:00:0\(host) 10.0.0.\(host)"]
            ) {
                $0.portSecurity = host == 3 ? [] : ["02:00:00:00:00:0\(host) 10.0.0.\(host)"]
            }
        }
        network.settle()
        let host = try #require(
            TestHypervisor("hv1", "192.0.2.1", ports: ["p1", "p2", "p3"], of: network))
        // Neither may p1 send from this address nor p2 receive for that one.
        let ends =
            side == "ls_in"
            ? "inport == \"p1\" && eth.src == 02:00:00:00:00:01 && eth.dst == 02:00:00:00:00:03"
            : "inport == \"p3\" && eth.src == 02:00:00:00:00:03 && eth.dst == 02:00:00:00:00:02"
        let (trace, drops) = try host.explain(
            ends + " && ip4.src == 10.0.0.9 && ip4.dst == 10.0.0.8", network)
        #expect(drops.count == 1)
        let origin = "Logical_Switch_Port \"\(port)\" on \"s1\""
        #expect(drops.first?.contains("(\(side)_apply_port_sec)") == true, "\(drops)")
        #expect(drops.first?.hasSuffix(", from \(origin)") == true, "\(drops)")
        #expect(trace.contains("    /* dropped by \(origin) */\n"), "\(trace)")
    }

    /// What other flows have refused since is not the port's doing.
    @Test func whatPortSecurityLetsPassNamesNoPort() throws {
        let network = TestNetwork()
        let s1 = network.addSwitch("s1")
        network.addChassis("hv1", at: "192.0.2.1")
        network.addPort("p1", to: s1, addresses: ["02:00:00:00:00:01"]) {
            $0.portSecurity = ["02:00:00:00:00:01"]
        }
        network.settle()
        let host = try #require(TestHypervisor("hv1", "192.0.2.1", ports: ["p1"], of: network))
        let (_, drops) = try host.explain(
            "inport == \"p1\" && eth.src == 02:00:00:00:00:01 && eth.dst == 02:00:00:00:00:07 && ip4",
            network)
        #expect(drops.count == 1)
        #expect(drops.first?.contains("Logical_Switch_Port \"") == false, "\(drops)")
    }
}

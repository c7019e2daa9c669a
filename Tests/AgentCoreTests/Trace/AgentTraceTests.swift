import Datapath
import OVSDBModel
import OVSDBSession
import Pipeline
import Schemas
import Testing
import Wire

@testable import AgentCore

/// What `ovn-appctl trace` and `drops/show` print, and the packet that `inject-pkt` sends.
struct AgentTraceTests {
    @Test func aMicroflowIsAPacket() throws {
        let network = Network()
        let trace = AgentTrace(snapshot: network.snapshot, replica: network.rows.replica)
        let text =
            "inport == \"a\" && eth.src == 0a:00:00:00:00:01 && ip4.src == 10.0.0.1 && udp.dst == 53"
        let injection = try trace.injection(text)
        #expect(injection.place == .from(PortReference(datapath: 1, port: 1)))
        let key = FlowKey(of: injection.frame)
        #expect(key[.ethernetSource] == 0x0a00_0000_0001)
        #expect(key[.ipv4Source] == 0x0a00_0001)
        #expect(key[.destinationPort] == 53)
        #expect(throws: AgentTrace.Failure.notBound("b")) {
            try trace.injection("inport == \"b\" && ip4")
        }
        #expect(throws: AgentTrace.Failure.unknownPort("x")) {
            try trace.injection("inport == \"x\" && ip4")
        }
    }

    /// A switch with a port here, one elsewhere, and one that nobody has.
    private struct Network {
        var rows = SouthboundRows()
        var snapshot: TranslationSnapshot
        let lookup: RowUUID

        init() {
            let s1 = rows.datapath("s1", 1)
            let a = rows.port("a", 1, in: s1)
            let b = rows.port("b", 2, in: s1)
            rows.port("c", 3, in: s1)
            rows.add(
                SB.MulticastGroup(
                    datapath: s1, name: "_MC_flood", tunnelKey: 0x8000, ports: [a, b]))
            rows.add(SB.Encap(type: "geneve", ip: "192.0.2.2", chassisName: "hv2"))
            rows.flow(s1, "ingress", 0, "ls_in_check_port_sec", 0, "1", "next;")
            rows.flow(
                s1, "ingress", 1, "ls_in_arp_rsp", 50, "arp.tpa == 10.0.0.9 && arp.op == 1",
                "eth.dst = eth.src; eth.src = 0a:00:00:00:00:09; arp.op = 2; arp.tha = arp.sha; "
                    + "arp.sha = 0a:00:00:00:00:09; arp.tpa <-> arp.spa; outport = inport; "
                    + "flags.loopback = 1; output;")
            rows.flow(s1, "ingress", 1, "ls_in_arp_rsp", 0, "1", "next(2);")
            rows.flow(
                s1, "ingress", 2, "ls_in_l2_lkup", 70, "eth.mcast",
                "outport = \"_MC_flood\"; output;")
            lookup = rows.flow(
                s1, "ingress", 2, "ls_in_l2_lkup", 50, "eth.dst == 0a:00:00:00:00:02",
                "outport = \"b\"; output;", hint: "0badcafe")
            rows.flow(
                s1, "ingress", 2, "ls_in_l2_lkup", 40, "eth.dst == 0a:00:00:00:00:04",
                "clone { outport = \"a\"; flags.loopback = 1; output; }; handle_bfd_msg();")
            rows.flow(
                s1, "ingress", 2, "ls_in_l2_lkup", 30, "eth.dst == 0a:00:00:00:00:05", "drop;")
            rows.flow(
                s1, "ingress", 2, "ls_in_l2_lkup", 20, "eth.dst == 0a:00:00:00:00:07",
                "outport = \"c\"; output;")
            Self.addTracking(s1, &rows)
            rows.flow(s1, "egress", 0, "ls_out_apply_port_sec", 0, "1", "output;")
            let feed = PipelineFeed()
            var view = PhysicalView()
            let tunnel = TunnelEndpoint(
                encapsulation: .geneve, vport: 9, remote: .v4(IPv4Address(0xc000_0202)), local: nil)
            for (name, key, place) in [
                ("a", 1, PortPlace.here(vport: 4)), ("b", 2, .remote([tunnel])), ("c", 3, .nowhere),
            ] {
                let reference = PortReference(datapath: 1, port: UInt32(key))
                view.ports[reference] = PhysicalPort(
                    reference: reference, name: name, place: place)
            }
            view.inputs[4] = PortReference(datapath: 1, port: 1)
            view.groups[PortReference(datapath: 1, port: 0x8000)] = MulticastMembers(
                local: [1], remote: [tunnel])
            snapshot = TranslationSnapshot(
                revision: 1, pipeline: feed.current(rows.replica, chassis: nil, name: nil),
                view: view)
        }

        /// Connections: new ones leave, others are translated back to where they came from.
        private static func addTracking(_ s1: RowUUID, _ rows: inout SouthboundRows) {
            rows.flow(
                s1, "ingress", 2, "ls_in_l2_lkup", 10, "eth.dst == 0a:00:00:00:00:08", "ct_next;")
            rows.flow(
                s1, "ingress", 3, "ls_in_tracked", 9, "ct.new", "outport = \"b\"; output;")
            rows.flow(s1, "ingress", 3, "ls_in_tracked", 1, "ct.est", "ct_dnat(10.0.0.9);")
            rows.flow(
                s1, "ingress", 4, "ls_in_translated", 0, "ct.dnat && ip4.dst == 10.0.0.9",
                "outport = \"a\"; flags.loopback = 1; output;")
        }

        var trace: AgentTrace {
            var names = FlowDirectory(rows.replica)
            names.device = { "tap\($0)" }
            return AgentTrace(snapshot: snapshot, replica: rows.replica, names: names)
        }

        func run(_ text: String, datapath: String? = nil) throws -> String {
            try trace.run(
                "inport == \"a\" && eth.src == 0a:00:00:00:00:01 && " + text, datapath: datapath)
        }
    }

    /// What the kernel does for collectors is among its actions.
    @Test func samplesAreShown() throws {
        var network = Network()
        var view = network.snapshot.view
        view.collectorSets[5] = CollectorSet(isExported: true)
        view.dropSampling = DropSampling(collectorSet: 5, domain: 1)
        network.snapshot = TranslationSnapshot(
            revision: 2, pipeline: network.snapshot.pipeline, view: view)
        var trace = network.trace
        trace.samplePort = 77
        let text = try trace.run(
            "inport == \"a\" && eth.src == 0a:00:00:00:00:01 && eth.dst == 0a:00:00:00:00:07 && "
                + "eth.type == 0x1234")
        #expect(text.contains("Datapath actions: userspace(pid=77,userdata(6f766e2d736d7031"))
    }

    @Test func aPacketToAnotherChassis() throws {
        let text = try Network().run("eth.dst == 0a:00:00:00:00:02 && eth.type == 0x1234")
        #expect(
            text == """
                # reg14=0x1,vlan_tci=0x0000,dl_src=0a:00:00:00:00:01,dl_dst=0a:00:00:00:00:02,dl_type=0x1234

                ingress(dp="s1", inport="a")
                ----------------------------
                 2. ls_in_l2_lkup (test:1): eth.dst == 0a:00:00:00:00:02, priority 50, uuid 0000000b
                    outport = "b";
                    output;
                    /* tunnel to chassis "hv2" at 192.0.2.2 (geneve), outport "b" */

                Megaflow: recirc_id(0),in_port(tap4),eth(dst=0a:00:00:00:00:02),eth_type(0x1234)
                Datapath actions: set(tunnel(tun_id=0x1,dst=192.0.2.2,ttl=64,geneve({class=0x102,type=0x80,len=4,0x10002}),flags(df|csum|key))),tap9

                """)
    }

    @Test func anAnswerToItsSender() throws {
        let text = try Network().run(
            "eth.dst == ff:ff:ff:ff:ff:ff && arp.op == 1 && arp.spa == 10.0.0.1 && "
                + "arp.tpa == 10.0.0.9 && arp.sha == 0a:00:00:00:00:01")
        #expect(
            Self.withoutFirstLine(text) == """

                ingress(dp="s1", inport="a")
                ----------------------------
                 1. ls_in_arp_rsp (test:1): arp.tpa == 10.0.0.9 && arp.op == 1, priority 50, uuid 00000008
                    eth.dst = eth.src;
                    eth.src = 0a:00:00:00:00:09;
                    arp.op = 2;
                    arp.tha = arp.sha;
                    arp.sha = 0a:00:00:00:00:09;
                    arp.tpa <-> arp.spa;
                    outport = inport;
                    flags.loopback = 1;
                    output;

                egress(dp="s1", inport="a", outport="a")
                ----------------------------------------
                 0. ls_out_apply_port_sec (test:1): 1, priority 0, uuid 00000013
                    output;
                    /* output to "a", type "" */
                    /* device "tap4" */

                Megaflow: recirc_id(0),in_port(tap4),eth_type(0x0806),arp(tip=10.0.0.9,op=1/0xff)
                Datapath actions: userspace
                This flow is handled by the slow path because it sets arpTargetMAC, which the kernel can't.
                Packet: arp,vlan_tci=0x0000,dl_src=0a:00:00:00:00:09,dl_dst=0a:00:00:00:00:01,arp_spa=10.0.0.9,arp_tpa=10.0.0.1,arp_op=2,arp_sha=0a:00:00:00:00:09,arp_tha=0a:00:00:00:00:01
                Packet actions: tap4

                """)
    }

    @Test func aFlood() throws {
        let text = try Network().run("eth.dst == ff:ff:ff:ff:ff:ff")
        #expect(
            text.contains(
                """
                multicast(dp="s1", mcgroup="_MC_flood")
                ---------------------------------------
                    /* tunnel to chassis "hv2" at 192.0.2.2 (geneve), outport "_MC_flood" */

                egress(dp="s1", inport="a", outport="a")
                ----------------------------------------
                    /* omitting output because inport == outport && !flags.loopback */
                """))
    }

    /// Each ends with why nothing leaves.
    @Test(arguments: [
        (
            "eth.dst == 0a:00:00:00:00:05",
            " 2. ls_in_l2_lkup (test:1): eth.dst == 0a:00:00:00:00:05, priority 30, uuid 0000000d\n"
                + "    drop;\n"
        ),
        ("eth.dst == 0a:00:00:00:00:06", " 2. ls_in_l2_lkup: no match (implicit drop)\n"),
        (
            "eth.dst == 0a:00:00:00:00:07",
            "    output;\n    *** no chassis has \"c\" of \"s1\"\n"
        ),
        (
            "ip4 && eth.dst == 0a:00:00:00:00:04",
            "    /* goes to a service: bfd */\n    *** no BFD session for it\n"
        ),
    ])
    func drops(_ text: String, _ expected: String) throws {
        #expect(try Network().run(text).contains(expected))
    }

    /// A trace goes on where the packet comes back from the kernel, with assumed connections.
    @Test func recirculationsAreFollowed() throws {
        let trace = Network().trace
        let packet =
            "inport == \"a\" && eth.src == 0a:00:00:00:00:01 && "
            + "eth.dst == 0a:00:00:00:00:08 && ip4.src == 10.0.0.1 && ip4.dst == 10.0.0.2"
        let usual = try trace.run(packet)
        let passes = usual.split(separator: "\nrecirc(0x")
        #expect(passes.count == 3)
        #expect(passes[0].contains("    ct_next;\n    /* connection tracking in zone "))
        #expect(passes[0].contains(" and comes back in table 3 */\n"))
        #expect(
            passes[1].contains(
                ") - resume conntrack with ct_state=est|trk "
                    + "/* default (use --ct to customize) */\n=====")
        )
        #expect(passes[1].contains(" 3. ls_in_tracked (test:1): ct.est, priority 1, "))
        #expect(passes[2].contains("=est|trk|dnat /* default"))
        #expect(
            passes[2].contains(" 4. ls_in_translated (test:1): ct.dnat && ip4.dst == 10.0.0.9,"))
        #expect(passes[2].contains("    /* output to \"a\", type \"\" */\n"))
        var assumptions = TraceAssumptions()
        assumptions.connectionStates = [try ConnectionFlags(parsing: "new")]
        let new = try trace.run(packet, assumptions: assumptions)
        #expect(new.contains("resume conntrack with ct_state=new|trk\n"))
        #expect(
            new.contains("/* tunnel to chassis \"hv2\" at 192.0.2.2 (geneve), outport \"b\" */"))
    }

    @Test func theDatapathMayBeNamed() throws {
        let network = Network()
        let plain = try network.run("eth.type == 0x1234")
        #expect(try network.run("eth.type == 0x1234", datapath: "s1") == plain)
        #expect(throws: AgentTrace.Failure.unknownDatapath("s9")) {
            try network.run("ip4", datapath: "s9")
        }
    }

    @Test(arguments: [
        (#"inport == "b" && ip4"#, #"port "b" is not bound on this chassis"#),
        (#"inport == "z" && ip4"#, #"unknown port "z""#),
        (#"inport == "a" && outport == "z""#, #"error parsing flow: unknown port "z""#),
        (#"inport == "a" && tcp"#, "error parsing flow: Constraints are ambiguous: "),
        ("ip4", "error parsing flow: flow match expression does not match on inport"),
    ])
    func refuses(_ text: String, _ expected: String) throws {
        let trace = Network().trace
        let message: String
        do throws(AgentTrace.Failure) {
            message = "traced: \(try trace.run(text))"
        } catch {
            message = error.description
        }
        #expect(message.hasPrefix(expected))
    }

    @Test func dropCountersNameTheirFlow() {
        let network = Network()
        let directory = FlowDirectory(network.rows.replica)
        let stage = LogicalStage(DatapathKey(1), Stage(.ingress, 2))
        let flow = RowIdentifier(network.lookup)
        #expect(
            PacketDrop(.notBound(PortReference(datapath: 1, port: 3)), stage: stage, flow: flow)
                .text(directory)
                == "no chassis has \"c\" of \"s1\": datapath=\"s1\", ingress "
                + "table=2(ls_in_l2_lkup), priority=50, match=(eth.dst == 0a:00:00:00:00:02), "
                + "uuid=0x0000000b, stage-hint=0x0badcafe, from Logical_Switch_Port, "
                + "Forwarding_Group, NAT, Logical_Router_Port or Logical_Switch 0badcafe on \"s1\"")
        #expect(
            PacketDrop(.noFlow, stage: stage).text(directory)
                == "no match (implicit drop): datapath=\"s1\", ingress table=2(ls_in_l2_lkup)")
        #expect(
            PacketDrop(.flow, stage: stage, flow: RowIdentifier(high: 1 << 32, low: 0))
                .text(directory)
                == "dropped by the flow: datapath=\"s1\", ingress table=2(ls_in_l2_lkup), "
                + "uuid=0x00000001 (deleted)")
        #expect(PacketDrop(.unknownInput(7)).text(directory) == "7 is no logical port")
    }

    /// Only a flow that carries out another's verdict is behind that other's row.
    @Test func aVerdictNamesTheRowThatItCameFrom() {
        var rows = SouthboundRows()
        let s1 = rows.datapath("s1", 1)
        let eval = rows.flow(
            s1, "ingress", 9, "ls_in_acl_eval", 2001, "ip4",
            "log(name=\"deny\", severity=info, verdict=drop); reg8[17] = 1; next;",
            hint: "1a2b3c4d")
        let action = rows.flow(
            s1, "ingress", 11, "ls_in_acl_action", 1000, "reg8[17] == 1", "drop;")
        let lookup = rows.flow(
            s1, "ingress", 12, "ls_in_l2_unknown", 50, "outport == \"none\"", "drop;")
        let directory = FlowDirectory(rows.replica)
        func text(_ table: Int, _ flow: RowUUID) -> String {
            PacketDrop(
                .flow, stage: LogicalStage(DatapathKey(1), Stage(.ingress, table)),
                flow: RowIdentifier(flow), decision: RowIdentifier(eval)
            ).text(directory)
        }
        #expect(
            text(11, action).hasSuffix(
                ", after ls_in_acl_eval priority=2001, match=(ip4), "
                    + "from ACL 1a2b3c4d \"deny\" on \"s1\""))
        #expect(!text(12, lookup).contains("ls_in_acl_eval"))
    }

    /// Counters that say the same are one line.
    @Test func dropsOfOneTextAreCountedTogether() {
        let network = Network()
        let stage = LogicalStage(DatapathKey(1), Stage(.ingress, 2))
        func drop(_ decision: UInt64) -> PacketDrop {
            PacketDrop(
                .flow, stage: stage, flow: RowIdentifier(high: 1 << 32, low: 0),
                decision: RowIdentifier(high: decision, low: 0))
        }
        let list = PacketDrop.list(
            [drop(1): 2, drop(2): 3, PacketDrop(.unknownInput(7)): 9],
            FlowDirectory(network.rows.replica))
        let lines = list.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first == "9 7 is no logical port")
        #expect(lines.last?.hasPrefix("5 dropped by the flow: ") == true)
    }

    /// What the agent refuses a port is a line for each reason and port.
    @Test func refusalsNameThePort() {
        var names = FlowDirectory(Network().rows.replica)
        names.device = { "tap\($0)" }
        let drops: [PacketDrop] = [
            PacketDrop(.beyondLimit(.dhcp, 4)), PacketDrop(.beyondMeter("acl-meter", 4)),
            PacketDrop(.unansweredNeighbour(5)), PacketDrop(.tooManyWaiting(5)),
        ]
        let counted = Dictionary(uniqueKeysWithValues: zip(drops, [4, 3, 2, 1] as [UInt64]))
        #expect(
            PacketDrop.list(counted, names) == """
                4 dhcp beyond the limit of tap4
                3 from tap4, beyond meter "acl-meter"
                2 from tap5, the next hop has not answered
                1 from tap5, too many wait for next hops
                """)
    }

    /// An agent's replica has no names; what a text needs is known after it was made once.
    @Test func namesThatTheReplicaLacksAreAskedFor() throws {
        let network = Network()
        let whole = network.rows.replica
        let replica = whole.withoutFlowNames
        let stage = LogicalStage(DatapathKey(1), Stage(.ingress, 2))
        let drop = PacketDrop(.flow, stage: stage, flow: RowIdentifier(network.lookup))
        let noFlow = PacketDrop(.noFlow, stage: stage)
        let unknown = FlowLabels()
        let nameless = FlowDirectory(replica) { uuid, _ in unknown.labels(of: uuid) }
        #expect(drop.text(nameless).contains("ingress table=2, priority=50"))
        #expect(unknown.missing == [network.lookup])
        #expect(!noFlow.text(nameless).contains("ls_in_l2_lkup"))
        let known = FlowLabels(
            known: Dictionary(
                uniqueKeysWithValues: unknown.missing.map {
                    ($0, whole[SB.LogicalFlow.self, $0]?.externalIDs ?? [:])
                }))
        let named = FlowDirectory(replica) { uuid, _ in known.labels(of: uuid) }
        #expect(drop.text(named) == drop.text(FlowDirectory(whole)))
        #expect(noFlow.text(named) == noFlow.text(FlowDirectory(whole)))
        #expect(known.missing.isEmpty)
    }

    private static func withoutFirstLine(_ text: String) -> String {
        String(text.drop { $0 != "\n" }.dropFirst())
    }
}

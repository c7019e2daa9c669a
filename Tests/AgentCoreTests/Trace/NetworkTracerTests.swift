import LogicalFlow
import OVSDBModel
import Pipeline
import Schemas
import Testing
import Wire

@testable import AgentCore

/// What ovn-trace says of single actions, on a switch whose table 0 has them. (TraceComparisonTests
/// holds whole networks to the stock program.)
struct NetworkTracerTests {
    /// The minimal trace of a packet through a flow with these actions.
    private func minimal(
        _ actions: String, _ packet: String = "ip4.src == 10.0.0.1 && ip4.dst == 10.0.0.2",
        ttl: Int = 64, assuming: TraceAssumptions = TraceAssumptions(),
        adding: (inout SouthboundRows, RowUUID) -> Void = { _, _ in }
    ) -> [String] {
        var rows = SouthboundRows()
        let s1 = rows.datapath("s1", 1)
        rows.port("a", 1, in: s1)
        let b = rows.port("b", 2, in: s1)
        rows.add(SB.MulticastGroup(datapath: s1, name: "all", tunnelKey: 0x8000, ports: [b]))
        rows.flow(s1, "ingress", 0, "ls_in_first", 50, "1", actions)
        rows.flow(s1, "ingress", 1, "ls_in_second", 0, "1", "outport = \"b\"; output;")
        rows.flow(s1, "egress", 0, "ls_out_first", 0, "1", "output;")
        adding(&rows, s1)
        var question = NetworkTrace(
            microflow: "inport == \"a\" && eth.src == 0a:00:00:00:00:01 && "
                + "eth.dst == 0a:00:00:00:00:02 && \(packet) && ip.ttl == \(ttl)")
        question.forms = [.minimal]
        question.assumptions = assuming
        let answer = question.answer(TraceNetwork(rows.replica))
        return answer.split(separator: "\n").dropFirst().map(String.init)
    }

    // MARK: - Fields

    @Test(arguments: [
        ("next;", []),
        ("eth.dst = 0a:00:00:00:00:09; next;", ["eth.dst = 0a:00:00:00:00:09;"]),
        ("reg0 = 5; flags.loopback = 1; next;", []),
        ("ip4.src <-> ip4.dst; next;", ["ip4.src = 10.0.0.2;", "ip4.dst = 10.0.0.1;"]),
        ("reg0 = ip4.src; ip4.dst = reg0; next;", ["ip4.dst = 0xa000001;"]),
        ("xreg0[0..47] = eth.src; eth.dst = xreg0[0..47]; next;", ["eth.dst = 0xa0000000001;"]),
        (
            "push(eth.src); pop(eth.dst); next;",
            ["push(eth.src) -> 0xa0000000001;", "pop(eth.dst) <- 0xa0000000001;"]
        ),
        ("pop(eth.dst); next;", ["pop(eth.dst) <- /* empty stack */;"]),
        ("ip.ttl--; next;", ["ip.ttl--;"]),
        (
            "clone { eth.dst = eth.src; next; }; next;",
            [
                "clone {", "    eth.dst = 0a:00:00:00:00:01;", "    output(\"b\");", "};",
            ]
        ),
        ("ct_clear; set_queue(3); next;", []),
    ])
    func fields(_ actions: String, _ changes: [String]) {
        #expect(minimal(actions) == changes + ["output(\"b\");"])
    }

    @Test func theTimeToLiveEnds() {
        #expect(minimal("ip.ttl--; next;", ttl: 0) == ["*** TTL underflow;", "output(\"b\");"])
    }

    // MARK: - Output

    @Test(arguments: [
        ("outport = \"all\"; output;", ["output(\"b\");"]),
        ("outport = \"a\"; output;", []),
        ("outport = \"a\"; flags.loopback = 1; output;", ["output(\"a\");"]),
        ("outport = \"\"; output;", ["*** output to null logical port;"]),
        ("outport = \"nosuch\"; output;", ["*** output to null logical port;"]),
        ("__outport = 77; output;", ["*** unknown port or multicast group 77;"]),
        ("drop;", []), ("next(pipeline=ingress, table=9);", []), ("flood_remote;", []),
        ("mirror(\"b\");", ["clone {", "    output(\"b\");", "};"]),
        ("outport = \"b\"; next(pipeline=egress, table=0);", ["output(\"b\");"]),
        ("next(0);", ["*** too many tables;"]),
    ])
    func output(_ actions: String, _ expected: [String]) {
        #expect(minimal(actions) == expected)
    }

    /// Ports of other datapaths mean nothing here; a patch leads into its peer's.
    @Test func patchesLeadOn() {
        let answer = minimal("outport = \"s1-s2\"; flags.loopback = 1; output;") { rows, s1 in
            let s2 = rows.datapath("s2", 2)
            rows.port("s1-s2", 9, in: s1, type: "patch", options: ["peer": "s2-s1"])
            rows.port("s2-s1", 8, in: s2, type: "patch")
            rows.port("c", 3, in: s2)
            rows.flow(
                s1, "egress", 0, "ls_out_first", 9, "1",
                "reg0 = 5; flags.skip_snat_for_lb = 1; output;")
            rows.flow(
                s2, "ingress", 0, "ls_in_first", 0,
                "inport == \"s2-s1\" && reg0 == 0 && flags.loopback == 0 && "
                    + "flags.skip_snat_for_lb == 0",
                "outport = \"c\"; output;")
            rows.flow(s2, "egress", 0, "ls_out_first", 0, "1", "output;")
        }
        #expect(answer == ["output(\"c\");"])
    }

    /// What follows the question for a neighbour is for the packet that was kept.
    @Test(arguments: [
        ("arp { eth.dst = ff:ff:ff:ff:ff:ff; next; }; next;", "arp"),
        ("nd_ns { eth.dst = ff:ff:ff:ff:ff:ff; next; }; next;", "nd_ns"),
    ])
    func aPacketWaitsForItsNeighbour(_ actions: String, _ title: String) {
        let packet =
            title == "arp" ? "ip4.dst == 10.0.0.2" : "ip6.src == fd00::1 && ip6.dst == fd00::2"
        #expect(
            minimal(actions, packet) == [
                "\(title) {", "    eth.dst = ff:ff:ff:ff:ff:ff;", "    output(\"b\");", "};",
            ])
    }

    @Test func aChassisRedirectBecomesItsPort() {
        func add(_ rows: inout SouthboundRows, _ s1: RowUUID) {
            rows.port(
                "cr-b", 5, in: s1, type: "chassisredirect", options: ["distributed-port": "b"])
            rows.port("cr-x", 6, in: s1, type: "chassisredirect")
            rows.flow(
                s1, "egress", 0, "ls_out_first", 9, "is_chassis_resident(\"cr-b\")",
                "eth.dst = 0a:00:00:00:00:07; output;")
            rows.flow(
                s1, "egress", 0, "ls_out_first", 10, "is_chassis_resident(\"nosuch\")", "drop;")
        }
        #expect(
            minimal("outport = \"cr-b\"; output;", adding: add)
                == ["eth.dst = 0a:00:00:00:00:07;", "output(\"b\");"])
        #expect(
            minimal("outport = \"cr-x\"; output;", adding: add) == [
                "*** output to type \"chassisredirect\" port \"cr-x\" with no or invalid "
                    + "distributed port;"
            ])
    }

    /// Stock traces forget flags between the pipelines; the datapath keeps them.
    @Test func flagsOutliveTheIngressPipeline() {
        let answer = minimal("flags.force_snat_for_lb = 1; reg0 = 7; next;") { rows, s1 in
            rows.flow(
                s1, "egress", 0, "ls_out_first", 9, "flags.force_snat_for_lb == 1 && reg0 == 0",
                "ct_snat(10.0.0.9);")
            rows.flow(s1, "egress", 1, "ls_out_second", 0, "1", "output;")
        }
        #expect(
            answer == [
                "ct_snat(ip4.src=10.0.0.9) /* default (use --ct to customize) */ {",
                "    output(\"b\");", "};",
            ])
    }

    // MARK: - Connections

    @Test func connectionStatesAreUsedInOrder() {
        var assumptions = TraceAssumptions()
        assumptions.connectionStates = [[.tracked, ConnectionFlags(rawValue: 1)]]
        let answer = minimal("ct_next;", assuming: assumptions) { rows, s1 in
            rows.flow(
                s1, "ingress", 1, "ls_in_second", 9, "ct.new", "ct_clear; ct_next;")
            rows.flow(
                s1, "ingress", 2, "ls_in_third", 0, "ct.est && !ct.new",
                "outport = \"b\"; output;")
        }
        #expect(
            answer == [
                "ct_next(ct_state=new|trk) {",
                "    ct_next(ct_state=est|trk /* default (use --ct to customize) */) {",
                "        output(\"b\");", "    };", "};",
            ])
    }

    @Test(arguments: [
        (
            "ct_dnat(10.0.0.9);",
            "ct_dnat(ip4.dst=10.0.0.9) /* default (use --ct to customize) */ {"
        ),
        (
            "ct_snat_in_czone(10.0.0.9);",
            "ct_snatin_czone(ip4.src=10.0.0.9) /* default (use --ct to customize) */ {"
        ),
        (
            "ct_dnat;",
            "ct_dnat /* assuming no un-dnat entry, so no change */ "
                + "/* default (use --ct to customize) */ {"
        ),
        (
            "ct_commit_nat;",
            "ct_commit_nat /* assuming no un-nat entry, so no change */ "
                + "/* default (use --ct to customize) */ {"
        ),
        (
            "ct_commit_to_zone(snat);",
            "ct_commit_to_zone(snat) /* default (use --ct to customize) */ {"
        ),
    ])
    func translations(_ actions: String, _ title: String) {
        #expect(minimal(actions) == [title, "    output(\"b\");", "};"])
    }

    /// On a gateway router, undoing a translation of sources is not shown, and ends the trace as
    /// stock's does.
    @Test func aGatewayRouterShowsNoUndoing() {
        let answer = minimal("ct_snat;") { rows, s1 in
            rows.port("g", 7, in: s1, type: "l3gateway")
        }
        #expect(answer == [])
    }

    @Test func loadBalancersChooseWhatIsWished() throws {
        let wish = Action.Backend(try #require(IPAddress(parsing: "10.0.0.8")))
        func balance(_ assumptions: TraceAssumptions) -> [String] {
            minimal(
                "ct_lb_mark(backends=10.0.0.7:80,10.0.0.8:81);", "ip4 && tcp.dst == 5",
                assuming: assumptions
            ) { rows, s1 in
                for (address, port) in [("10.0.0.7", 80), ("10.0.0.8", 81)] {
                    rows.flow(
                        s1, "ingress", 1, "ls_in_second", 9,
                        "ct.dnat && ip4.dst == \(address) && tcp.dst == \(port)",
                        "eth.dst = 0a:00:00:00:00:\(port); outport = \"b\"; output;")
                }
            }
        }
        func expected(_ port: Int) -> [String] {
            [
                "ct_lb_mark /* default (use --ct to customize) */ {",
                "    eth.dst = 0a:00:00:00:00:\(port);", "    output(\"b\");", "};",
            ]
        }
        var assumptions = TraceAssumptions()
        #expect(balance(assumptions) == expected(80))
        assumptions.choose = { $0 - 1 }
        #expect(balance(assumptions) == expected(81))
        assumptions = TraceAssumptions()
        assumptions.loadBalancerDestination = wish
        #expect(balance(assumptions) == expected(81))
        #expect(
            minimal("ct_lb_mark(backends=[fd00::1]:80);")[0]
                == "*** no load balancing destination (use --lb-dst);")
    }

    @Test func selectionsMayBeTold() {
        let actions = "reg8[16..31] = select(1, 2, 3);"
        var assumptions = TraceAssumptions()
        assumptions.selection = 2
        let told = minimal(actions, assuming: assumptions)
        #expect(told == ["select: reg8[16..31] = 2 {", "    output(\"b\");", "};"])
        let untold = minimal(actions)
        #expect(
            untold[0] == "select: reg8[16..31] = 1 "
                + "/* Randomly selected. Use --select-id to specify. */ {")
    }

    // MARK: - Generated packets

    @Test func generatedPacketsHaveTheirHeaders() {
        func generate(_ actions: String, _ packet: String, _ match: String) -> [String] {
            minimal(actions, packet) { rows, s1 in
                rows.flow(
                    s1, "ingress", 1, "ls_in_second", 9, match,
                    "eth.dst = 0a:00:00:00:00:77; outport = \"b\"; output;")
            }
        }
        func expected(_ name: String) -> [String] {
            ["\(name) {", "    eth.dst = 0a:00:00:00:00:77;", "    output(\"b\");", "};"]
        }
        let ip4 = "ip4.src == 10.0.0.1 && ip4.dst == 10.0.0.2"
        #expect(
            generate(
                "arp { next; };", ip4,
                "arp.op == 1 && arp.spa == 10.0.0.1 && arp.tpa == 10.0.0.2 && "
                    + "arp.sha == 0a:00:00:00:00:01 && arp.tha == 0") == expected("arp"))
        #expect(
            generate(
                "icmp4 { next; };", "\(ip4) && udp.dst == 9",
                "icmp4.type == 3 && icmp4.code == 1 && ip.ttl == 255 && ip4.dst == 10.0.0.2")
                == expected("icmp4"))
        #expect(
            generate(
                "reject { next; };", "\(ip4) && udp.dst == 9",
                "icmp4.type == 3 && ip4.dst == 10.0.0.1 && eth.dst == 0a:00:00:00:00:01")
                == expected("icmp4"))
        #expect(
            generate(
                "reject { next; };", "\(ip4) && tcp.dst == 9",
                "tcp.flags == 4 && ip4.dst == 10.0.0.1") == expected("tcp_reset"))
        // A hop limit of 255, without which it is no solicitation; stock traces leave it as it was.
        #expect(
            generate(
                "xxreg0 = fd00::2:1234; nd_ns { next; };", "ip6.src == fd00::1",
                "nd_ns && nd.target == fd00::2:1234 && nd.sll == 0a:00:00:00:00:01 && "
                    + "eth.dst == 33:33:ff:02:12:34 && ip6.dst == ff02::1:ff02:1234")
                == expected("nd_ns"))
    }

    @Test func noErrorAboutAnError() {
        #expect(minimal("reject { next; };", "icmp4.type == 3") == [])
        let twice = "reject { reject { next; }; };"
        let packet = "ip4.src == 10.0.0.1 && ip4.dst == 10.0.0.2"
        for (transport, title) in [
            ("tcp", "tcp_reset"), ("sctp", "sctp_abort"), ("udp", "icmp4"),
        ] {
            #expect(minimal(twice, "\(packet) && \(transport)") == ["\(title);"])
        }
    }

    // MARK: - Tables

    @Test func neighboursAndStations() {
        func add(_ rows: inout SouthboundRows, _ s1: RowUUID) {
            rows.add(
                SB.MACBinding(
                    logicalPort: "b", ip: "10.0.0.2", mac: "0a:00:00:00:00:55", datapath: s1))
            rows.add(
                SB.StaticMACBinding(
                    logicalPort: "b", ip: "10.0.0.2", mac: "0a:00:00:00:00:66", datapath: s1))
            rows.add(
                SB.StaticMACBinding(
                    logicalPort: "b", ip: "10.0.0.1", mac: "0a:00:00:00:00:44", datapath: s1))
            rows.add(SB.FDB(mac: "0a:00:00:00:00:02", dpKey: 1, portKey: 2))
        }
        let known = minimal("outport = \"b\"; get_arp(outport, ip4.dst); output;", adding: add)
        #expect(known == ["eth.dst = 0a:00:00:00:00:55;", "output(\"b\");"])
        let other = minimal("outport = \"b\"; get_arp(outport, ip4.src); output;", adding: add)
        #expect(other == ["eth.dst = 0a:00:00:00:00:44;", "output(\"b\");"])
        let station = minimal("outport = get_fdb(eth.dst); output;", adding: add)
        #expect(station == ["output(\"b\");"])
        let unknown = minimal("outport = \"b\"; get_arp(outport, ip4.dst); output;")
        #expect(unknown == ["eth.dst = 00:00:00:00:00:00;", "output(\"b\");"])
    }

    @Test func servicesAreAssumedToAnswer() {
        let answer = minimal(
            "reg0[3] = put_dhcp_opts(offerip = 10.0.0.4, router = 10.0.0.1); next;",
            "udp.dst == 67 && ip4")
        #expect(
            answer == [
                "/* We assume that this packet is DHCPDISCOVER or DHCPREQUEST. */;",
                "put_dhcp_opts(offerip = 10.0.0.4, router = 10.0.0.1);", "output(\"b\");",
            ])
        #expect(
            minimal("reg0[4] = dns_lookup(); next;", "udp.dst == 53 && ip4")[0]
                == "*** dns_lookup action not implemented;")
    }

    /// The rules are the translator's own.
    @Test func portSecurityStopsAPacket() {
        func send(_ address: String) -> [String] {
            minimal(
                "reg0[15] = check_in_port_sec(); next;", "ip4.src == \(address)"
            ) { rows, s1 in
                rows.flow(s1, "ingress", 1, "ls_in_second", 90, "reg0[15] == 1", "drop;")
                rows.replacePort("a", 1, in: s1, security: ["0a:00:00:00:00:01 10.0.0.1"])
            }
        }
        #expect(send("10.0.0.1") == ["output(\"b\");"])
        #expect(send("10.0.0.3") == [])
    }

    // MARK: - Texts

    @Test func theThreeForms() {
        var rows = SouthboundRows()
        let s1 = rows.datapath("s1", 1)
        rows.port("a", 1, in: s1)
        rows.port("b", 2, in: s1)
        rows.flow(s1, "ingress", 0, "ls_in_first", 0, "1", "next;")
        rows.flow(
            s1, "ingress", 1, "ls_in_second", 9, "eth.mcast",
            "clone { eth.dst = 0a:00:00:00:00:03; outport = \"b\"; output; }; next;")
        var question = NetworkTrace(
            microflow: "inport == \"a\" && eth.dst == ff:ff:ff:ff:ff:ff", datapath: "s1")
        question.forms = Set(NetworkTrace.Form.allCases)
        #expect(
            question.answer(TraceNetwork(rows.replica)) == """
                # reg14=0x1,vlan_tci=0x0000,dl_src=00:00:00:00:00:00,dl_dst=ff:ff:ff:ff:ff:ff,dl_type=0x0000
                # Detailed trace.

                ingress(dp="s1", inport="a")
                ----------------------------
                 1. ls_in_second (test:1): eth.mcast, priority 9, uuid 00000005
                    clone { eth.dst = 0a:00:00:00:00:03; outport = "b"; output; };

                    clone
                    -----
                            eth.dst = 0a:00:00:00:00:03;
                            outport = "b";
                            output;

                        egress(dp="s1", inport="a", outport="b")
                        ----------------------------------------
                         0. no match (implicit drop)
                    next;
                 2. no match (implicit drop)
                # Summary trace.
                ingress(dp="s1", inport="a") {
                    clone { eth.dst = 0a:00:00:00:00:03; outport = "b"; output; };
                    clone {
                        eth.dst = 0a:00:00:00:00:03;
                        outport = "b";
                        output;
                        egress(dp="s1", inport="a", outport="b");
                    };
                    next;
                };
                # Minimal trace.
                clone {
                    eth.dst = 0a:00:00:00:00:03;
                };

                """)
    }

    /// A table is named only in another pipeline, and a stage as the datapath's own flows name it.
    @Test func tablesAndStages() {
        var rows = SouthboundRows()
        let s1 = rows.datapath("s1", 1)
        let s2 = rows.datapath("s2", 2)
        for (name, key, datapath) in [("a", 1, s1), ("b", 2, s1), ("c", 3, s2)] {
            rows.port(name, key, in: datapath)
        }
        let first = "next(pipeline=ingress, table=3); next(pipeline=egress, table=0); next(1);"
        rows.flow(s1, "ingress", 0, "one_in_first", 0, "1", first)
        rows.flow(s1, "ingress", 3, "one_in_third", 0, "0", "next;")
        rows.flow(s2, "ingress", 3, "another_in_third", 0, "1", "drop;")
        rows.flow(s2, "egress", 0, "another_out_first", 0, "1", "drop;")
        let group = rows.add(SB.LogicalDPGroup(datapaths: [s1]))
        rows.add(
            SB.LogicalFlow(
                logicalDPGroup: group, pipeline: "egress", tableID: 0, priority: 0, match: "0",
                actions: "drop;", externalIDs: ["stage-name": "one_out_first"]))
        let answer = NetworkTrace(microflow: "inport == \"a\"")
            .answer(TraceNetwork(rows.replica))
        let lines = answer.split(separator: "\n").map { $0.drop { $0 == " " } }
        for line in [
            "next(3);", "3. one_in_third: no match (implicit drop)",
            "next(pipeline=egress, table=0);", "0. one_out_first: no match (implicit drop)",
            "next;", "1. no match (implicit drop)",
        ] {
            #expect(lines.contains { $0 == line }, "\(line) of \(answer)")
        }
    }

    // MARK: - Templates

    /// Two chassis with other servers under one name, and a port on each.
    private static func templated() -> SouthboundRows {
        var rows = SouthboundRows()
        let s1 = rows.datapath("s1", 1)
        for (key, name, server) in [(1, "a", "10.0.0.5"), (2, "b", "10.0.0.6")] {
            let chassis = rows.add(SB.Chassis(name: "hv-\(name)"))
            rows.add(
                SB.PortBinding(
                    logicalPort: name, datapath: s1, tunnelKey: key, chassis: chassis))
            rows.add(
                SB.ChassisTemplateVar(chassis: "hv-\(name)", variables: ["server": server]))
        }
        rows.port("c", 3, in: s1)
        rows.flow(
            s1, "ingress", 0, "ls_in_first", 50, "ip4.dst == ^server", "ip4.dst = ^server; next;")
        rows.flow(s1, "ingress", 0, "ls_in_first", 40, "ip4.dst == ^unknown", "drop;")
        rows.flow(s1, "ingress", 0, "ls_in_first", 0, "1", "drop;")
        rows.flow(s1, "ingress", 1, "ls_in_second", 0, "1", "outport = \"c\"; output;")
        rows.flow(s1, "egress", 0, "ls_out_first", 0, "1", "output;")
        return rows
    }

    /// A template is what it is on the chassis of the inport; what has no value there is named.
    @Test func templatesAreThoseOfTheInport() {
        let network = TraceNetwork(Self.templated().replica)
        func answer(_ port: String, _ address: String) -> [Substring] {
            NetworkTrace(
                microflow: "inport == \"\(port)\" && ip4.dst == \(address) && ip.ttl == 64"
            ).answer(network).split(separator: "\n").dropFirst().map { $0.drop { $0 == " " } }
        }
        for (port, own, other) in [("a", "10.0.0.5", "10.0.0.6"), ("b", "10.0.0.6", "10.0.0.5")] {
            let taken = answer(port, own)
            #expect(
                taken.first
                    == "# without flows of templates that have no value on chassis hv-\(port): ^unknown"
            )
            #expect(
                taken.contains {
                    $0.hasPrefix("0. ls_in_first (test:1): ip4.dst == \(own), priority 50, uuid")
                }, "\(taken)")
            #expect(taken.contains("ip4.dst = \(own);"))
            #expect(taken.contains("/* output to \"c\", type \"\" */"))
            #expect(answer(port, other).contains { $0.hasPrefix("0. ls_in_first (test:1): 1,") })
        }
        let nowhere = answer("c", "10.0.0.5")
        #expect(
            nowhere.first.map { String($0) }
                == "# without flows of templates that have no value as no chassis has the inport: "
                + "^server, ^unknown")
        #expect(nowhere.contains { $0.hasPrefix("0. ls_in_first (test:1): 1, priority 0") })
    }

    @Test func friendlyNames() {
        var rows = SouthboundRows()
        let id = "7e6a5c6e-0c4f-4d5e-8d6c-0f1e2d3c4b5a"
        let s1 = rows.add(
            SB.DatapathBinding(
                tunnelKey: 1, externalIDs: ["name": "neutron-\(id)", "logical-switch": id]))
        rows.add(
            SB.PortBinding(
                logicalPort: id, datapath: s1, tunnelKey: 1, externalIDs: ["name": "web"]))
        rows.flow(s1, "ingress", 0, "ls_in_first", 0, "inport == \"\(id)\"", "drop;")
        let question = NetworkTrace(microflow: "inport == \"web\"")
        let friendly = question.answer(TraceNetwork(rows.replica))
        #expect(friendly.contains("ingress(dp=\"neutron-7e6a5c\", inport=\"web\")\n"))
        #expect(friendly.contains(" 0. ls_in_first (test:1): inport == \"web\", priority 0"))
        let plain = question.answer(TraceNetwork(rows.replica, usesFriendlyNames: false))
        #expect(plain.contains("ingress(dp=\"\(id)\", inport=\"\(id)\")\n"))
    }
}

import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@testable import Northd

@Suite struct RouteTests {
    private let gateway = GatewayNetwork(options: ["chassis": "gw1"])
    private var network: TestNetwork { gateway.network }

    private func routes() -> [String] {
        network.flows("lr_in_ip_routing", on: "r").filter { $0.contains("192.168.") }
    }

    @Test func tablesOfPorts() {
        let number = StickyKeys(KeyRange.routeTables).place(of: NameNumbers.key("blue"))
        network.edit {
            $0.update(
                gateway.innerPort, [.options],
                of: NB.LogicalRouterPort(options: ["route_table": "blue"]))
        }
        network.addRoute("192.168.0.0/16", via: "172.16.0.9", on: gateway.router) {
            $0.routeTable = "blue"
        }
        network.addRoute("192.168.0.0/16", via: "172.16.0.8", on: gateway.router)
        network.settle()
        network.expectFlows(
            "lr_in_ip_routing_pre", on: "r", "[100] inport == \"r-in\" -> reg7 = \(number); next;")
        #expect(
            routes().contains {
                $0.hasPrefix("[1744] reg7 == \(number) && ip4.dst == 192.168.0.0/16 ->")
            })
        #expect(
            routes().contains { $0.hasPrefix("[1744] reg7 == 0 && ip4.dst == 192.168.0.0/16 ->") })
        #expect(network.reports.isEmpty)
    }

    @Test func throughAPortOnly() {
        network.addRoute("192.168.0.0/16", via: "", on: gateway.router) {
            $0.outputPort = "r-out"
        }
        network.settle()
        #expect(
            routes() == [
                "[1744] reg7 == 0 && ip4.dst == 192.168.0.0/16 -> ip.ttl--; reg8[0..15] = 0; "
                    + "reg0 = ip4.dst; reg5 = 172.16.0.1; eth.src = 02:00:00:00:01:02; "
                    + "outport = \"r-out\"; flags.loopback = 1; reg9[9] = 1; next;"
            ])
    }

    @Test func byAnotherFamily() {
        network.addRoute("192.168.0.0/16", via: "fe80::9", on: gateway.router) {
            $0.outputPort = "r-out"
        }
        network.settle()
        #expect(
            routes() == [
                "[1744] reg7 == 0 && ip4.dst == 192.168.0.0/16 -> ip.ttl--; reg8[0..15] = 0; "
                    + "xxreg0 = fe80::9; xxreg1 = fe80::ff:fe00:102; eth.src = 02:00:00:00:01:02; "
                    + "outport = \"r-out\"; flags.loopback = 1; reg9[9] = 0; next;"
            ])
    }

    @Test func byAPortWithoutAddress() {
        let bare = network.addRouterPort(
            "bare", to: gateway.router, mac: "02:00:00:00:01:03", networks: [])
        _ = bare
        network.addRoute("192.168.0.0/16", via: "10.1.1.1", on: gateway.router) {
            $0.outputPort = "bare"
        }
        network.settle()
        #expect(routes().first?.contains("reg0 = 10.1.1.1; eth.src = 02:00:00:00:01:03;") == true)
    }

    @Test func orderOfOrigins() {
        network.addRoute("172.16.0.0/24", via: "10.0.0.9", on: gateway.router) {
            $0.options["override-connected"] = "true"
        }
        network.addRoute("192.168.0.0/24", via: "10.0.0.9", on: gateway.router) {
            $0.options["origin"] = "connected"
        }
        network.settle()
        let flows = network.flows("lr_in_ip_routing", on: "r")
        #expect(flows.contains { $0.hasPrefix("[1846] reg7 == 0 && ip4.dst == 172.16.0.0/24 ->") })
        #expect(flows.contains { $0.hasPrefix("[1842] ip4.dst == 172.16.0.0/24 ->") })
        #expect(flows.contains { $0.hasPrefix("[1842] ip4.dst == 192.168.0.0/24 ->") })
    }

    @Test func chosenFieldsAreHashed() {
        for hop in ["172.16.0.8", "172.16.0.9"] {
            network.addRoute("192.168.0.0/16", via: hop, on: gateway.router) {
                $0.selectionFields = ["ip_src", "tp_dst"]
            }
        }
        network.settle()
        #expect(
            routes().contains {
                $0.hasPrefix("[1745] reg7 == 0 && ip4.dst == 192.168.0.0/16 && tcp ->")
                    && $0.contains("hash_fields=\"ip_src,tcp_dst\"")
            })
        #expect(
            routes().contains {
                $0.hasPrefix("[1744]") && $0.contains("hash_fields=\"ip_src\"")
            })
        #expect(network.flows("lr_in_ip_routing_ecmp", on: "r").count == 4)
    }

    @Test func oneOfSeveralDiscards() {
        network.addRoute("192.168.0.0/16", via: "172.16.0.9", on: gateway.router)
        network.addRoute("192.168.0.0/16", via: "discard", on: gateway.router)
        network.settle()
        #expect(routes() == ["[1744] reg7 == 0 && ip4.dst == 192.168.0.0/16 -> drop;"])
    }

    @Test func repliesGoBackAlike() {
        let uuid = network.addRoute("192.168.0.0/16", via: "172.16.0.9", on: gateway.router) {
            $0.options["ecmp_symmetric_reply"] = "true"
        }
        network.settle()
        let group = StickyKeys(KeyRange.routeGroups).place(of: uuid)
        let key = network.binding("r-out")?.tunnelKey ?? 0
        let route = "reg7 == 0 && ip4.dst == 192.168.0.0/16"
        network.expectFlows(
            "lr_in_defrag", on: "r",
            "[100] inport == \"r-out\" && ip4.src == 192.168.0.0/16 -> ct_next;",
            "[100] \(route) -> ct_next;")
        network.expectFlows(
            "lr_in_ecmp_stateful", on: "r",
            "[100] inport == \"r-out\" && ip4.src == 192.168.0.0/16 && (ct.new || ct.est) -> "
                + "ct_commit { ct_label.ecmp_reply_eth = eth.src; ct_mark.ecmp_reply_port = \(key); }; next;"
        )
        network.expectFlows(
            "lr_in_ip_routing", on: "r",
            "[10300] ct_mark.ecmp_reply_port == \(key) && \(route) -> ip.ttl--; flags.loopback = 1; "
                + "eth.src = 02:00:00:00:01:02; reg5 = 172.16.0.1; outport = \"r-out\"; next;",
            "[1744] \(route) -> ip.ttl--; flags.loopback = 1; reg8[0..15] = \(group); "
                + "reg8[16..31] = 1; next;")
        network.expectFlows(
            "lr_in_policy", on: "r", "[65535] ct_mark.ecmp_reply_port == \(key) -> next;")
        network.expectFlows(
            "lr_in_arp_resolve", on: "r",
            "[200] ct_mark.ecmp_reply_port == \(key) -> push(xxreg1); xxreg1 = ct_label; "
                + "eth.dst = xxreg1[32..79]; pop(xxreg1); next;")
        network.expectFlows(
            "lr_in_ecmp_stateful_egr", on: "r",
            "[100] reg9[10] == 1 && ip && outport == \"r-out\" -> ct_commit { "
                + "ct_label.ecmp_reply_eth = eth.dst; ct_mark.ecmp_reply_port = \(key); }; output;")
    }

    /// A next hop with a session counts while a chassis says that it is up.
    @Test func sessions() {
        let session = network.northbound.makeUUID()
        network.edit {
            $0.insert(NB.BFD(logicalPort: "r-out", dstIP: "172.16.0.9"), uuid: session)
        }
        network.addRoute("192.168.0.0/16", via: "172.16.0.9", on: gateway.router) {
            $0.bfd = session
        }
        network.settle()
        #expect(routes().isEmpty)
        network.expectFlows(
            "lr_in_ip_input", on: "r", "[110] ip4.src == 172.16.0.1 && udp.dst == 3784 -> next;",
            "[110] ip4.dst == 172.16.0.1 && udp.dst == 3784 -> handle_bfd_msg();")
        let row = network.rows(SB.BFD.self).first
        network.editSouthbound {
            $0.update(row?.uuid ?? .zero, [.status], of: SB.BFD(status: "up"))
        }
        network.settle()
        #expect(routes().count == 2)
        #expect(
            routes().first?.hasPrefix(
                "[1745] reg7 == 0 && ip4.dst == 192.168.0.0/16 && udp.dst == 3784 -> reg8[0..15] = 0;"
            )
                == true, "its packets keep their hop count")
    }

    @Test func neighboursAreToldOfAddresses() {
        let other = network.addRouter("other") { $0.options["chassis"] = "gw2" }
        network.connect(
            other, gateway.outer, name: "o-out", mac: "02:00:00:00:02:02",
            networks: ["172.16.0.2/24"])
        network.addNAT("dnat_and_snat", "9.9.9.9", "10.0.0.5", on: gateway.router) {
            $0.options["add_route"] = "true"
        }
        network.balance("lb", ["9.9.9.8:80": "10.0.0.5:80"], on: gateway.router) {
            $0.options["add_route"] = "true"
        }
        network.settle()
        for address in ["9.9.9.9", "9.9.9.8"] {
            network.expectFlows(
                "lr_in_ip_routing", on: "other",
                "[1938] ip4.dst == \(address) -> ip.ttl--; reg8[0..15] = 0; reg0 = ip4.dst; "
                    + "reg5 = 172.16.0.2; eth.src = 02:00:00:00:02:02; outport = \"o-out\"; "
                    + "flags.loopback = 1; reg9[9] = 1; next;")
            network.expectFlows(
                "lr_in_arp_resolve", on: "other",
                "[100] outport == \"o-out\" && reg0 == \(address) -> eth.dst = 02:00:00:00:01:02; next;"
            )
        }
    }
}

extension TestNetwork {
    @discardableResult
    func addPolicy(
        _ priority: Int, _ match: String, _ action: String, on router: RowUUID,
        _ change: (inout NB.LogicalRouterPolicy) -> Void = { _ in }
    ) -> RowUUID {
        let uuid = northbound.makeUUID()
        var row = NB.LogicalRouterPolicy(priority: priority, match: match, action: action)
        change(&row)
        edit {
            $0.insert(row, uuid: uuid)
            $0.mutate(NB.LogicalRouter.self, router, .policies, .insert(.ofSet([uuid])))
        }
        return uuid
    }
}

@Suite struct RoutePolicyTests {
    private let gateway = GatewayNetwork(options: ["chassis": "gw1"])
    private var network: TestNetwork { gateway.network }

    @Test func allowAndDrop() {
        network.addPolicy(10, "ip4.src == 10.0.0.5", "allow", on: gateway.router) {
            $0.options["pkt_mark"] = "7"
        }
        network.addPolicy(
            20, "ip4.src == 10.0.0.6 || ip4.src == 10.0.0.7", "drop", on: gateway.router)
        network.settle()
        #expect(
            network.flows("lr_in_policy", on: "r") == [
                "[20] ip4.src == 10.0.0.6 || ip4.src == 10.0.0.7 -> drop;",
                "[10] ip4.src == 10.0.0.5 -> pkt.mark = 7; reg8[0..15] = 0; next;",
                "[0] 1 -> reg8[0..15] = 0; next;",
            ])
        #expect(network.reports.isEmpty)
    }

    @Test func reroute() {
        network.addPolicy(10, "ip4.src == 10.0.0.5", "reroute", on: gateway.router) {
            $0.nexthops = ["172.16.0.9"]
            $0.options["pkt_mark"] = "7"
        }
        network.settle()
        network.expectFlows(
            "lr_in_policy", on: "r",
            "[10] ip4.src == 10.0.0.5 -> pkt.mark = 7; reg0 = 172.16.0.9; reg5 = 172.16.0.1; "
                + "eth.src = 02:00:00:00:01:02; outport = \"r-out\"; flags.loopback = 1; "
                + "reg8[0..15] = 0; reg9[9] = 1; next;")
    }

    @Test func severalNextHops() {
        let uuid = network.addPolicy(10, "ip4", "reroute", on: gateway.router) {
            $0.nexthops = ["172.16.0.8", "172.16.0.9"]
        }
        network.settle()
        let group = StickyKeys(KeyRange.routeGroups).place(of: uuid)
        network.expectFlows(
            "lr_in_policy", on: "r",
            "[10] ip4 -> reg8[0..15] = \(group); reg8[16..31] = select(1=100, 2=100);")
        network.expectFlows(
            "lr_in_policy_ecmp", on: "r",
            "[100] reg8[0..15] == \(group) && reg8[16..31] == 2 -> reg0 = 172.16.0.9; "
                + "reg5 = 172.16.0.1; eth.src = 02:00:00:00:01:02; outport = \"r-out\"; "
                + "flags.loopback = 1; reg9[9] = 1; next;")
    }

    @Test func chains() {
        network.addPolicy(10, "ip4", "jump", on: gateway.router) { $0.jumpChain = "inner" }
        network.addPolicy(5, "tcp || udp", "drop", on: gateway.router) { $0.chain = "inner" }
        network.settle()
        let chain = StickyKeys(KeyRange.policyChains).place(of: NameNumbers.key("inner"))
        #expect(
            network.flows("lr_in_policy", on: "r").prefix(2) == [
                "[10] reg9[16..31] == 0 && ip4 -> reg9[16..31] = \(chain); "
                    + "next(pipeline=ingress, table=18);",
                "[5] reg9[16..31] == \(chain) && (tcp || udp) -> drop;",
            ])
    }

    @Test func aPortByName() {
        network.addPolicy(10, "ip4", "reroute", on: gateway.router) {
            $0.nexthops = ["9.9.9.9"]
            $0.outputPort = gateway.outerPort
        }
        network.settle()
        #expect(
            network.flows("lr_in_policy", on: "r").first?.contains(
                "reg0 = 9.9.9.9; reg5 = 172.16.0.1;") == true)
    }

    @Test func aNextHopThatIsDown() {
        let session = network.northbound.makeUUID()
        network.edit {
            $0.insert(NB.BFD(logicalPort: "r-out", dstIP: "172.16.0.9"), uuid: session)
        }
        let uuid = network.addPolicy(10, "ip4", "reroute", on: gateway.router) {
            $0.nexthops = ["172.16.0.8", "172.16.0.9"]
            $0.bfdSessions = [session]
        }
        network.settle()
        let group = StickyKeys(KeyRange.routeGroups).place(of: uuid)
        network.expectFlows(
            "lr_in_policy", on: "r",
            "[10] ip4 -> reg8[0..15] = \(group); reg8[16..31] = 1; next;")
        #expect(
            network.northbound.replica[NB.BFD.self, session]?.status == "down",
            "a policy asks for the session")
    }

    @Test(arguments: [
        ("ip4 &&", "drop", "match"), ("ip4", "jump", "jump_chain"),
        ("ip4", "reroute", "nexthops"),
    ])
    func whatIsWrong(match: String, action: String, column: String) {
        network.addPolicy(10, match, action, on: gateway.router)
        network.addPolicy(11, "ip6", "drop", on: gateway.router)
        network.settle()
        #expect(network.northd.problems.map(\.column) == [column])
        network.expectFlows("lr_in_policy", on: "r", "[11] ip6 -> drop;")
    }
}

@Suite struct RouterServiceFlowTests {
    private let gateway = GatewayNetwork()
    private var network: TestNetwork { gateway.network }

    @Test func multicastIsRelayed() {
        #expect(
            network.flows("lr_in_ip_input", on: "r").contains(
                "[82] ip4.mcast || ip6.mcast -> drop;"))
        network.edit {
            $0.update(
                gateway.router, [.options], of: NB.LogicalRouter(options: ["mcast_relay": "true"]))
        }
        network.settle()
        network.expectFlows(
            "lr_in_ip_input", on: "r", "[82] ip4.mcast || ip6.mcast -> next;")
        network.expectFlows(
            "lr_in_ip_routing", on: "r", "[10450] ip4.mcast || ip6.mcast -> drop;")
        network.expectFlows(
            "lr_out_delivery", on: "r",
            "[110] (ip4.mcast || ip6.mcast) && outport == \"r-in\" -> "
                + "eth.src = 02:00:00:00:01:01; output;")
        network.edit {
            $0.update(
                gateway.outerPort, [.options],
                of: NB.LogicalRouterPort(options: ["mcast_flood": "true"]))
        }
        network.settle()
        #expect(network.group("_MC_static", on: "r") == ["cr-r-out"])
        network.expectFlows(
            "lr_in_ip_routing", on: "r",
            "[10550] eth.src == 02:00:00:00:01:01 && igmp -> drop;",
            "[10460] igmp -> clone { outport = \"_MC_static\"; next; };",
            "[10450] ip4.mcast || ip6.mcast -> "
                + "clone { outport = \"_MC_static\"; ip.ttl--; next; };")
        network.expectFlows("lr_in_ip_input", on: "r", "[120] igmp && ip.ttl == 1 -> next;")
    }

    @Test func controlTrafficIsMetered() {
        let (copp, other) = (network.northbound.makeUUID(), network.addRouter("other"))
        network.edit {
            $0.insert(
                NB.Copp(name: "c", meters: ["arp": "m1", "icmp4-error": "m2", "bfd": "m3"]),
                uuid: copp)
            $0.update(gateway.router, [.copp], of: NB.LogicalRouter(copp: copp))
        }
        network.settle()
        func meters(_ datapath: String, _ stage: String) -> Set<String> {
            let row = network.rows(SB.DatapathBinding.self).first {
                $0.row.externalIDs["name"] == datapath
            }
            let groups = network.rows(SB.LogicalDPGroup.self).filter {
                $0.row.datapaths.contains(row?.uuid ?? .zero)
            }.map(\.uuid)
            let flows = network.rows(SB.LogicalFlow.self).map(\.row).filter {
                $0.externalIDs["stage-name"] == stage
                    && ($0.logicalDatapath == row?.uuid
                        || $0.logicalDPGroup.map(groups.contains) == true)
            }
            return Set(flows.compactMap(\.controllerMeter))
        }
        #expect(meters("r", "lr_in_learn_neighbor") == ["m1"])
        #expect(meters("r", "lr_in_ip_input") == ["m2"])
        #expect(meters("other", "lr_in_learn_neighbor").isEmpty)
        _ = other
    }

    @Test func aRoutingDaemonSpeaksForTheRouter() {
        network.addPort("bgp", to: gateway.outer, addresses: ["unknown"])
        network.edit {
            $0.update(
                gateway.outerPort, [.options],
                of: NB.LogicalRouterPort(options: [
                    "routing-protocol-redirect": "bgp", "routing-protocols": "BGP,BFD",
                ]))
        }
        network.settle()
        network.expectFlows(
            "ls_in_check_port_sec", on: "out",
            "[80] inport == \"bgp\" && arp.op == 2 -> reg0[15] = 1; next;")
        network.expectFlows(
            "ls_in_l2_lkup", on: "out",
            "[100] ip4.dst == 172.16.0.1 && tcp.dst == 179 -> outport = \"bgp\"; output;",
            "[100] ip4.dst == 172.16.0.1 && udp.src == 3784 -> outport = \"bgp\"; output;",
            "[100] arp.op == 2 && arp.tpa == 172.16.0.1 -> clone { outport = \"bgp\"; output; }; "
                + "outport = \"to-r-out\"; output;")
    }

    @Test func disabledRouters() {
        network.edit {
            $0.update(gateway.innerPort, [.enabled], of: NB.LogicalRouterPort(enabled: false))
        }
        network.settle()
        #expect(!network.flows("lr_in_admission", on: "r").contains { $0.contains("r-in") })
        #expect(!network.flows("lr_out_delivery", on: "r").contains { $0.contains("r-in") })
        #expect(network.flows("lr_in_ip_routing", on: "r").contains { $0.contains("r-in") })
        network.edit {
            $0.update(gateway.router, [.enabled], of: NB.LogicalRouter(enabled: false))
        }
        network.settle()
        #expect(network.flows("lr_in_admission", on: "r").isEmpty)
    }
}

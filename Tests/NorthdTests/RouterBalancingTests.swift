import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@testable import Northd

extension TestNetwork {
    @discardableResult
    func balance(
        _ name: String, _ vips: [String: String], on routers: RowUUID...,
        change: (inout NB.LoadBalancer) -> Void = { _ in }
    ) -> RowUUID {
        let uuid = addLoadBalancer(name, vips, change)
        edit { builder in
            for router in routers {
                builder.mutate(
                    NB.LogicalRouter.self, router, .loadBalancer, .insert(.ofSet([uuid])))
            }
        }
        return uuid
    }
}

@Suite struct BalancedGatewayRouterTests {
    private let gateway = GatewayNetwork(options: ["chassis": "gw1"])
    private var network: TestNetwork { gateway.network }
    private let opens =
        "ct.new && !ct.rel && ip4 && ip4.dst == 9.9.9.9 && reg1[16..23] == 6 && reg1[0..15] == 80"

    @Test func aServiceWithAPort() {
        network.balance("lb", ["9.9.9.9:80": "10.0.0.5:8080,10.0.0.6:8080"], on: gateway.router)
        network.settle()
        network.expectFlows("lr_in_defrag", on: "r", "[100] ip && ip4.dst == 9.9.9.9 -> ct_dnat;")
        network.expectFlows(
            "lr_in_ct_extract", on: "r",
            "[100] ct.new && ip -> reg1[16..23] = ct_proto(); reg1[0..15] = ct_tp_dst(); next;")
        network.expectFlows(
            "lr_in_dnat", on: "r",
            "[120] \(opens) -> ct_lb_mark(backends=10.0.0.5:8080,10.0.0.6:8080);",
            "[70] ct.rel && !ct.est && !ct.new && !ct.rpl && ct_mark.skip_snat == 1 -> "
                + "flags.skip_snat_for_lb = 1; ct_commit_nat;",
            "[50] ct.est && !ct.rel && !ct.new && !ct.rpl && ct_mark.natted -> next;")
        network.expectFlows("lr_out_undnat", on: "r", "[50] ip -> flags.loopback = 1; ct_dnat;")
        #expect(network.reports.isEmpty)
    }

    @Test func addressesOnly() {
        network.balance("lb", ["fd00::9": "fd10::5"], on: gateway.router) {
            $0.selectionFields = ["ip_src"]
        }
        network.settle()
        network.expectFlows(
            "lr_in_dnat", on: "r",
            "[110] ct.new && !ct.rel && ip6 && ip6.dst == fd00::9 -> "
                + "ct_lb_mark(backends=fd10::5; hash_fields=\"ip_src\");")
    }

    @Test func sources() {
        network.balance("skip", ["9.9.9.9:80": "10.0.0.5:80"], on: gateway.router) {
            $0.options["skip_snat"] = "true"
        }
        network.balance("force", ["9.9.9.8:80": "10.0.0.5:80"], on: gateway.router)
        network.edit {
            $0.update(
                gateway.router, [.options],
                of: NB.LogicalRouter(options: [
                    "chassis": "gw1", "lb_force_snat_ip": "192.168.0.3",
                ]))
        }
        network.settle()
        network.expectFlows(
            "lr_in_dnat", on: "r",
            "[120] \(opens) -> flags.skip_snat_for_lb = 1; "
                + "ct_lb_mark(backends=10.0.0.5:80; skip_snat);")
        #expect(
            network.flows("lr_in_dnat", on: "r").contains {
                $0.contains("9.9.9.8")
                    && $0.hasSuffix(
                        "flags.force_snat_for_lb = 1; ct_lb_mark(backends=10.0.0.5:80; force_snat);"
                    )
            })
    }

    @Test func nobodyServes() {
        network.balance("drop", ["9.9.9.9:80": ""], on: gateway.router)
        network.balance("reject", ["9.9.9.8:80": ""], on: gateway.router) {
            $0.options["reject"] = "true"
        }
        let event = network.balance("event", ["9.9.9.7:80": ""], on: gateway.router) {
            $0.options["event"] = "true"
        }
        network.settle()
        network.expectFlows(
            "lr_in_dnat", on: "r", "[120] \(opens) -> drop;",
            "[120] \(opens.replacing("9.9.9.9", with: "9.9.9.8")) -> reg0 = 0; "
                + "reject { outport <-> inport; next(pipeline=egress, table=3); };",
            "[130] ip4.dst == 9.9.9.7 && tcp && tcp.dst == 80 -> "
                + "trigger_event(event = \"empty_lb_backends\", vip = \"9.9.9.7:80\", "
                + "protocol = \"tcp\", load_balancer = \"\(event)\");")
    }

    @Test func clientsKeepTheirBackend() {
        network.balance("lb", ["9.9.9.9:80": "10.0.0.5:8080"], on: gateway.router) {
            $0.options["affinity_timeout"] = "60"
        }
        network.settle()
        network.expectFlows(
            "lr_in_lb_aff_check", on: "r", "[100] \(opens) -> reg9[6] = chk_lb_aff(); next;")
        network.expectFlows(
            "lr_in_dnat", on: "r",
            "[150] reg9[6] == 1 && ct.new && ip4.dst == 9.9.9.9 && reg4 == 10.0.0.5 && "
                + "reg2[0..15] == 8080 -> ct_lb_mark(backends=10.0.0.5:8080);",
            "[120] \(opens) -> reg4 = 9.9.9.9; reg2[0..15] = 80; "
                + "ct_lb_mark(backends=10.0.0.5:8080);")
        network.expectFlows(
            "lr_in_lb_aff_learn", on: "r",
            "[100] reg9[6] == 0 && ct.new && ip4 && reg4 == 9.9.9.9 && reg2[0..15] == 80 && "
                + "ip4.dst == 10.0.0.5 && tcp.dst == 8080 -> "
                + "commit_lb_aff(vip = \"9.9.9.9:80\", backend = \"10.0.0.5:8080\", "
                + "proto = tcp, timeout = 60);")
    }

    /// Routers of one kind share the flows of a group's load balancers.
    @Test func aGroupOnManyRoutersIsOneSetOfFlows() {
        let network = TestNetwork()
        let balancer = network.balance("lb", ["9.9.9.9:80": "10.0.0.5:80"])
        let group = network.northbound.makeUUID()
        network.edit {
            $0.insert(NB.LoadBalancerGroup(name: "g", loadBalancer: [balancer]), uuid: group)
        }
        func add(_ number: Int) {
            network.addRouter("r\(number)") {
                $0.options["chassis"] = "gw\(number)"
                $0.loadBalancerGroup = [group]
            }
            network.settle()
        }
        add(0)
        let flows = network.rows(SB.LogicalFlow.self).count
        for number in 1...9 { add(number) }
        #expect(network.rows(SB.LogicalFlow.self).count == flows)
        #expect(network.flows("lr_in_dnat", on: "r7").contains { $0.contains("ct_lb_mark") })
    }

    @Test func whoAnswersForTheAddress() {
        network.balance("near", ["172.16.0.50:80": "10.0.0.5:80"], on: gateway.router)
        network.balance("far", ["9.9.9.9:80": "10.0.0.5:80"], on: gateway.router)
        network.balance("all", ["9.9.9.8:80": "10.0.0.5:80"], on: gateway.router) {
            $0.options["neighbor_responder"] = "all"
        }
        network.balance("none", ["172.16.0.51:80": "10.0.0.5:80"], on: gateway.router) {
            $0.options["neighbor_responder"] = "none"
        }
        network.settle()
        let key = network.rows(SB.DatapathBinding.self).first { $0.row.nbUUID == gateway.router }?
            .row.tunnelKey
        let set = "_rtr_lb_\(key ?? 0)_ip4"
        #expect(
            network.rows(SB.AddressSet.self).first { $0.row.name == set }?.row.addresses
                == ["172.16.0.50", "9.9.9.8"])
        #expect(
            network.flows("lr_in_ip_input", on: "r").contains {
                $0.hasPrefix("[90] inport == \"r-out\" && arp.op == 1 && arp.tpa == $\(set) -> ")
            })
        let lookup = network.flows("ls_in_l2_lkup", on: "out")
        #expect(lookup.contains { $0.hasPrefix("[80]") && $0.contains("arp.tpa == 172.16.0.50 ") })
        #expect(!lookup.contains { $0.contains("9.9.9.8") || $0.contains("172.16.0.51") })
    }

    @Test func anAddressThatIsOthersToo() {
        network.balance("lb", ["172.16.0.100:80": "10.0.0.5:80"], on: gateway.router)
        network.balance("own", ["172.16.0.1:80": "10.0.0.5:80"], on: gateway.router)
        network.addNAT("snat", "172.16.0.100", "10.0.0.0/24", on: gateway.router)
        network.settle()
        network.expectFlows(
            "lr_in_unsnat", on: "r",
            "[120] ip4 && ip4.dst == 172.16.0.100 && tcp && tcp.dst == 80 -> next;")
        #expect(
            !network.flows("lr_in_ip_input", on: "r").contains {
                $0.hasPrefix("[60]") && $0.contains("172.16.0.1")
            })
        network.expectFlows("lr_in_arp_resolve", on: "r", "[2] ip4.dst == 172.16.0.1 -> drop;")
    }
}

@Suite struct BalancedGatewayPortTests {
    private let gateway = GatewayNetwork()
    private var network: TestNetwork { gateway.network }
    private let opens =
        "ct.new && !ct.rel && ip4 && ip4.dst == 9.9.9.9 && reg1[16..23] == 6 && reg1[0..15] == 80"
    private let here = "is_chassis_resident(\"cr-r-out\")"
    private let backend = "ip4 && ip4.src == 10.0.0.5 && tcp.src == 8080"

    @Test func atTheGateway() {
        network.balance("lb", ["9.9.9.9:80": "10.0.0.5:8080"], on: gateway.router)
        network.settle()
        network.expectFlows(
            "lr_in_dnat", on: "r",
            "[120] \(opens) && \(here) -> ct_lb_mark(backends=10.0.0.5:8080);")
        network.expectFlows(
            "lr_in_gw_redirect", on: "r",
            "[200] \(backend) && outport == \"r-out\" -> outport = \"cr-r-out\"; next;")
        network.expectFlows(
            "lr_out_undnat", on: "r",
            "[120] \(backend) && (inport == \"r-out\" || outport == \"r-out\") && \(here) -> ct_dnat;"
        )
    }

    /// The pieces of a large answer have no ports but the first, so all of them are put together.
    @Test func answersInPieces() {
        network.balance(
            "lb",
            ["9.9.9.9:80": "10.0.0.5:8080,10.0.0.5:8081,10.0.0.6:8080", "9.9.9.8": "10.0.0.7"],
            on: gateway.router)
        network.balance("skip", ["9.9.9.7:80": "10.0.0.8:80"], on: gateway.router) {
            $0.options["skip_snat"] = "true"
        }
        network.settle()
        let pieces = network.flows("lr_out_undnat", on: "r").filter { $0.contains("frag") }
        #expect(
            pieces == [
                "[90] ip4 && ip.is_frag && (ip4.src == 10.0.0.5 || ip4.src == 10.0.0.6) && "
                    + "(inport == \"r-out\" || outport == \"r-out\") && \(here) -> ct_dnat;"
            ])
    }

    @Test func onlyNearby() {
        network.balance("lb", ["9.9.9.9:80": "10.0.0.5:8080,10.0.0.6:8080"], on: gateway.router) {
            $0.options["distributed"] = "true"
            $0.ipPortMappings = ["10.0.0.5": "vm:10.0.0.250"]
        }
        network.settle()
        network.expectFlows(
            "lr_in_dnat", on: "r",
            "[120] \(opens) -> ct_lb_mark_local(backends=\"vm\":10.0.0.5:8080);")
        #expect(
            network.flows("lr_in_gw_redirect", on: "r").first?.hasSuffix(
                "outport = \"r-out\"; next;") == true)
        #expect(network.binding("cr-r-out")?.options["always-redirect"] == nil)
    }

    @Test func byHashAtSeveralGateways() {
        network.addGateways("gw3", to: gateway.innerPort)
        network.balance("lb", ["9.9.9.9:80": "10.7.0.5:8080,10.7.0.6:8080"], on: gateway.router) {
            $0.options["use_stateless_nat"] = "true"
        }
        network.settle()
        network.expectFlows(
            "lr_in_ct_extract", on: "r",
            "[120] ip && ip4.dst == 9.9.9.9 -> reg1[0..15] = select(0=100, 1=100);")
        network.expectFlows(
            "lr_in_dnat", on: "r",
            "[120] \(here) && ip4 && ip4.dst == 9.9.9.9 && tcp && tcp.dst == 80 && "
                + "reg1[0..15] == 1 -> ip4.dst = 10.7.0.6; tcp.dst = 8080; next;")
        #expect(!network.flows("lr_in_defrag", on: "r").contains { $0.contains("9.9.9.9") })
        #expect(
            network.flows("lr_out_snat", on: "r").contains {
                $0.hasPrefix("[160]") && $0.hasSuffix("ip4.src = 9.9.9.9; tcp.src = 80; next;")
            })
    }
}

import OVSDBModel
import OVSDBSession
import Schemas
import Testing
import Wire

@testable import Northd

extension TestNetwork {
    @discardableResult
    func addNAT(
        _ type: String, _ external: String, _ logical: String, on router: RowUUID,
        _ change: (inout NB.NAT) -> Void = { _ in }
    ) -> RowUUID {
        let uuid = northbound.makeUUID()
        var row = NB.NAT(externalIP: external, logicalIP: logical, type: type)
        change(&row)
        edit {
            $0.insert(row, uuid: uuid)
            $0.mutate(NB.LogicalRouter.self, router, .nat, .insert(.ofSet([uuid])))
        }
        return uuid
    }

    func expectFlows(
        _ stage: String, on datapath: String, _ wanted: String...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let flows = flows(stage, on: datapath)
        for line in wanted {
            #expect(
                flows.contains(line), "missing: \(line) in \(flows)", sourceLocation: sourceLocation
            )
        }
    }

    func setOption(_ key: String, _ value: String) {
        edit { builder in
            guard let global = northbound.replica.only(NB.NBGlobal.self) else { return }
            var row = global.row
            row.options[key] = value
            builder.update(global.uuid, [.options], of: row)
        }
    }
}

@Suite struct GatewayRouterTranslationTests {
    private let gateway = GatewayNetwork(options: ["chassis": "gw1"])
    private var network: TestNetwork { gateway.network }

    @Test func sources() {
        network.addNAT("snat", "172.16.0.100", "10.0.0.0/24", on: gateway.router)
        network.settle()
        network.expectFlows(
            "lr_in_unsnat", on: "r", "[90] ip && ip4.dst == 172.16.0.100 -> ct_snat;")
        network.expectFlows(
            "lr_out_snat", on: "r",
            "[25] ip && ip4.src == 10.0.0.0/24 && (!ct.trk || !ct.rpl) -> ct_snat(172.16.0.100);")
        network.expectFlows(
            "lr_out_undnat", on: "r", "[100] nd || nd_rs || nd_ra -> next;",
            "[50] ip -> flags.loopback = 1; ct_dnat;")
        network.expectFlows(
            "lr_out_post_undnat", on: "r", "[50] ip && ct.new -> ct_commit; next;")
        #expect(network.flows("lr_in_dnat", on: "r") == ["[0] 1 -> next;"])
        #expect(
            network.flows("lr_in_ip_input", on: "r").contains {
                $0.hasPrefix("[90] arp.op == 1 && arp.tpa == 172.16.0.100 -> eth.dst = eth.src; ")
            })
        network.expectFlows(
            "ls_in_l2_lkup", on: "out",
            "[80] flags[1] == 0 && eth.dst == ff:ff:ff:ff:ff:ff && arp.op == 1 && "
                + "arp.tpa == 172.16.0.100 -> clone { outport = \"to-r-out\"; output; }; "
                + "outport = \"_MC_unknown\"; output;",
            "[90] flags[1] == 0 && eth.dst == ff:ff:ff:ff:ff:ff && arp.op == 1 && "
                + "arp.tpa == 172.16.0.100 && arp.spa == 172.16.0.100 -> "
                + "outport = \"_MC_flood_l2\"; output;")
        #expect(network.reports.isEmpty)
    }

    @Test func destinations() {
        network.addNAT("dnat_and_snat", "172.16.0.101", "10.0.0.5", on: gateway.router) {
            $0.externalPortRange = "1000-2000"
        }
        network.settle()
        network.expectFlows(
            "lr_in_dnat", on: "r",
            "[100] ip && ip4.dst == 172.16.0.101 -> flags.loopback = 1; ct_dnat(10.0.0.5,1000-2000);"
        )
        network.expectFlows(
            "lr_out_snat", on: "r",
            "[33] ip && ip4.src == 10.0.0.5 && (!ct.trk || !ct.rpl) -> "
                + "ct_snat(172.16.0.101,1000-2000);")
    }

    @Test func version6() {
        network.addNAT("dnat_and_snat", "fd00::100", "fd10::5", on: gateway.router)
        network.settle()
        network.expectFlows(
            "lr_in_dnat", on: "r",
            "[100] ip && ip6.dst == fd00::100 -> flags.loopback = 1; ct_dnat(fd10::5);")
        network.expectFlows(
            "lr_out_snat", on: "r",
            "[129] ip && ip6.src == fd10::5 && (!ct.trk || !ct.rpl) -> ct_snat(fd00::100);")
        #expect(
            network.flows("lr_in_ip_input", on: "r").contains {
                $0.hasPrefix(
                    "[90] ip6.dst == {fd00::100, ff02::1:ff00:100} && nd_ns && "
                        + "nd.target == fd00::100 -> nd_na { eth.src = xreg0[0..47];")
            })
    }

    @Test func conditionsAndPeers() {
        let set = network.northbound.makeUUID()
        network.edit { $0.insert(NB.AddressSet(name: "as", addresses: ["1.2.3.4"]), uuid: set) }
        network.addNAT("snat", "172.16.0.100", "10.0.0.0/24", on: gateway.router) {
            $0.match = "tcp || udp"
            $0.priority = 7
        }
        network.addNAT("dnat_and_snat", "172.16.0.101", "10.0.0.5", on: gateway.router) {
            $0.exemptedExtIPs = set
        }
        network.addNAT("dnat", "172.16.0.102", "10.0.0.6", on: gateway.router) {
            $0.allowedExtIPs = set
        }
        network.settle()
        network.expectFlows(
            "lr_out_snat", on: "r",
            "[307] ip && ip4.src == 10.0.0.0/24 && (tcp || udp) && (!ct.trk || !ct.rpl) -> "
                + "ct_snat(172.16.0.100);",
            "[35] ip && ip4.src == 10.0.0.5 && ip4.dst == $as -> next;")
        network.expectFlows(
            "lr_in_dnat", on: "r", "[102] ip && ip4.dst == 172.16.0.101 && ip4.src == $as -> next;",
            "[100] ip && ip4.dst == 172.16.0.102 && ip4.src == $as -> "
                + "flags.loopback = 1; ct_dnat(10.0.0.6);")
    }

    @Test func forcedSources() {
        network.edit {
            $0.update(
                gateway.router, [.options],
                of: NB.LogicalRouter(options: [
                    "chassis": "gw1", "dnat_force_snat_ip": "192.168.0.3 fd00::3",
                    "lb_force_snat_ip": "router_ip",
                ]))
        }
        network.addNAT("dnat", "172.16.0.102", "10.0.0.6", on: gateway.router)
        network.settle()
        network.expectFlows(
            "lr_in_unsnat", on: "r", "[110] ip4 && ip4.dst == 192.168.0.3 -> ct_snat;",
            "[110] inport == \"r-out\" && ip4.dst == 172.16.0.1 -> ct_snat;")
        network.expectFlows(
            "lr_in_dnat", on: "r",
            "[100] ip && ip4.dst == 172.16.0.102 -> flags.force_snat_for_dnat = 1; "
                + "flags.loopback = 1; ct_dnat(10.0.0.6);")
        network.expectFlows(
            "lr_out_snat", on: "r",
            "[100] flags.force_snat_for_dnat == 1 && ip6 -> ct_snat(fd00::3);",
            "[110] flags.force_snat_for_lb == 1 && flags.network_id == 0 && ip4 && "
                + "outport == \"r-out\" -> ct_snat(172.16.0.1);",
            "[105] flags.force_snat_for_lb == 1 && ip4 && outport == \"r-out\" -> "
                + "ct_snat(172.16.0.1);")
        #expect(
            !network.flows("lr_in_ip_input", on: "r").contains { $0.hasPrefix("[60]") },
            "replies come to the router's own addresses")
    }

    /// What is left of the connections of a shared address is dropped after translation.
    @Test func theRoutersOwnAddressAsSource() {
        network.addNAT("snat", "172.16.0.1", "10.0.0.0/24", on: gateway.router)
        network.settle()
        let drops = network.flows("lr_in_ip_input", on: "r").filter { $0.hasPrefix("[60]") }
        #expect(!drops.contains { $0.contains("172.16.0.1") })
        #expect(drops.contains("[60] ip4.dst == 10.0.0.1 -> drop;"))
        network.expectFlows(
            "lr_in_arp_resolve", on: "r", "[2] ip4.dst == 172.16.0.1 -> drop;")
    }

    @Test func everythingIsCommitted() {
        network.edit {
            $0.update(
                gateway.router, [.options],
                of: NB.LogicalRouter(options: ["chassis": "gw1", "ct-commit-all": "true"]))
        }
        network.addNAT("snat", "172.16.0.100", "10.0.0.0/24", on: gateway.router)
        network.settle()
        network.expectFlows(
            "lr_in_defrag", on: "r", "[10] ip && (!ct.trk || !ct.rpl) -> ct_next(dnat);")
        network.expectFlows(
            "lr_in_post_unsnat", on: "r", "[10] ip && ct.new -> flags.unsnat_new = 1; next;",
            "[10] ip && !ct.trk -> flags.unsnat_not_tracked = 1; next;")
        network.expectFlows("lr_out_snat", on: "r", "[10] ip && ct.new -> ct_commit_to_zone(snat);")
        #expect(!network.flows("lr_out_post_undnat", on: "r").contains { $0.hasPrefix("[50]") })
        network.addChassis("old", features: false)
        network.settle()
        #expect(network.flows("lr_in_defrag", on: "r") == ["[0] 1 -> next;"])
    }

    @Test func announcements() {
        let port = network.northbound.replica.rows(NB.LogicalSwitchPort.self).first {
            $0.row.name == "to-r-out"
        }
        network.addNAT("snat", "172.16.0.100", "10.0.0.0/24", on: gateway.router)
        network.addNAT("dnat", "172.16.0.99", "10.0.0.6", on: gateway.router)
        network.edit { builder in
            guard var row = port?.row, let uuid = port?.uuid else { return }
            row.options["nat-addresses"] = "router"
            builder.update(uuid, [.options], of: row)
        }
        network.settle()
        #expect(
            network.binding("to-r-out")?.natAddresses == [
                "02:00:00:00:01:02 172.16.0.1", "02:00:00:00:01:02 172.16.0.99 172.16.0.100",
            ])
    }

    @Test(arguments: [
        ("snat", "172.16.0", "10.0.0.0/24", "external_ip"),
        ("dnat", "172.16.0.9", "10.0.0.0/24", "logical_ip"),
        ("snat", "172.16.0.9", "fd00::/64", "logical_ip"),
    ])
    func whatIsWrong(type: String, external: String, logical: String, column: String) {
        network.addNAT(type, external, logical, on: gateway.router)
        network.addNAT("snat", "172.16.0.100", "10.0.0.0/24", on: gateway.router)
        network.settle()
        #expect(network.northd.problems.map(\.column) == [column])
        network.expectFlows(
            "lr_in_unsnat", on: "r", "[90] ip && ip4.dst == 172.16.0.100 -> ct_snat;")
    }
}

@Suite struct GatewayPortTranslationTests {
    private let gateway = GatewayNetwork()
    private var network: TestNetwork { gateway.network }
    private let here = "is_chassis_resident(\"cr-r-out\")"

    @Test func sources() {
        network.addNAT("snat", "172.16.0.100", "10.0.0.0/24", on: gateway.router)
        network.settle()
        network.expectFlows(
            "lr_in_unsnat", on: "r",
            "[100] ip && ip4.dst == 172.16.0.100 && inport == \"r-out\" && \(here) -> ct_snat;")
        let outgoing =
            "ip && ip4.src == 10.0.0.0/24 && outport == \"r-out\" && \(here) && (!ct.trk || !ct.rpl)"
        let incoming = "ip && ip4.dst == 10.0.0.0/24 && inport == \"r-out\" && \(here)"
        network.expectFlows("lr_out_post_undnat", on: "r", "[70] \(outgoing) -> ct_next(snat);")
        network.expectFlows(
            "lr_out_snat", on: "r", "[153] \(outgoing) -> ct_snat(172.16.0.100);",
            "[153] \(incoming) && (!ct.trk || !ct.rpl) -> ct_snat;")
        network.expectFlows(
            "lr_out_post_snat", on: "r", "[153] \(incoming) && ct.new -> ct_commit_to_zone(snat);")
        network.expectFlows(
            "lr_in_ip_input", on: "r",
            "[120] inport == \"r-out\" && ip4.src == 172.16.0.100 -> next;")
        network.expectFlows(
            "lr_in_arp_resolve", on: "r",
            "[150] inport == \"r-out\" && outport == \"r-out\" && ip4.dst == 172.16.0.100 -> drop;",
            "[100] outport == \"r-out\" && reg0 == 172.16.0.100 -> eth.dst = 02:00:00:00:01:02; next;"
        )
        let zeros = (0...9).map { "reg\($0) = 0; " }.joined()
        network.expectFlows(
            "lr_out_egr_loop", on: "r",
            "[100] ip4.dst == 172.16.0.100 && outport == \"r-out\" && \(here) -> "
                + "clone { ct_clear; inport = outport; outport = \"\"; eth.dst <-> eth.src; "
                + "flags = 0; flags.loopback = 1; \(zeros)reg9[0] = 1; "
                + "next(pipeline=ingress, table=0); };")
        #expect(
            network.flows("lr_in_ip_input", on: "r").contains {
                $0.hasPrefix(
                    "[92] inport == \"r-out\" && arp.op == 1 && arp.tpa == 172.16.0.100 && \(here) ->"
                )
            })
        // Elsewhere nobody answers outside, and everybody inside.
        network.expectFlows(
            "lr_in_ip_input", on: "r",
            "[91] inport == \"r-out\" && arp.op == 1 && arp.tpa == 172.16.0.100 -> drop;")
        #expect(
            network.flows("lr_in_ip_input", on: "r").contains {
                $0.hasPrefix("[90] arp.op == 1 && arp.tpa == 172.16.0.100 -> eth.dst = eth.src; ")
            })
    }

    /// Two rules with one address answer for it once.
    @Test func oneAddressOfSeveralRules() {
        network.addNAT("snat", "172.16.0.100", "10.0.0.0/24", on: gateway.router)
        network.addNAT("snat", "172.16.0.100", "10.1.0.0/24", on: gateway.router)
        network.settle()
        #expect(network.flows("lr_in_unsnat", on: "r").count == 2)
        #expect(network.flows("lr_out_egr_loop", on: "r").count == 2)
        #expect(
            network.flows("lr_out_snat", on: "r").filter { $0.hasSuffix("ct_snat(172.16.0.100);") }
                .count == 2)
    }

    @Test func olderChassisDontTrackZones() {
        network.addNAT("snat", "172.16.0.100", "10.0.0.0/24", on: gateway.router)
        network.addChassis("old", features: false)
        network.settle()
        #expect(network.flows("lr_out_post_undnat", on: "r") == ["[0] 1 -> next;"])
        #expect(network.flows("lr_out_post_snat", on: "r") == ["[0] 1 -> next;"])
    }

    @Test func aFloatingIPIsWhereItsPortIs() {
        network.addPort("vm", to: gateway.inner, addresses: ["02:00:00:00:00:05 10.0.0.5"])
        network.addNAT("dnat_and_snat", "172.16.0.101", "10.0.0.5", on: gateway.router) {
            $0.externalMAC = "02:00:00:00:02:05"
            $0.logicalPort = "vm"
        }
        network.settle()
        let vm = "is_chassis_resident(\"vm\")"
        network.expectFlows(
            "lr_in_admission", on: "r",
            "[50] eth.dst == 02:00:00:00:02:05 && inport == \"r-out\" && \(vm) -> "
                + "xreg0[0..47] = 02:00:00:00:01:02; next;")
        network.expectFlows(
            "lr_in_dnat", on: "r",
            "[100] ip && ip4.dst == 172.16.0.101 && inport == \"r-out\" -> ct_dnat(10.0.0.5);")
        network.expectFlows(
            "lr_out_undnat", on: "r",
            "[100] ip && ip4.src == 10.0.0.5 && outport == \"r-out\" -> "
                + "eth.src = 02:00:00:00:02:05; ct_dnat;")
        network.expectFlows(
            "lr_out_snat", on: "r",
            "[161] ip && ip4.src == 10.0.0.5 && outport == \"r-out\" && \(vm) && "
                + "(!ct.trk || !ct.rpl) -> eth.src = 02:00:00:00:02:05; ct_snat(172.16.0.101);")
        network.expectFlows(
            "lr_in_gw_redirect", on: "r",
            "[100] ip4.src == 10.0.0.5 && outport == \"r-out\" && \(vm) -> "
                + "eth.src = 02:00:00:00:02:05; reg5 = 172.16.0.101; next;")
        network.expectFlows(
            "lr_in_arp_resolve", on: "r",
            "[100] outport == \"r-out\" && reg0 == 172.16.0.101 -> eth.dst = 02:00:00:00:02:05; next;"
        )
        network.expectFlows(
            "ls_in_l2_lkup", on: "out",
            "[50] eth.dst == 02:00:00:00:02:05 && \(vm) -> outport = \"to-r-out\"; output;",
            "[75] eth.src == {02:00:00:00:01:02, 02:00:00:00:02:05} && "
                + "eth.dst == ff:ff:ff:ff:ff:ff && (arp.op == 1 || rarp.op == 3 || nd_ns) -> "
                + "outport = \"_MC_flood_l2\"; output;")
        #expect(
            network.flows("lr_in_ip_input", on: "r").contains {
                $0.hasPrefix(
                    "[92] inport == \"r-out\" && arp.op == 1 && arp.tpa == 172.16.0.101 && \(vm) -> "
                        + "eth.dst = eth.src; eth.src = 02:00:00:00:02:05; ")
            })
        #expect(network.binding("cr-r-out")?.options["always-redirect"] == nil)
    }

    /// Without a way of its own to the physical network the switch has all of it done at the gateway.
    @Test func aFloatingIPOfATunnelledNetworkIsCentral() {
        let gateway = GatewayNetwork(localnet: false)
        gateway.network.addNAT("dnat_and_snat", "172.16.0.101", "10.0.0.5", on: gateway.router) {
            $0.externalMAC = "02:00:00:00:02:05"
            $0.logicalPort = "vm"
        }
        gateway.network.settle()
        gateway.network.expectFlows(
            "lr_in_dnat", on: "r",
            "[100] ip && ip4.dst == 172.16.0.101 && inport == \"r-out\" && \(here) -> "
                + "ct_dnat(10.0.0.5);")
        #expect(
            gateway.network.flows("lr_in_ip_input", on: "r").contains {
                $0.hasPrefix("[90] arp.op == 1 && arp.tpa == 172.16.0.101 -> ")
            })
    }

    @Test func withoutState() {
        network.addNAT("dnat_and_snat", "172.16.0.101", "10.0.0.5", on: gateway.router) {
            $0.options["stateless"] = "true"
        }
        network.settle()
        let inbound = "ip && ip4.dst == 172.16.0.101 && inport == \"r-out\" && \(here)"
        network.expectFlows("lr_in_unsnat", on: "r", "[100] \(inbound) -> next;")
        network.expectFlows(
            "lr_in_dnat", on: "r", "[100] \(inbound) -> ip4.dst = 10.0.0.5; next;",
            "[101] \(inbound) && icmp4 && icmp4.type == {3, 11, 12} -> ip4.dst = 10.0.0.5; "
                + "icmp4.inner_ip4.src = 10.0.0.5; next;")
        network.expectFlows(
            "lr_out_snat", on: "r",
            "[161] ip && ip4.src == 10.0.0.5 && outport == \"r-out\" && \(here) -> "
                + "ip4.src = 172.16.0.101; next;")
    }

    @Test func oneZoneForBoth() {
        network.setOption("use_common_zone", "true")
        network.addNAT("dnat_and_snat", "172.16.0.101", "10.0.0.5", on: gateway.router)
        network.settle()
        let inbound = "ip && ip4.dst == 172.16.0.101 && inport == \"r-out\" && \(here)"
        network.expectFlows(
            "lr_in_unsnat", on: "r", "[100] \(inbound) && flags.loopback == 0 -> ct_snat_in_czone;",
            "[100] \(inbound) && flags.loopback == 1 && flags.use_snat_zone == 1 -> ct_snat;")
        network.expectFlows(
            "lr_in_dnat", on: "r", "[100] \(inbound) -> ct_dnat_in_czone(10.0.0.5);")
        let outgoing =
            "ip && ip4.src == 10.0.0.5 && outport == \"r-out\" && \(here) && (!ct.trk || !ct.rpl)"
        network.expectFlows(
            "lr_out_snat", on: "r", "[161] \(outgoing) -> ct_snat_in_czone(172.16.0.101);",
            "[162] \(outgoing) && reg9[4] == 1 -> reg9[4] = 0; ct_snat(172.16.0.101);")
        network.expectFlows(
            "lr_out_chk_dnat_local", on: "r",
            "[50] ip && ip4.dst == 172.16.0.101 && \(here) -> reg9[4] = 1; next;",
            "[50] ip && ct_mark.natted == 1 -> reg9[4] = 1; next;")
        #expect(
            network.flows("lr_out_egr_loop", on: "r").first?.contains(
                "flags.use_snat_zone = reg9[4];")
                == true)
    }

    @Test func theRulesOfSeveralGatewayPorts() {
        network.addGateways("gw3", to: gateway.innerPort)
        network.addNAT("snat", "10.0.0.77", "192.168.0.0/24", on: gateway.router)
        network.addNAT("snat", "9.9.9.9", "192.168.1.0/24", on: gateway.router) {
            $0.gatewayPort = gateway.outerPort
        }
        network.addNAT("snat", "8.8.8.8", "192.168.2.0/24", on: gateway.router)
        network.settle()
        let unsnat = network.flows("lr_in_unsnat", on: "r")
        #expect(unsnat.contains { $0.contains("10.0.0.77 && inport == \"r-in\"") })
        #expect(unsnat.contains { $0.contains("9.9.9.9 && inport == \"r-out\"") })
        #expect(!unsnat.contains { $0.contains("8.8.8.8") })
        #expect(network.northd.problems.map(\.column) == ["gateway_port"])
    }

    @Test func everythingIsCommittedAtTheGatewayPort() {
        network.edit {
            $0.update(
                gateway.router, [.options],
                of: NB.LogicalRouter(options: ["ct-commit-all": "true"]))
        }
        network.addNAT("snat", "172.16.0.100", "10.0.0.0/24", on: gateway.router)
        network.settle()
        network.expectFlows(
            "lr_in_dnat", on: "r",
            "[10] ip && ct.new && inport == \"r-out\" && \(here) -> ct_commit_to_zone(dnat);")
        #expect(network.flows("lr_out_post_snat", on: "r") == ["[0] 1 -> next;"])
    }

    @Test func aRouterWithoutGatewayTranslatesNothing() {
        let network = TestNetwork()
        let router = network.addRouter("r")
        network.addNAT("snat", "172.16.0.100", "10.0.0.0/24", on: router)
        network.settle()
        #expect(
            network.northd.problems.map(\.reason) == [
                "the router has no gateway: nothing is translated"
            ])
        #expect(network.flows("lr_out_snat", on: "r").count == 3)
    }

    @Test func announcements() {
        network.addNAT("snat", "172.16.0.100", "10.0.0.0/24", on: gateway.router)
        network.addNAT("dnat_and_snat", "172.16.0.101", "10.0.0.5", on: gateway.router) {
            $0.externalMAC = "02:00:00:00:02:05"
            $0.logicalPort = "vm"
        }
        let port = network.northbound.replica.rows(NB.LogicalSwitchPort.self).first {
            $0.row.name == "to-r-out"
        }
        network.edit { builder in
            guard var row = port?.row, let uuid = port?.uuid else { return }
            row.options["nat-addresses"] = "router"
            row.options["exclude-router-ips-from-garp"] = "true"
            builder.update(uuid, [.options], of: row)
        }
        network.settle()
        #expect(
            network.binding("to-r-out")?.natAddresses == [
                "02:00:00:00:01:02 172.16.0.100 \(here)",
                "02:00:00:00:02:05 172.16.0.101 is_chassis_resident(\"vm\")",
            ])
    }
}

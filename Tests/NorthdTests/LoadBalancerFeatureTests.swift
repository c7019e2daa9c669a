import LogicalFlow
import OVSDBModel
import OVSDBSession
import Schemas
import Testing
import Wire

@testable import Northd

private func flows(_ row: NB.LoadBalancer, announced: Bool = false) throws -> [String] {
    let balancer = LoadBalancer(row, healthChecks: []) { column, reason in
        Issue.record("\(column): \(reason)")
    }
    let service = try #require(balancer.services.first)
    return lines(
        SwitchLoadBalancing(
            balancer: balancer,
            service: BalancedService(service: service, active: service.backends),
            announcedAs: announced ? .zero : nil))
}

/// The flows of load balancers on switches.
@Suite struct SwitchLoadBalancingTests {
    @Test func newConnectionsAreSpread() throws {
        let text = try flows(
            NB.LoadBalancer(
                vips: ["10.0.0.10:80": "10.0.1.1:8080,10.0.1.2:8080"],
                selectionFields: ["ip_src", "tp_src"]))
        let expected = [
            "ls_in_pre_stateful [120] reg0[2] == 1 && ip4.dst == 10.0.0.10 && tcp.dst == 80 -> reg4 = 10.0.0.10; reg2[0..15] = 80; ct_lb_mark;",
            "ls_in_lb [120] ct.new && ip4.dst == 10.0.0.10 && reg1[16..23] == 6 && reg1[0..15] == 80 -> reg4 = 10.0.0.10; reg2[0..15] = 80; ct_lb_mark(backends=10.0.1.1:8080,10.0.1.2:8080; hash_fields=\"ip_src,tcp_src\");",
        ]
        #expect(text == expected)
    }

    @Test(arguments: [("udp", "17"), ("sctp", "132")])
    func protocols(name: String, number: String) throws {
        let text = try flows(
            NB.LoadBalancer(vips: ["[fd00::10]:53": "[fd01::1]:53"], protocol: name))
        #expect(text[0].contains("ip6.dst == fd00::10 && \(name).dst == 53 -> xxreg1 = fd00::10;"))
        #expect(text[1].contains("reg1[16..23] == \(number) && reg1[0..15] == 53"))
        #expect(text[1].contains("ct_lb_mark(backends=[fd01::1]:53);"))
    }

    @Test func anAddressWithoutPort() throws {
        let text = try flows(NB.LoadBalancer(vips: ["10.0.0.11": "10.0.1.1"]))
        let expected = [
            "ls_in_pre_stateful [120] reg0[2] == 1 && ip4.dst == 10.0.0.11 -> reg4 = 10.0.0.11; ct_lb_mark;",
            "ls_in_lb [110] ct.new && ip4.dst == 10.0.0.11 -> reg4 = 10.0.0.11; ct_lb_mark(backends=10.0.1.1);",
        ]
        #expect(text == expected)
    }

    @Test func withoutBackends() throws {
        let vips = ["10.0.0.12:80": ""]
        let dropped = try flows(NB.LoadBalancer(vips: vips))
        #expect(dropped[1].hasSuffix("reg1[0..15] == 80 -> drop;"))
        let rejected = try flows(NB.LoadBalancer(vips: vips, options: ["reject": "true"]))
        #expect(
            rejected[1].hasSuffix(
                "-> reg0 = 0; reject { outport <-> inport; next(pipeline=egress, table=10); };"))
        let announced = try flows(NB.LoadBalancer(vips: vips), announced: true)
        let event =
            "ls_in_pre_lb [130] ip4.dst == 10.0.0.12 && tcp && tcp.dst == 80 -> trigger_event(event = \"empty_lb_backends\", vip = \"10.0.0.12:80\", protocol = \"tcp\", load_balancer = \"00000000-0000-0000-0000-000000000000\");"
        #expect(announced.contains(event))
        #expect(
            try !flows(NB.LoadBalancer(vips: vips, options: ["reject": "true"]), announced: true)
                .contains { $0.contains("trigger_event") })
    }

    @Test func clientsKeepTheirBackend() throws {
        let text = try flows(
            NB.LoadBalancer(
                vips: ["10.0.0.10:80": "10.0.1.1:8080"], options: ["affinity_timeout": "60"]))
        let expected = [
            "ls_in_lb_aff_check [100] ct.new && ip4 && ip4.dst == 10.0.0.10 && reg1[16..23] == 6 && reg1[0..15] == 80 -> reg9[6] = chk_lb_aff(); next;",
            "ls_in_lb_aff_learn [100] reg9[6] == 0 && ct.new && ip4 && reg4 == 10.0.0.10 && reg2[0..15] == 80 && ip4.dst == 10.0.1.1 && tcp.dst == 8080 -> commit_lb_aff(vip = \"10.0.0.10:80\", backend = \"10.0.1.1:8080\", proto = tcp, timeout = 60);",
            "ls_in_lb [150] reg9[6] == 1 && ct.new && ip4.dst == 10.0.0.10 && reg4 == 10.0.1.1 && reg2[0..15] == 8080 -> reg4 = 10.0.0.10; reg2[0..15] = 80; ct_lb_mark(backends=10.0.1.1:8080);",
        ]
        #expect(Array(text.suffix(3)) == expected)
    }

    @Test func aDistributedOneNamesPorts() throws {
        let text = try flows(
            NB.LoadBalancer(
                vips: ["10.0.0.10:80": "10.0.1.1:8080"],
                ipPortMappings: ["10.0.1.1": "backend"], options: ["distributed": "true"]))
        #expect(text[1].hasSuffix("ct_lb_mark_local(backends=\"backend\":10.0.1.1:8080);"))
    }

    @Test func templatesAreTexts() {
        let balancer = LoadBalancer(
            NB.LoadBalancer(
                vips: ["^vip:^port": "^backends"], options: ["template": "true"]),
            healthChecks: []
        ) { _, _ in }
        let expected = [
            "ls_in_pre_stateful [120] reg0[2] == 1 && ip4.dst == ^vip && tcp.dst == ^port -> reg4 = ^vip; reg2[0..15] = ^port; ct_lb_mark;",
            "ls_in_lb [120] ct.new && ip4.dst == ^vip && reg1[16..23] == 6 && reg1[0..15] == ^port -> reg4 = ^vip; reg2[0..15] = ^port; ct_lb_mark(backends=^backends);",
        ]
        #expect(
            balancer.templates.flatMap {
                lines(TemplateLoadBalancing(balancer: balancer, service: $0))
            } == expected)
    }

    /// Without backends a template refuses, if it shall; affinity and events need addresses.
    @Test func templatesWithoutBackends() {
        var reasons: [String] = []
        let balancer = LoadBalancer(
            NB.LoadBalancer(
                vips: ["^vip:80": ""],
                options: [
                    "template": "true", "reject": "true", "affinity_timeout": "60",
                    "event": "true",
                ]),
            healthChecks: []
        ) { column, _ in reasons.append(column) }
        #expect(reasons == ["options:affinity_timeout", "options:event"])
        let flows = balancer.templates.flatMap {
            lines(TemplateLoadBalancing(balancer: balancer, service: $0))
        }
        #expect(flows.last?.contains("-> reg0 = 0; reject { outport <-> inport;") == true)
    }

    @Test func statelessSwitches() throws {
        let row = NB.LoadBalancer(vips: ["10.0.0.10:80": "10.0.1.1:8080"])
        let balancer = LoadBalancer(row, healthChecks: []) { _, _ in }
        let service = try #require(balancer.services.first)
        let expected = [
            "ls_in_pre_stateful [150] ip4.dst == 10.0.0.10 && tcp.dst == 80 -> reg4 = 10.0.0.10; reg2[0..15] = 80; ct_lb_mark;",
            "ls_in_pre_stateful [105] tcp && ip4.dst == 10.0.0.10 -> ct_lb_mark;",
        ]
        #expect(
            lines(
                StatelessLoadBalancing(
                    balancer: balancer, service: service, hairpinSource: nil)) == expected)
        #expect(
            lines(BalancedStatelessSwitch()) == [
                "ls_out_pre_lb [115] reg0[16] == 1 -> reg0[2] = 1; next;",
                "ls_out_stateful [110] reg0[16] == 1 && ct.new -> next;",
            ])
    }

    @Test func hairpinsAndFragments() {
        let text = lines(BalancedSwitch())
        for line in [
            "ls_in_pre_lb [100] ip -> reg0[2] = 1; next;",
            "ls_out_pre_lb [100] ip -> reg0[2] = 1; next;",
            "ls_in_ct_extract [100] ct.new && ip -> reg1[16..23] = ct_proto(); reg1[0..15] = ct_tp_dst(); next;",
            "ls_in_lb [110] ct.trk && ct.est && !ct.rpl && reg0[19] == 1 && ip4 -> reg4 = ct_nw_dst(); reg2[0..15] = ct_tp_dst(); next;",
            "ls_in_lb [110] ct.trk && ct.est && !ct.rpl && reg0[19] == 1 && ip6 -> xxreg1 = ct_ip6_dst(); reg2[0..15] = ct_tp_dst(); next;",
            "ls_in_pre_hairpin [100] ip && ct.trk -> reg0[6] = chk_lb_hairpin(); reg0[12] = chk_lb_hairpin_reply(); next;",
            "ls_in_nat_hairpin [100] ip && ct.new && ct.trk && reg0[6] == 1 -> ct_snat_to_vip; next;",
            "ls_in_nat_hairpin [100] ip && ct.est && ct.trk && reg0[6] == 1 -> ct_snat;",
            "ls_in_nat_hairpin [90] ip && reg0[12] == 1 -> ct_snat;",
            "ls_in_hairpin [1] reg0[6] == 1 || reg0[12] == 1 -> eth.dst <-> eth.src; outport = inport; flags.loopback = 1; output;",
        ] {
            #expect(text.contains(line), "missing: \(line)")
        }
    }
}

/// Load balancers and switches that have them.
@Suite struct BalancedNetworkTests {
    @Test func aGroupOnManySwitchesIsOneSetOfFlows() {
        let network = TestNetwork()
        let group = network.addLoadBalancerGroup("all")
        network.addLoadBalancer("lb", ["10.0.0.1:80": "10.1.0.1:80"], in: group)
        for number in 0..<6 {
            network.addSwitch("s\(number)") { $0.loadBalancerGroup = [group] }
        }
        network.settle()
        let flows = { () -> Set<RowUUID> in
            Set(
                network.rows(SB.LogicalFlow.self)
                    .filter { $0.row.match.contains("10.0.0.1") }.map(\.uuid))
        }
        let before = flows()
        #expect(before.count == 2)
        network.addSwitch("late") { $0.loadBalancerGroup = [group] }
        network.settle()
        #expect(flows() == before)
        #expect(network.flows("ls_in_lb", on: "late").contains { $0.contains("10.0.0.1") })
        #expect(network.flows("ls_in_acl_hint", on: "late").contains { $0.contains("ct.new") })
    }

    @Test func backendsCountOnceTheyAreOnline() throws {
        let network = TestNetwork()
        let (check, balancer) = (network.northbound.makeUUID(), network.northbound.makeUUID())
        let datapath = network.addSwitch("s") { _ in }
        network.addPort("b1", to: datapath, addresses: ["02:00:00:00:00:01 10.1.0.1"])
        network.edit {
            $0.insert(
                NB.LoadBalancerHealthCheck(vip: "10.0.0.1:80", options: ["interval": "3"]),
                uuid: check)
            $0.insert(
                NB.LoadBalancer(
                    name: "lb", vips: ["10.0.0.1:80": "10.1.0.1:80,10.1.0.9:80"],
                    healthCheck: [check], ipPortMappings: ["10.1.0.1": "b1:10.1.0.250"]),
                uuid: balancer)
            $0.mutate(
                NB.LogicalSwitch.self, datapath, .loadBalancer, .insert(.ofSet([balancer])))
        }
        network.settle()
        let monitor = try #require(network.rows(SB.ServiceMonitor.self).first)
        #expect(monitor.row.status == "offline" && monitor.row.srcIP == "10.1.0.250")
        #expect(monitor.row.options == ["interval": "3"])
        let spread = { network.flows("ls_in_lb", on: "s").first { $0.hasPrefix("[120]") } ?? "" }
        #expect(spread().hasSuffix("-> drop;"))
        #expect(
            network.flows("ls_in_arp_rsp", on: "s").contains {
                $0.hasPrefix("[110] arp.tpa == 10.1.0.250 && arp.op == 1 -> ")
            })
        bind("b1", network)
        var row = try #require(network.rows(SB.ServiceMonitor.self).first).row
        #expect(row.chassisName == "hv")
        row.status = "online"
        network.editSouthbound { $0.update(monitor.uuid, [.status], of: row) }
        network.settle()
        #expect(spread().hasSuffix("ct_lb_mark(backends=10.1.0.1:80);"))
    }

    @Test func probesFromARoutersAddressAreTakenOut() {
        let network = TestNetwork()
        let (check, balancer) = (network.northbound.makeUUID(), network.northbound.makeUUID())
        let (datapath, router) = (network.addSwitch("s"), network.addRouter("r"))
        network.connect(
            router, datapath, name: "rs", mac: "02:00:00:00:00:fe", networks: ["10.1.0.254/24"])
        network.addPort("b1", to: datapath, addresses: ["02:00:00:00:00:01 10.1.0.1"])
        network.edit {
            $0.insert(NB.LoadBalancerHealthCheck(vip: "10.0.0.1:80"), uuid: check)
            $0.insert(
                NB.LoadBalancer(
                    name: "lb", vips: ["10.0.0.1:80": "10.1.0.1:80"], healthCheck: [check],
                    ipPortMappings: ["10.1.0.1": "b1:10.1.0.254"]), uuid: balancer)
            $0.mutate(
                NB.LogicalSwitch.self, datapath, .loadBalancer, .insert(.ofSet([balancer])))
        }
        network.settle()
        #expect(
            network.rows(SB.ServiceMonitor.self).map(\.row.srcMAC) == ["02:00:00:00:00:fe"])
        let answer =
            "[110] inport == \"b1\" && ip4.dst == 10.1.0.254 && ip4.src == 10.1.0.1 && eth.dst == 02:00:00:00:00:fe && tcp.src == 80 -> handle_svc_check(inport);"
        #expect(network.flows("ls_in_l2_lkup", on: "s").contains(answer))
    }

    @Test func aRoutersLoadBalancersMayBeItsSwitches() {
        let network = TestNetwork()
        let balancer = network.addLoadBalancer("lb", ["10.0.0.1:80": "10.1.0.1:80"])
        let datapath = network.addSwitch("s")
        let router = network.addRouter("r") { $0.loadBalancer = [balancer] }
        network.connect(
            router, datapath, name: "rs", mac: "02:00:00:00:00:fe", networks: ["10.1.0.254/24"])
        network.settle()
        #expect(!network.flows("ls_in_lb", on: "s").contains { $0.contains("10.0.0.1") })
        network.setOptions(["install_ls_lb_from_router": "true"])
        network.settle()
        #expect(network.flows("ls_in_lb", on: "s").contains { $0.contains("10.0.0.1") })
    }

    /// A chassis claims the port.
    private func bind(_ name: String, _ network: TestNetwork) {
        let (chassis, encap) = (network.southbound.makeUUID(), network.southbound.makeUUID())
        network.editSouthbound {
            $0.insert(SB.Encap(type: "geneve", ip: "1", chassisName: "hv"), uuid: encap)
            $0.insert(SB.Chassis(name: "hv", encaps: [encap]), uuid: chassis)
        }
        guard
            let port = network.rows(SB.PortBinding.self).first(where: { $0.row.logicalPort == name }
            )
        else { return }
        var row = port.row
        (row.chassis, row.up) = (chassis, true)
        network.editSouthbound { $0.update(port.uuid, from: port.row, to: row) }
        network.settle()
    }
}

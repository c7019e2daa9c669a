import Incremental
import OVSDBModel
import Schemas
import Testing

@testable import Northd

/// What is sampled of what is dropped.
@Suite struct DropSamplingTests {
    private let sample = "sample(probability=65535,collector_set=7,obs_domain=3,obs_point=$cookie);"

    @Test func droppedPacketsAreSampled() {
        let network = TestNetwork()
        let s1 = network.addSwitch("s1")
        network.addACL("ip4", "drop", on: s1)
        network.addRouter("r1")
        network.settle()
        #expect(network.flows("lr_in_ip_routing", on: "r1").last == "[0] 1 -> drop;")
        network.setOptions(["debug_drop_collector_set": "7", "debug_drop_domain_id": "3"])
        network.settle()
        #expect(network.flows("lr_in_ip_routing", on: "r1").last == "[0] 1 -> \(sample)")
        #expect(
            network.flows("ls_in_acl_action", on: "s1").contains(
                "[1000] reg8[17] == 1 -> reg8[16] = 0; reg8[17] = 0; reg8[18] = 0; \(sample)"))
        #expect(!network.rows(SB.LogicalFlow.self).contains { $0.row.actions == "drop;" })
        network.setOptions(["debug_drop_collector_set": "0"])
        network.settle()
        #expect(!network.rows(SB.LogicalFlow.self).contains { $0.row.actions.contains("sample") })
    }

    @Test func anApplicationsDomainGoesFirst() {
        let network = TestNetwork()
        network.addRouter("r1")
        network.setOptions(["debug_drop_collector_set": "7", "debug_drop_domain_id": "3"])
        network.insert(NB.SamplingApp(type: "drop", id: 42))
        network.settle()
        #expect(
            network.flows("lr_in_ip_routing", on: "r1").last?.contains("obs_domain=42,") == true)
    }

    @Test func badNumbersAreReported() {
        let network = TestNetwork()
        network.setOptions(["debug_drop_collector_set": "all", "debug_drop_domain_id": "255"])
        network.settle()
        #expect(
            network.problems == [
                "NB_Global options:debug_drop_collector_set: no number up to 4294967295: \"all\"",
                "NB_Global options:debug_drop_domain_id: no number up to 254: \"255\"",
            ])
    }

    /// Only what drops is derived anew.
    @Test func flowsThatDontDropAreLeftAlone() {
        let network = TestNetwork()
        let s1 = network.addSwitch("s1")
        network.addPort("p1", to: s1, addresses: ["02:00:00:00:00:01 10.0.0.1"])
        network.settle()
        network.northd.compiler.engine.log = EventLog()
        network.setOptions(["debug_drop_collector_set": "7"])
        network.settle()
        let events = network.northd.compiler.engine.log?.events ?? []
        #expect(events.contains { $0.store == "shared flows" })
        #expect(!events.contains { ["unicast", "neighbour responder"].contains($0.store) })
    }
}

/// Copp: limits of what flows send to the chassis' control.
@Suite struct ControlMeterTests {
    private static let protocols = [
        "arp", "arp-resolve", "bfd", "dhcpv4-opts", "dhcpv6-opts", "dns", "event-elb",
        "icmp4-error", "icmp6-error", "igmp", "nd-na", "nd-ns", "nd-ns-resolve", "nd-ra-opts",
        "reject", "svc-monitor", "tcp-reset", "dhcpv4-relay",
    ]

    private func meters(_ network: TestNetwork, _ isWanted: (SB.LogicalFlow) -> Bool) -> Set<
        String?
    > {
        Set(network.rows(SB.LogicalFlow.self).map(\.row).filter(isWanted).map(\.controllerMeter))
    }

    private func addCopp(_ network: TestNetwork) -> RowUUID {
        network.insert(
            NB.Copp(
                name: "c",
                meters: Dictionary(uniqueKeysWithValues: Self.protocols.map { ($0, "m-\($0)") })))
    }

    @Test func aSwitchsRejectionsAndChecks() {
        let network = TestNetwork()
        let copp = addCopp(network)
        let s1 = network.addSwitch("s1") { $0.copp = copp }
        network.addSwitch("s2")
        network.addPort("p1", to: s1, addresses: ["02:00:00:00:00:01 10.0.0.1 fd00::1"])
        network.addACL("ip4", "reject", on: s1)
        network.settle()
        #expect(meters(network) { $0.actions.contains("reject {") } == ["m-reject"])
        #expect(meters(network) { $0.actions.contains("nd_na {") } == ["m-nd-na"])
        #expect(
            meters(network) { $0.actions.contains("handle_svc_check") } == ["m-svc-monitor", nil],
            "s2 has no limits")
    }

    /// The datapaths of a load balancer may have different meters; then each has its own flows.
    @Test func loadBalancersOfSeveralSwitches() throws {
        let network = TestNetwork()
        let copp = addCopp(network)
        let s1 = network.addSwitch("s1") { $0.copp = copp }
        let s2 = network.addSwitch("s2")
        let balancer = network.addLoadBalancer("lb", ["10.0.0.9:80": ""]) {
            $0.options = ["reject": "true"]
        }
        let other = network.addLoadBalancer("lb2", ["10.0.0.8:80": ""]) {
            $0.options = ["event": "true"]
        }
        for datapath in [s1, s2] {
            network.change(NB.LogicalSwitch.self, datapath) {
                $0.loadBalancer = canonicalSet([balancer, other])
            }
        }
        network.settle()
        for (name, meter) in [("s1", "m-reject"), ("s2", nil)] {
            let rejecting = network.flows("ls_in_lb", on: name).filter { $0.contains("reject {") }
            #expect(rejecting.count == 1, "\(name): \(rejecting)")
            let datapath = network.rows(SB.DatapathBinding.self).first {
                $0.row.externalIDs["name"] == name
            }
            let flow = network.rows(SB.LogicalFlow.self).first {
                $0.row.logicalDatapath == datapath?.uuid && $0.row.actions.contains("reject {")
            }
            #expect(try #require(flow).row.controllerMeter == meter)
        }
        #expect(meters(network) { $0.actions.contains("trigger_event") } == ["m-event-elb", nil])
        network.change(NB.LogicalSwitch.self, s1) { $0.copp = nil }
        network.settle()
        let shared = network.rows(SB.LogicalFlow.self).filter {
            $0.row.actions.contains("reject {")
        }
        #expect(shared.count == 1 && shared.first?.row.logicalDPGroup != nil, "one for both again")
    }

    /// While every flow of a group is on its datapaths one by one, the database drops the group.
    @Test func aGroupComesBackWithItsFlows() {
        let network = TestNetwork()
        let copp = addCopp(network)
        let router = network.addRouter("r1") {
            $0.copp = copp
            $0.options = ["chassis": "hv1", "lb_force_snat_ip": "10.0.0.7"]
        }
        let balancer = network.addLoadBalancer("lb", ["10.0.0.8:80": ""]) {
            $0.options = ["reject": "true"]
        }
        network.change(NB.LogicalRouter.self, router) { $0.loadBalancer = [balancer] }
        network.settle()
        #expect(meters(network) { $0.actions.contains("reject {") } == ["m-reject"])
        network.change(NB.LogicalRouter.self, router) { $0.copp = nil }
        network.settle()
        #expect(meters(network) { $0.actions.contains("reject {") } == [nil])
    }

    @Test func aRoutersTranslationsAndServices() {
        let network = TestNetwork()
        let copp = addCopp(network)
        let router = network.addRouter("r1") {
            $0.copp = copp
            $0.options["chassis"] = "hv1"
        }
        network.addRouterPort(
            "r1-p", to: router, mac: "02:00:00:00:00:01", networks: ["10.0.0.1/24", "fd00::1/64"])
        network.addNAT("dnat_and_snat", "fd00::9", "fd01::9", on: router)
        let balancer = network.addLoadBalancer("lb", ["[fd00::8]:80": ""]) {
            $0.options = ["reject": "true"]
        }
        network.change(NB.LogicalRouter.self, router) { $0.loadBalancer = [balancer] }
        network.settle()
        let punting = ["nd_na", "reject {", "nd_ns {", "arp {", "put_arp", "put_nd"]
        let metered = meters(network) { row in
            row.externalIDs["stage-name"]?.hasPrefix("lr_") == true
                && punting.contains { row.actions.contains($0) }
        }
        #expect(
            metered == [
                "m-arp", "m-arp-resolve", "m-nd-na", "m-nd-ns", "m-nd-ns-resolve", "m-reject",
            ])
    }

    @Test func namesThatMeanNothingAreReported() {
        let network = TestNetwork()
        network.insert(NB.Copp(name: "c", meters: ["arp": "absent", "telnet": "absent"]))
        network.settle()
        #expect(
            network.problems == [
                "Copp meters: no meter is called \"absent\"",
                "Copp meters: unknown protocol \"telnet\"",
            ])
    }
}

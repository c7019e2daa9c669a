import OVSDBModel
import Schemas
import Testing

@testable import Northd

/// What load balancers tell chassis, and what becomes of those that contradict each other.
@Suite struct LoadBalancerOptionTests {
    private let network = TestNetwork()
    private let s1: RowUUID

    init() { s1 = network.addSwitch("s1") }

    private func attach(_ balancers: RowUUID...) {
        network.change(NB.LogicalSwitch.self, s1) { $0.loadBalancer = canonicalSet(balancers) }
        network.settle()
    }

    private func row(_ name: String) -> SB.LoadBalancer? {
        network.rows(SB.LoadBalancer.self).first { $0.row.name == name }?.row
    }

    /// Chassis hairpin by these options, and forget connections by them.
    @Test(arguments: [
        ["hairpin_snat_ip": "10.0.9.9 fd00::9"], ["ct_flush": "true"], ["affinity_timeout": "30"],
    ])
    func chassisReadTheOptions(options: [String: String]) {
        let balancer = network.addLoadBalancer("lb", ["10.0.0.1:80": "10.1.0.1:80"]) {
            $0.options = options
            $0.protocol = "udp"
        }
        attach(balancer)
        #expect(row("lb")?.options == options)
        #expect(row("lb")?.vips == ["10.0.0.1:80": "10.1.0.1:80"])
        #expect(row("lb")?.protocol == "udp" && row("lb")?.lsDatapathGroup != nil)
        #expect(network.problems.isEmpty)
    }

    /// A backend that is removed leaves the row at once, so that chassis cut its connections.
    @Test func aBackendThatGoesLeavesTheRow() {
        let router = network.addRouter("r1") { $0.options["chassis"] = "hv1" }
        let balancer = network.addLoadBalancer("lb", ["10.0.0.1:80": "10.1.0.1:80,10.1.0.2:80"]) {
            $0.options = ["ct_flush": "true"]
        }
        network.change(NB.LogicalRouter.self, router) { $0.loadBalancer = [balancer] }
        network.settle()
        #expect(row("lb")?.lrDatapathGroup != nil)
        network.change(NB.LoadBalancer.self, balancer) {
            $0.vips = ["10.0.0.1:80": "10.1.0.2:80"]
        }
        network.settle()
        #expect(row("lb")?.vips == ["10.0.0.1:80": "10.1.0.2:80"])
        #expect(
            network.flows("lr_in_dnat", on: "r1").contains {
                $0.hasSuffix("ct_lb_mark(backends=10.1.0.2:80);")
            })
    }

    /// No chassis probes SCTP: all backends count.
    @Test func connectionsOfSCTPAreNotProbed() {
        let (check, balancer) = (network.northbound.makeUUID(), network.northbound.makeUUID())
        network.addPort("b1", to: s1, addresses: ["02:00:00:00:00:01 10.1.0.1"])
        network.edit {
            $0.insert(NB.LoadBalancerHealthCheck(vip: "10.0.0.1:80"), uuid: check)
            $0.insert(
                NB.LoadBalancer(
                    name: "lb", vips: ["10.0.0.1:80": "10.1.0.1:80"], protocol: "sctp",
                    healthCheck: [check], ipPortMappings: ["10.1.0.1": "b1:10.1.0.250"]),
                uuid: balancer)
        }
        attach(balancer)
        #expect(network.rows(SB.ServiceMonitor.self).isEmpty)
        #expect(network.problems == ["Load_Balancer health_check: SCTP has no health checks"])
        #expect(
            network.flows("ls_in_lb", on: "s1").contains {
                $0.hasSuffix("ct_lb_mark(backends=10.1.0.1:80);")
            })
    }

    /// A container is probed like any other port, from the chassis of its parent.
    @Test func containersMayBeBackends() {
        let (check, balancer) = (network.northbound.makeUUID(), network.northbound.makeUUID())
        network.addPort("vm", to: s1, addresses: ["02:00:00:00:00:01"])
        network.addPort("c1", to: s1, addresses: ["02:00:00:00:00:02 10.1.0.1"]) {
            $0.parentName = "vm"
            $0.tag = 5
        }
        network.edit {
            $0.insert(NB.LoadBalancerHealthCheck(vip: "10.0.0.1:80"), uuid: check)
            $0.insert(
                NB.LoadBalancer(
                    name: "lb", vips: ["10.0.0.1:80": "10.1.0.1:80"], healthCheck: [check],
                    ipPortMappings: ["10.1.0.1": "c1:10.1.0.250"]), uuid: balancer)
        }
        attach(balancer)
        let hv1 = network.addChassis("hv1", address: "1.1.1.1").chassis
        network.changeBinding("c1") { ($0.chassis, $0.up) = (hv1, true) }
        network.settle()
        let monitor = network.rows(SB.ServiceMonitor.self)
        #expect(monitor.first?.row.logicalPort == "c1" && monitor.first?.row.chassisName == "hv1")
        network.editSouthbound {
            $0.update(monitor[0].uuid, [.status], of: SB.ServiceMonitor(status: "online"))
        }
        network.settle()
        #expect(
            network.flows("ls_in_lb", on: "s1").contains {
                $0.hasSuffix("ct_lb_mark(backends=10.1.0.1:80);")
            })
    }

    @Test func thousandsOfBackendsAreOneFlow() {
        let backends = (0..<2000).map { "10.1.\($0 / 250).\($0 % 250 + 1):80" }
        let balancer = network.addLoadBalancer(
            "lb", ["10.0.0.1:80": backends.joined(separator: ",")])
        attach(balancer)
        let flows = network.flows("ls_in_lb", on: "s1").filter { $0.contains("ct_lb_mark(") }
        #expect(flows.count == 1 && flows[0].contains("10.1.7.250:80"))
    }

    /// Of two load balancers with one address the same is in force always, and the other is named.
    @Test func oneAddressOfTwo() {
        let first = network.addLoadBalancer("lb1", ["10.0.0.1:80": "10.1.0.1:80"])
        let second = network.addLoadBalancer(
            "lb2", ["10.0.0.1:80": "10.1.0.2:80", "10.0.0.2:80": "10.1.0.2:80"])
        attach(first, second)
        let spread = { network.flows("ls_in_lb", on: "s1").filter { $0.hasPrefix("[120]") } }
        #expect(spread().count == 2)
        #expect(spread().contains { $0.hasSuffix("(backends=10.1.0.1:80);") })
        #expect(
            network.problems == [
                "Load_Balancer vips: 10.0.0.1:80 is that of another load balancer at the same places"
            ])
        network.change(NB.LoadBalancer.self, second) { $0.protocol = "udp" }
        network.settle()
        #expect(spread().count == 3 && network.problems.isEmpty)
        network.change(NB.LoadBalancer.self, second) { $0.protocol = "tcp" }
        attach(second)
        #expect(spread().count == 2 && network.problems.isEmpty)
        #expect(spread().allSatisfy { $0.hasSuffix("(backends=10.1.0.2:80);") })
    }

    /// Backends that can't be in service are named.
    @Test func backendsOfNoPlaceAreReported() {
        let check = network.northbound.makeUUID()
        let (first, second) = (network.northbound.makeUUID(), network.northbound.makeUUID())
        network.edit {
            $0.insert(NB.LoadBalancerHealthCheck(vip: "10.0.0.1:80"), uuid: check)
            $0.insert(
                NB.LoadBalancer(
                    name: "lb", vips: ["10.0.0.1:80": "10.1.0.1:80,10.1.0.2:80"],
                    healthCheck: [check], ipPortMappings: ["10.1.0.1": "b1:10.1.0.250"]),
                uuid: first)
            $0.insert(
                NB.LoadBalancer(
                    name: "lb2", vips: ["10.0.0.2:80": "10.1.0.1:80"],
                    options: ["distributed": "true"]), uuid: second)
        }
        attach(first, second)
        #expect(
            network.problems == [
                "Load_Balancer ip_port_mappings: no source for probes of 10.1.0.2:80",
                "Load_Balancer ip_port_mappings: no port of 10.1.0.1:80, which 10.0.0.2:80 needs",
            ])
    }

    @Test func badChecksAreReported() {
        let (check, other) = (network.northbound.makeUUID(), network.northbound.makeUUID())
        network.edit {
            $0.insert(
                NB.LoadBalancerHealthCheck(vip: "10.9.9.9:80", options: ["interval": "0"]),
                uuid: check)
            $0.insert(
                NB.LoadBalancer(
                    name: "lb", vips: ["10.0.0.1:80": ""], healthCheck: [check],
                    ipPortMappings: ["10.1.0.1": "p:here"]), uuid: other)
        }
        attach(other)
        #expect(
            network.problems == [
                "Load_Balancer health_check: no address of the load balancer: \"10.9.9.9:80\"",
                "Load_Balancer ip_port_mappings: no source address: \"p:here\"",
                "Load_Balancer_Health_Check options: no positive number: interval=\"0\"",
            ])
    }
}

import OVSDBModel
import Schemas
import Testing

@testable import Northd

@Suite struct PrefixDelegationTests {
    private func replies(_ network: TestNetwork) -> [String] {
        network.flows("lr_in_ip_input", on: "r1").filter { $0.contains("handle_dhcpv6_reply") }
    }

    @Test func answersReachTheChassis() {
        let network = TestNetwork()
        let router = network.addRouter("r1") { $0.options["chassis"] = "hv1" }
        let port = network.addRouterPort(
            "up", to: router, mac: "02:00:00:00:00:01", networks: ["10.0.0.1/24"]
        ) { $0.options = ["prefix_delegation": "true"] }
        network.settle()
        #expect(
            replies(network) == [
                "[100] ip6.dst == fe80::ff:fe00:1 && udp.src == 547 && udp.dst == 546 -> reg0 = 0; handle_dhcpv6_reply;"
            ])
        #expect(network.binding("up")?.options["ipv6_prefix_delegation"] == "true")
        network.change(NB.LogicalRouterPort.self, port) { $0.enabled = false }
        network.settle()
        #expect(replies(network).isEmpty)
        #expect(network.binding("up")?.options["ipv6_prefix_delegation"] == nil)
    }

    @Test func atAGatewayPort() {
        let network = TestNetwork()
        let router = network.addRouter("r1")
        let port = network.addRouterPort(
            "up", to: router, mac: "02:00:00:00:00:01", networks: ["10.0.0.1/24", "fd00::1/64"]
        ) { $0.options = ["prefix_delegation": "true", "prefix": "true"] }
        network.addGateways("hv1", to: port)
        network.settle()
        #expect(replies(network).count == 2, "one per address")
        #expect(network.binding("up")?.options["ipv6_prefix_delegation"] == "true")
        #expect(network.binding("up")?.options["ipv6_prefix"] == "true")
    }
}

import OVSDBModel
import Schemas
import Testing

@testable import Northd

@Suite struct RouterServiceTests {
    private func network() -> (TestNetwork, router: RowUUID, port: RowUUID, datapath: RowUUID) {
        let network = TestNetwork()
        let router = network.addRouter("r1")
        let datapath = network.addSwitch("s1")
        let sides = network.connect(
            router, datapath, name: "r1-s1", mac: "02:00:00:00:01:01",
            networks: ["10.0.0.254/24", "fd00::1/64"])
        return (network, router, sides.routerPort, datapath)
    }

    @Test func answersSolicitations() {
        let (network, _, port, _) = network()
        network.change(NB.LogicalRouterPort.self, port) {
            $0.ipv6RAConfigs = [
                "address_mode": "slaac", "mtu": "1450", "rdnss": "fd00::53",
                "router_preference": "HIGH",
            ]
        }
        network.settle()
        #expect(
            network.flows("lr_in_nd_ra_options", on: "r1").first
                == "[50] inport == \"r1-s1\" && ip6.dst == ff02::2 && nd_rs -> reg0[5] = put_nd_ra_opts(addr_mode = \"slaac\", slla = 02:00:00:00:01:01, mtu = 1450, router_preference = \"HIGH\", rdnss = fd00::53, prefix = fd00::/64); next;"
        )
        #expect(
            network.flows("lr_in_nd_ra_response", on: "r1").first
                == "[50] inport == \"r1-s1\" && ip6.dst == ff02::2 && nd_ra && reg0[5] -> eth.dst = eth.src; eth.src = 02:00:00:00:01:01; ip6.dst = ip6.src; ip6.src = fe80::ff:fe00:101; outport = inport; flags.loopback = 1; output;"
        )
        #expect(network.problems.isEmpty)
    }

    @Test(arguments: [
        ["address_mode": "magic"], ["address_mode": "slaac", "mtu": "80"],
        ["address_mode": "slaac", "mtu": "4294967296"],
        ["address_mode": "slaac", "mtu": "9223372036854775807"],
        ["address_mode": "slaac", "rdnss": "10.0.0.1"],
        ["address_mode": "slaac", "dnssl": "a..b"],
        ["address_mode": "slaac", "route_info": "HIGH-10.0.0.0/8"],
        ["address_mode": "slaac", "router_preference": "high"],
    ])
    func badAdvertisements(configs: [String: String]) {
        let (network, _, port, _) = network()
        network.change(NB.LogicalRouterPort.self, port) { $0.ipv6RAConfigs = configs }
        network.settle()
        #expect(network.problems.count == 1)
        #expect(network.problems.first?.contains("ipv6_ra_configs:") == true)
    }

    @Test func periodicAdvertisementsAreTheChassisBusiness() {
        let (network, _, port, datapath) = network()
        network.change(NB.LogicalRouterPort.self, port) {
            $0.ipv6RAConfigs = [
                "address_mode": "slaac", "send_periodic": "true", "max_interval": "100",
                "min_interval": "90",
            ]
        }
        network.settle()
        let options = network.binding("r1-s1")?.options ?? [:]
        #expect(options["ipv6_ra_send_periodic"] == "true")
        #expect(options["ipv6_ra_max_interval"] == "100")
        #expect(options["ipv6_ra_min_interval"] == "75", "at most three quarters of the other")
        #expect(options["ipv6_ra_prefixes"] == "fd00::/64")
        #expect(options["ipv6_ra_src_addr"] == "fe80::ff:fe00:101")
        network.addPort("ln", to: datapath, addresses: ["unknown"]) { $0.type = "localnet" }
        network.settle()
        #expect(network.binding("r1-s1")?.options["ipv6_ra_send_periodic"] == nil)
    }

    @Test func requestsAreRelayed() {
        let (network, _, port, datapath) = network()
        let relay = network.insert(NB.DHCPRelay(name: "d", servers: "172.16.1.1"))
        network.change(NB.LogicalRouterPort.self, port) { $0.dhcpRelay = relay }
        network.change(NB.LogicalSwitch.self, datapath) {
            $0.otherConfig["dhcp_relay_port"] = "to-r1-s1"
        }
        network.addPort("p1", to: datapath, addresses: ["02:00:00:00:00:05"])
        network.settle()
        let client =
            "inport == \"r1-s1\" && ip4.src == {0.0.0.0, 10.0.0.0/24} && ip4.dst == 255.255.255.255"
        #expect(
            network.flows("ls_in_l2_lkup", on: "s1").contains(
                "[100] inport == \"p1\" && eth.src == 02:00:00:00:00:05 && ip4.src == {0.0.0.0, 10.0.0.0/24} && ip4.dst == 255.255.255.255 && udp.src == 68 && udp.dst == 67 -> eth.dst = 02:00:00:00:01:01; outport = \"to-r1-s1\"; next;"
            ))
        #expect(
            network.flows("lr_in_ip_input", on: "r1").contains(
                "[110] \(client) && ip.frag == 0 && udp.src == 68 && udp.dst == 67 -> reg9[7] = dhcp_relay_req_chk(10.0.0.254, 172.16.1.1); next;"
            ))
        #expect(
            network.flows("lr_in_dhcp_relay_req", on: "r1").dropLast() == [
                "[100] \(client) && udp.src == 68 && udp.dst == 67 && reg9[7] -> ip4.src = 10.0.0.254; ip4.dst = 172.16.1.1; udp.src = 67; next;",
                "[1] \(client) && udp.src == 68 && udp.dst == 67 && reg9[7] == 0 -> drop;",
            ])
        #expect(
            network.flows("lr_in_dhcp_relay_resp_chk", on: "r1").first
                == "[100] ip4.src == 172.16.1.1 && ip4.dst == 10.0.0.254 && udp.src == 67 && udp.dst == 67 -> reg2 = ip4.dst; reg9[8] = dhcp_relay_resp_chk(10.0.0.254, 172.16.1.1); next;"
        )
        #expect(
            network.flows("lr_in_dhcp_relay_resp", on: "r1").dropLast() == [
                "[100] ip4.src == 172.16.1.1 && reg2 == 10.0.0.254 && udp.src == 67 && udp.dst == 67 && reg9[8] -> ip4.src = 10.0.0.254; udp.dst = 68; outport = \"r1-s1\"; output;",
                "[1] ip4.src == 172.16.1.1 && reg2 == 10.0.0.254 && udp.src == 67 && udp.dst == 67 && reg9[8] == 0 -> drop;",
            ])
    }

    @Test func theRelaysPrimaryAddress() {
        let (network, _, port, _) = network()
        let relay = network.insert(NB.DHCPRelay(name: "d", servers: "172.16.1.1"))
        network.change(NB.LogicalRouterPort.self, port) {
            $0.dhcpRelay = relay
            $0.networks.append("10.0.7.254/24")
            $0.options["dhcpv4_primary_ip"] = "10.0.7.254"
        }
        network.settle()
        #expect(
            network.flows("lr_in_dhcp_relay_resp_chk", on: "r1").first?.contains("10.0.7.254")
                == true)
        network.change(NB.DHCPRelay.self, relay) { $0.servers = nil }
        network.settle()
        #expect(
            network.problems == [
                "Logical_Router_Port dhcp_relay: \"d\" has no server's IPv4 address"
            ])
    }
}

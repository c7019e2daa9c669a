import OVSDBModel
import Schemas
import Testing

@testable import Northd

@Suite struct DHCPTests {
    private let address = "02:00:00:00:00:01 10.0.0.5 fd00::5"

    private func network() -> (TestNetwork, datapath: RowUUID, port: RowUUID) {
        let network = TestNetwork()
        let datapath = network.addSwitch("s1")
        let port = network.addPort("p1", to: datapath, addresses: [address])
        return (network, datapath, port)
    }

    private let options4 = [
        "server_id": "10.0.0.1", "server_mac": "02:00:00:00:ff:01", "lease_time": "3600",
        "router": "10.0.0.1", "dns_server": "{8.8.8.8,1.1.1.1}", "domain_name": "\"ovn.org\"",
    ]

    @Test func answersOnTheClientsChassis() {
        let (network, _, port) = network()
        let server = network.insert(NB.DHCPOptions(cidr: "10.0.0.0/24", options: options4))
        network.change(NB.LogicalSwitchPort.self, port) {
            $0.dhcpv4Options = server
            $0.options["hostname"] = "web"
        }
        network.settle()
        #expect(
            network.flows("ls_in_dhcp_options", on: "s1").dropLast() == [
                "[100] inport == \"p1\" && eth.src == 02:00:00:00:00:01 && ip4.src == {10.0.0.5, 0.0.0.0} && ip4.dst == {10.0.0.1, 255.255.255.255} && udp.src == 68 && udp.dst == 67 -> reg0[3] = put_dhcp_opts(offerip = 10.0.0.5, dns_server = {8.8.8.8, 1.1.1.1}, domain_name = \"ovn.org\", hostname = \"web\", lease_time = 3600, router = 10.0.0.1, server_id = 10.0.0.1, netmask = 255.255.255.0); next;"
            ])
        #expect(
            network.flows("ls_in_dhcp_response", on: "s1").first
                == "[100] inport == \"p1\" && eth.src == 02:00:00:00:00:01 && ip4 && udp.src == 68 && udp.dst == 67 && reg0[3] -> eth.dst = eth.src; eth.src = 02:00:00:00:ff:01; ip4.src = 10.0.0.1; udp.src = 67; udp.dst = 68; outport = inport; flags.loopback = 1; output;"
        )
        #expect(network.problems.isEmpty)
    }

    /// What can't be encoded is left out and named; the rest is served.
    @Test func aBadOptionIsReported() {
        let (network, _, port) = network()
        var options = options4
        options["mtu"] = "\"large\""
        options["nonsense"] = "1"
        options["router"] = "10.0.0.1, server_id = 9.9.9.9"
        let server = network.insert(NB.DHCPOptions(cidr: "10.0.0.0/24", options: options))
        network.change(NB.LogicalSwitchPort.self, port) { $0.dhcpv4Options = server }
        network.settle()
        let flow = network.flows("ls_in_dhcp_options", on: "s1").first ?? ""
        #expect(flow.contains("lease_time = 3600, server_id = 10.0.0.1, netmask"))
        #expect(
            Set(network.problems.map { $0.prefix { $0 != ":" } }).count == 1)
        #expect(
            network.problems.contains { $0.contains("options:mtu: DHCPv4 option mtu requires") })
        #expect(network.problems.contains { $0.contains("options:nonsense: ") })
        #expect(network.problems.contains { $0.contains("options:router: ") })
    }

    /// Numbers of the wrong family, width or count are no values either.
    @Test(arguments: [
        ("classless_static_route", "{fd00::/64,fd00::1}", "pairs of IPv4 prefix and next hop"),
        (
            "ms_classless_static_route",
            "{0x8000000000000000/0xffffffffffffffff,10.0.0.1}", "pairs of IPv4 prefix and next hop"
        ),
        ("classless_static_route", "{10.0.0.0/255.0.255.0,10.0.0.1}", "pairs of IPv4 prefix"),
        ("classless_static_route", "{10.0.0.0/8}", "pairs of IPv4 prefix"),
        ("router", "fd00::1", "IPv4 addresses"), ("router", "10.0.0.0/8", "IPv4 addresses"),
        ("mtu", "65536", "a number up to 65535"), ("mtu", "10.0.0.1", "a number up to 65535"),
        ("T1", "{1,2}", "a number up to 4294967295"), ("ip_forward_enable", "2", "0 or 1"),
        ("domain_search_list", "\"a..b\"", "names"), ("domain_name", "\"\"", "a string"),
    ])
    func aValueThatDoesNotFitIsReported(name: String, value: String, requirement: String) {
        let (network, _, port) = network()
        var options = options4
        options[name] = value
        let server = network.insert(NB.DHCPOptions(cidr: "10.0.0.0/24", options: options))
        network.change(NB.LogicalSwitchPort.self, port) { $0.dhcpv4Options = server }
        network.settle()
        #expect(network.problems.count == 1)
        #expect(
            network.problems.first?.hasPrefix(
                "DHCP_Options options:\(name): DHCPv4 option \(name) requires \(requirement)")
                == true, "\(network.problems)")
        let flow = network.flows("ls_in_dhcp_options", on: "s1").first ?? ""
        #expect(flow.contains("lease_time = 3600") && !flow.contains("\(name) ="))
    }

    @Test(arguments: [("dns_server", "10.0.0.1"), ("dns_server", "53"), ("domain_search", "\".\"")])
    func aValueOfVersion6ThatDoesNotFitIsReported(name: String, value: String) {
        let (network, _, port) = network()
        let options = ["server_id": "00:00:00:10:00:01", name: value]
        let server = network.insert(NB.DHCPOptions(cidr: "fd00::/64", options: options))
        network.change(NB.LogicalSwitchPort.self, port) { $0.dhcpv6Options = server }
        network.settle()
        #expect(network.problems.count == 1)
        #expect(network.problems.first?.contains("options:\(name): DHCPv6 option") == true)
        #expect(
            network.flows("ls_in_dhcp_options", on: "s1").first?.contains(
                "put_dhcpv6_opts(ia_addr = fd00::5, server_id = 00:00:00:10:00:01)") == true)
    }

    @Test(arguments: ["server_id", "server_mac", "lease_time"])
    func whatAServerNeeds(name: String) {
        let (network, _, port) = network()
        var options = options4
        options[name] = nil
        let server = network.insert(NB.DHCPOptions(cidr: "10.0.0.0/24", options: options))
        network.change(NB.LogicalSwitchPort.self, port) { $0.dhcpv4Options = server }
        network.settle()
        #expect(network.flows("ls_in_dhcp_options", on: "s1").count == 1)
        #expect(network.problems == ["DHCP_Options options: \(name) is missing"])
    }

    @Test func anAddressOfAnotherNetworkIsNotOffered() {
        let (network, _, port) = network()
        let server = network.insert(NB.DHCPOptions(cidr: "10.0.1.0/24", options: options4))
        network.change(NB.LogicalSwitchPort.self, port) { $0.dhcpv4Options = server }
        network.settle()
        #expect(network.flows("ls_in_dhcp_options", on: "s1").count == 1)
    }

    @Test func version6WithAddressesAndWithout() {
        let (network, _, port) = network()
        let options = ["server_id": "00:00:00:10:00:01", "dns_server": "fd00::53"]
        let server = network.insert(NB.DHCPOptions(cidr: "fd00::/64", options: options))
        network.change(NB.LogicalSwitchPort.self, port) { $0.dhcpv6Options = server }
        network.settle()
        let request =
            "inport == \"p1\" && eth.src == 02:00:00:00:00:01 && ip6.dst == ff02::1:2 && udp.src == 546 && udp.dst == 547"
        #expect(
            network.flows("ls_in_dhcp_options", on: "s1").first
                == "[100] \(request) -> reg0[3] = put_dhcpv6_opts(ia_addr = fd00::5, dns_server = fd00::53, server_id = 00:00:00:10:00:01); next;"
        )
        #expect(
            network.flows("ls_in_dhcp_response", on: "s1").first
                == "[100] \(request) && reg0[3] -> eth.dst = eth.src; eth.src = 00:00:00:10:00:01; ip6.dst = ip6.src; ip6.src = fe80::200:ff:fe10:1; udp.src = 547; udp.dst = 546; outport = inport; flags.loopback = 1; output;"
        )
        network.change(NB.DHCPOptions.self, server) { $0.options["dhcpv6_stateless"] = "true" }
        network.settle()
        #expect(
            network.flows("ls_in_dhcp_options", on: "s1").first?.contains(
                "put_dhcpv6_opts(dns_server") == true)
    }

    @Test func anExternalPortIsServedFromThePhysicalNetwork() {
        let (network, datapath, _) = network()
        network.addPort("ln", to: datapath, addresses: ["unknown"]) { $0.type = "localnet" }
        let server = network.insert(NB.DHCPOptions(cidr: "10.0.0.0/24", options: options4))
        let (member, group) = (network.northbound.makeUUID(), network.northbound.makeUUID())
        network.edit {
            $0.insert(NB.HAChassis(chassisName: "hv1", priority: 7), uuid: member)
            $0.insert(NB.HAChassisGroup(name: "g1", haChassis: [member]), uuid: group)
        }
        network.addPort("ext", to: datapath, addresses: ["02:00:00:00:00:09 10.0.0.9"]) {
            $0.type = "external"
            $0.haChassisGroup = group
            $0.dhcpv4Options = server
        }
        let hv1 = network.addChassis("hv1", address: "1.1.1.1").chassis
        network.settle()
        let flow = network.flows("ls_in_dhcp_options", on: "s1").first ?? ""
        #expect(flow.hasPrefix("[100] inport == \"ln\" && eth.src == 02:00:00:00:00:09"))
        #expect(flow.contains("udp.dst == 67 && is_chassis_resident(\"ext\") -> "))
        let groups = network.rows(SB.HAChassisGroup.self)
        #expect(groups.map(\.row.name) == ["g1"])
        #expect(network.binding("ext")?.haChassisGroup == groups.first?.uuid)
        #expect(
            network.rows(SB.HAChassis.self).map(\.row) == [
                SB.HAChassis(
                    chassis: hv1, priority: 7, externalIDs: ["chassis-name": "hv1"])
            ])
        network.edit {
            $0.update(member, [.chassisName], of: NB.HAChassis(chassisName: "hv2"))
        }
        network.settle()
        #expect(network.rows(SB.HAChassis.self).map(\.row.chassis) == [nil])
    }

    @Test func controlTrafficIsMetered() {
        let (network, datapath, port) = network()
        let server = network.insert(NB.DHCPOptions(cidr: "10.0.0.0/24", options: options4))
        let copp = network.insert(NB.Copp(name: "c", meters: ["dhcpv4-opts": "m1"]))
        network.change(NB.LogicalSwitchPort.self, port) { $0.dhcpv4Options = server }
        network.change(NB.LogicalSwitch.self, datapath) { $0.copp = copp }
        network.settle()
        let metered = network.rows(SB.LogicalFlow.self).filter { $0.row.controllerMeter == "m1" }
        #expect(metered.map { $0.row.externalIDs["stage-name"] } == ["ls_in_dhcp_options"])
    }
}

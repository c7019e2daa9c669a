import OVSDBModel
import Schemas
import Testing
import Wire

@testable import Northd

@Suite struct DynamicAddressTests {
    private func network(
        _ config: [String: String]
    ) -> (network: TestNetwork, datapath: RowUUID) {
        let network = TestNetwork()
        if let global = network.northbound.replica.only(NB.NBGlobal.self) {
            network.change(NB.NBGlobal.self, global.uuid) {
                $0.options["mac_prefix"] = "0a:00:00"
            }
        }
        let datapath = network.addSwitch("s1") { $0.otherConfig = config }
        network.settle()
        return (network, datapath)
    }

    private func given(_ network: TestNetwork, _ port: RowUUID) -> String? {
        network.port(port)?.dynamicAddresses
    }

    @Test func lowestFreeAddresses() {
        let (network, s1) = network(["subnet": "192.168.1.0/24"])
        let first = network.addPort("p1", to: s1, addresses: ["dynamic"])
        let second = network.addPort("p2", to: s1, addresses: ["dynamic"])
        network.settle()
        #expect(given(network, first) == "0a:00:00:a8:01:02 192.168.1.2")
        #expect(given(network, second) == "0a:00:00:a8:01:03 192.168.1.3")
        #expect(
            network.flows("ls_in_l2_lkup", on: "s1").contains(
                "[50] eth.dst == 0a:00:00:a8:01:02 -> outport = \"p1\"; output;"))
        #expect(
            network.flows("ls_in_arp_rsp", on: "s1").contains { $0.contains("192.168.1.3") })
        network.removePort(first, from: s1)
        network.settle()
        let third = network.addPort("p3", to: s1, addresses: ["dynamic"])
        network.settle()
        #expect(given(network, third) == "0a:00:00:a8:01:02 192.168.1.2")
        #expect(network.problems.isEmpty)
    }

    @Test func whatIsTakenIsNotGiven() {
        let (network, s1) = network([
            "subnet": "10.0.0.0/29", "exclude_ips": "10.0.0.2 10.0.0.4..10.0.0.5",
        ])
        let router = network.addRouter("r1")
        network.connect(
            router, s1, name: "r1-s1", mac: "02:00:00:00:01:01", networks: ["10.0.0.3/29"])
        let port = network.addPort("p1", to: s1, addresses: ["dynamic"])
        network.settle()
        #expect(given(network, port)?.hasSuffix(" 10.0.0.6") == true)
        let late = network.addPort("p2", to: s1, addresses: ["dynamic"])
        network.settle()
        #expect(given(network, late) == nil)
        #expect(
            network.problems == ["Logical_Switch_Port addresses: the switch has no address left"])
        network.removePort(port, from: s1)
        network.settle()
        #expect(given(network, late)?.hasSuffix(" 10.0.0.6") == true)
    }

    /// As an address for a router port is found: first a port asks, then it becomes the router's.
    @Test func aPortWithAnAddressBecomesARouters() {
        let (network, s1) = network(["subnet": "192.168.1.0/24"])
        for number in 2...4 {
            let mac = "02:00:00:00:00:0\(number)"
            let port = network.addPort("sp\(number)", to: s1, addresses: ["\(mac) dynamic"])
            network.settle()
            #expect(given(network, port) == "\(mac) 192.168.1.\(number)")
            network.addRouterPort(
                "rp\(number)", to: network.addRouter("r\(number)"), mac: mac,
                networks: ["192.168.1.\(number)/24"])
            network.change(NB.LogicalSwitchPort.self, port) {
                $0.type = "router"
                $0.options["router-port"] = "rp\(number)"
                $0.addresses = ["router"]
            }
        }
        network.settle()
        #expect(network.problems.isEmpty)
    }

    /// The switch's side may come first, and ask for the router port that is to be made.
    @Test func aRouterPortTakesWhatItsPeerGot() {
        let (network, s1) = network(["subnet": "192.168.1.0/24"])
        let port = network.addPort("sp", to: s1, addresses: ["dynamic"]) {
            $0.type = "router"
            $0.options["router-port"] = "rp"
        }
        network.settle()
        let got = "0a:00:00:a8:01:02 192.168.1.2"
        #expect(given(network, port) == got)
        network.addRouterPort(
            "rp", to: network.addRouter("r"), mac: "0a:00:00:a8:01:02",
            networks: ["192.168.1.2/24"])
        network.settle()
        #expect(given(network, port) == got)
        #expect(network.problems.isEmpty)
        let other = network.addPort("p1", to: s1, addresses: ["dynamic"])
        network.settle()
        #expect(given(network, other) == "0a:00:00:a8:01:03 192.168.1.3")
        network.restartNorthd()
        network.settle()
        #expect(given(network, port) == got)
        #expect(given(network, other) == "0a:00:00:a8:01:03 192.168.1.3")
    }

    /// A port that keeps its claim keeps its address, whoever comes and whatever restarts.
    @Test func addressesStay() {
        let (network, s1) = network(["subnet": "192.168.1.0/24"])
        let first = network.addPort("p1", to: s1, addresses: ["dynamic"])
        let second = network.addPort("p2", to: s1, addresses: ["dynamic"])
        network.settle()
        let before = given(network, second)
        network.removePort(first, from: s1)
        network.settle()
        network.restartNorthd()
        network.settle()
        #expect(given(network, second) == before)
        network.change(NB.LogicalSwitch.self, s1) { $0.otherConfig["exclude_ips"] = "192.168.1.9" }
        network.settle()
        #expect(given(network, second) == before)
        network.change(NB.LogicalSwitch.self, s1) { $0.otherConfig["exclude_ips"] = "192.168.1.3" }
        network.settle()
        #expect(given(network, second) == "0a:00:00:a8:01:02 192.168.1.2")
    }

    @Test func aConfiguredAddressIsTakenFromADynamicPort() {
        let (network, s1) = network(["subnet": "192.168.1.0/24"])
        let port = network.addPort("p1", to: s1, addresses: ["dynamic"])
        network.settle()
        network.addPort("p2", to: s1, addresses: ["02:00:00:00:00:07 192.168.1.2"])
        network.settle()
        #expect(given(network, port)?.hasSuffix(" 192.168.1.3") == true)
    }

    @Test func partsThatTheConfigurationNames() {
        let (network, s1) = network(["subnet": "10.0.0.0/24", "ipv6_prefix": "fd00:1::"])
        let fixedMAC = network.addPort("p1", to: s1, addresses: ["02:00:00:00:00:01 dynamic"])
        let fixedIP = network.addPort("p2", to: s1, addresses: ["dynamic 10.0.0.77"])
        network.settle()
        #expect(given(network, fixedMAC) == "02:00:00:00:00:01 10.0.0.2 fd00:1::ff:fe00:1")
        #expect(given(network, fixedIP) == "0a:00:00:00:00:4d 10.0.0.77 fd00:1::800:ff:fe00:4d")
    }

    @Test func ethernetAddressesOnly() {
        let (network, s1) = network(["mac_only": "true", "subnet": "10.0.0.0/24"])
        let port = network.addPort("p1", to: s1, addresses: ["dynamic"])
        network.settle()
        let address = given(network, port) ?? ""
        #expect(address.hasPrefix("0a:00:00:") && address.count == 17)
    }

    @Test func version6Only() {
        let (network, s1) = network(["ipv6_prefix": "fd00:1::/64"])
        let port = network.addPort("p1", to: s1, addresses: ["02:00:00:00:00:01 dynamic"])
        network.settle()
        #expect(given(network, port) == "02:00:00:00:00:01 fd00:1::ff:fe00:1")
    }

    @Test func aSwitchThatStopsGivingTakesBack() {
        let (network, s1) = network(["subnet": "10.0.0.0/24"])
        let port = network.addPort("p1", to: s1, addresses: ["dynamic"])
        network.settle()
        network.change(NB.LogicalSwitch.self, s1) { $0.otherConfig = [:] }
        network.settle()
        #expect(given(network, port) == nil)
        #expect(network.flows("ls_in_l2_lkup", on: "s1").allSatisfy { !$0.hasPrefix("[50]") })
        #expect(
            network.problems == ["Logical_Switch_Port addresses: the switch gives no addresses"])
        network.change(NB.LogicalSwitch.self, s1) { $0.otherConfig["subnet"] = "10.0.7.0/24" }
        network.settle()
        #expect(given(network, port)?.hasSuffix(" 10.0.7.2") == true)
    }

    @Test func aPrefixIsMadeAndKept() {
        let network = TestNetwork()
        let s1 = network.addSwitch("s1") { $0.otherConfig["mac_only"] = "true" }
        let port = network.addPort("p1", to: s1, addresses: ["dynamic"])
        network.settle()
        let prefix = network.global.options["mac_prefix"] ?? "none"
        #expect(given(network, port)?.hasPrefix(prefix) == true)
    }

    /// Options that somebody sets while northd completes them stay, and so does what it completed.
    @Test func optionsOfOthersStay() {
        let network = TestNetwork(empty: ())
        let global = network.northbound.makeUUID()
        let old = ["northd_internal_version": "old", "keep": "this"]
        network.edit { $0.insert(NB.NBGlobal(options: old), uuid: global) }
        network.meanwhile = {
            $0.edit {
                $0.mutate(NB.NBGlobal.self, global, .options, .insert(Datum(["new": "that"])))
                $0.mutate(NB.NBGlobal.self, global, .options, .delete(Datum("keep")))
            }
        }
        network.settle()
        let options = network.global.options
        #expect(options["new"] == "that")
        #expect(options["keep"] == nil)
        #expect(options["mac_prefix"] != nil)
        #expect(options["northd_internal_version"] == Release.internalVersion)
    }

    @Test func badPoolsAreReported() {
        let (network, _) = network([
            "subnet": "10.0.0", "exclude_ips": "10.0.0.9..10.0.0.3", "ipv6_prefix": "x",
            "mac_only": "true",
        ])
        #expect(
            network.problems == [
                "Logical_Switch other_config:exclude_ips: no address or range: \"10.0.0.9..10.0.0.3\"",
                "Logical_Switch other_config:ipv6_prefix: no IPv6 prefix: \"x\"",
                "Logical_Switch other_config:subnet: no IPv4 network: \"10.0.0\"",
            ])
    }
}

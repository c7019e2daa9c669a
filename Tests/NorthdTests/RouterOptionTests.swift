import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@testable import Northd

/// What routers are told by options, and what chassis are told of them.
@Suite struct RouterOptionTests {
    private func datapath(_ name: String, _ network: TestNetwork) -> SB.DatapathBinding? {
        network.rows(SB.DatapathBinding.self).first { $0.row.externalIDs["name"] == name }?.row
    }

    @Test func chassisAreToldOfARoutersZonesAndAges() {
        let network = TestNetwork()
        network.addRouter("r") {
            $0.options = [
                "ct-zone-limit": "1000", "snat-ct-zone": "5", "disable_garp_rarp": "true",
                "mac_binding_age_threshold": "0;10.0.0.0/8:60;300", "mac_binding_limit": "500",
                "mac_binding_only_if_asked": "true",
            ]
        }
        network.addRouter("plain") { $0.options["ct-zone-limit"] = "-3" }
        network.settle()
        let told = datapath("r", network)?.externalIDs
        #expect(told?["ct-zone-limit"] == "1000")
        #expect(told?["snat-ct-zone"] == "5")
        #expect(told?["disable_garp_rarp"] == "true")
        #expect(told?["mac_binding_age_threshold"] == "60", "the least age is when to probe")
        let plain = datapath("plain", network)?.externalIDs
        #expect(plain?["ct-zone-limit"] == nil && plain?["snat-ct-zone"] == nil)
        #expect(plain?["disable_garp_rarp"] == "false")
        #expect(told?["mac_binding_limit"] == "500")
        #expect(told?["mac_binding_only_if_asked"] == "true")
        #expect(plain?["mac_binding_only_if_asked"] == nil)
        #expect(plain?["mac_binding_limit"] == nil)
    }

    @Test func requestedKeys() {
        let network = TestNetwork()
        let first = network.addRouter("r") { $0.options["requested-tnl-key"] = "77" }
        network.addRouterPort(
            "p", to: first, mac: "02:00:00:00:01:01", networks: ["10.0.0.1/24"]
        ) { $0.options["requested-tnl-key"] = "9" }
        network.settle()
        #expect(datapath("r", network)?.tunnelKey == 77)
        #expect(network.binding("p")?.tunnelKey == 9)
        #expect(network.northd.problems.isEmpty)
        network.addRouter("other") { $0.options["requested-tnl-key"] = "77" }
        network.addRouterPort(
            "q", to: first, mac: "02:00:00:00:01:02", networks: ["10.0.1.1/24"]
        ) { $0.options["requested-tnl-key"] = "9" }
        network.settle()
        let keys = Set(network.rows(SB.DatapathBinding.self).map(\.row.tunnelKey))
        #expect(keys.count == 2 && keys.contains(77), "one of two gets another")
        #expect(network.binding("p")?.tunnelKey != network.binding("q")?.tunnelKey)
        #expect(
            network.northd.problems.map { "\($0.table) \($0.column)" } == [
                "Logical_Router options:requested-tnl-key",
                "Logical_Router_Port options:requested-tnl-key",
            ])
    }

    /// Other routers' addresses are asked for, on a switch and without one.
    @Test(arguments: [false, true])
    func routersThatAreLearned(isLearned: Bool) {
        let network = TestNetwork()
        let options = isLearned ? ["dynamic_neigh_routers": "true"] : [:]
        let one = network.addRouter("one") { $0.options = options }
        let two = network.addRouter("two")
        let join = network.addSwitch("join")
        network.connect(
            one, join, name: "one-join", mac: "02:00:00:00:01:01", networks: ["10.0.0.1/24"])
        network.connect(
            two, join, name: "two-join", mac: "02:00:00:00:01:02", networks: ["10.0.0.2/24"])
        for (router, name, peer, host) in [(one, "a", "b", 1), (two, "b", "a", 2)] {
            network.addRouterPort(
                name, to: router, mac: "02:00:00:00:02:0\(host)",
                networks: ["10.1.0.\(host)/24"]
            ) { $0.peer = peer }
        }
        network.settle()
        let known = network.flows("lr_in_arp_resolve", on: "one")
        for (port, address) in [("one-join", "10.0.0.2"), ("a", "10.1.0.2")] {
            let match = "outport == \"\(port)\" && reg0 == \(address) ->"
            #expect(known.contains { $0.contains(match) } == !isLearned, "\(address)")
        }
        #expect(
            network.flows("lr_in_arp_resolve", on: "two").contains { $0.contains("10.0.0.1") })
    }

    /// Packets to a port's link-local address are answered as those to its others.
    @Test func linkLocalAddresses() {
        let network = TestNetwork()
        let router = network.addRouter("r")
        network.addRouterPort(
            "p", to: router, mac: "02:00:00:00:01:01", networks: ["fd00::1/64"])
        network.settle()
        let input = network.flows("lr_in_ip_input", on: "r")
        #expect(
            input.contains {
                $0.hasPrefix("[90] ip6.dst == {fd00::1, fe80::ff:fe00:101} && icmp6.type == 128")
            })
        #expect(input.contains { $0.contains("nd.target == fe80::ff:fe00:101") })
        #expect(
            input.contains { $0.hasPrefix("[80] ip6 && ip6.dst == fe80::ff:fe00:101 && ") })
        #expect(
            network.flows("lr_in_ip_routing", on: "r").contains {
                $0.contains("inport == \"p\" && ip6.dst == fe80::/64")
            })
    }

    @Test func nextHopsThatConnectionsRemember() {
        let gateway = GatewayNetwork(options: ["chassis": "gw1"])
        let network = gateway.network
        let route = network.addRoute("192.168.0.0/16", via: "172.16.0.9", on: gateway.router) {
            $0.options["ecmp_symmetric_reply"] = "true"
        }
        network.addRoute("192.168.0.0/24", via: "172.16.0.8", on: gateway.router)
        network.settle()
        #expect(network.rows(SB.ECMPNexthop.self).isEmpty, "nobody asked")
        network.setOptions(["ecmp_nexthop_monitor_enable": "true"])
        network.settle()
        func hops() -> [SB.ECMPNexthop] { network.rows(SB.ECMPNexthop.self).map(\.row) }
        #expect(hops().map(\.nexthop) == ["172.16.0.9"])
        #expect(hops().map(\.mac) == [""])
        let port = network.rows(SB.PortBinding.self).first { $0.row.logicalPort == "r-out" }
        #expect(hops().map(\.port) == [port?.uuid])
        let binding = network.southbound.makeUUID()
        network.editSouthbound {
            $0.insert(
                SB.MACBinding(
                    logicalPort: "r-out", ip: "172.16.0.9", mac: "02:00:00:00:00:99",
                    datapath: port?.row.datapath ?? .zero), uuid: binding)
        }
        network.settle()
        #expect(hops().map(\.mac) == ["02:00:00:00:00:99"])
        network.editSouthbound { $0.delete(SB.MACBinding.self, binding) }
        network.settle()
        #expect(hops().map(\.mac) == [""])
        network.edit {
            $0.mutate(
                NB.LogicalRouter.self, gateway.router, .staticRoutes, .delete(.ofSet([route])))
        }
        network.settle()
        #expect(hops().isEmpty)
    }

    /// The router takes in what comes for the address that the switch gave out in its stead.
    @Test func aProxysOwnAddressIsAdmitted() {
        let network = TestNetwork()
        let router = network.addRouter("r")
        let datapath = network.addSwitch("s")
        let sides = network.connect(
            router, datapath, name: "p", mac: "02:00:00:00:01:01", networks: ["10.0.0.1/24"])
        network.change(NB.LogicalSwitchPort.self, sides.switchPort) {
            $0.options["arp_proxy"] = "02:00:00:00:00:77 10.9.0.0/16"
        }
        network.settle()
        #expect(
            network.flows("lr_in_admission", on: "r").contains {
                $0.hasPrefix(
                    "[50] eth.dst == {02:00:00:00:00:77, 02:00:00:00:01:01} && inport == \"p\"")
            })
    }
}

/// Options of the deployment that chassis read, and what northd says of itself.
@Suite struct DeploymentTests {
    @Test func chassisGetTheOptionsOfTheDeployment() {
        let network = TestNetwork()
        let options = [
            "bfd-min-rx": "500", "bfd-min-tx": "50", "bfd-mult": "4", "always_tunnel": "true",
            "enable_chassis_nb_cfg_update": "false", "debug_drop_domain_id": "3",
            "control_limits": "dhcp=5",
        ]
        network.setOptions(options)
        network.settle()
        let told = network.rows(SB.SBGlobal.self).first?.row.options ?? [:]
        for (key, value) in options { #expect(told[key] == value, "\(key)") }
        #expect(
            told["northd_internal_version"]?.hasPrefix("26.03.90-\(SB.schema.version)-") == true)
        #expect(
            network.global.options["northd_internal_version"] == told["northd_internal_version"])
    }

    @Test func badOptionsAreReported() {
        let network = TestNetwork()
        network.setOptions([
            "mac_binding_removal_limit": "all", "bfd-mult": "-1", "control_limits": "dhcp=5,arp=1",
        ])
        network.settle()
        #expect(
            Set(network.problems) == [
                "NB_Global options:mac_binding_removal_limit: no number: \"all\"",
                "NB_Global options:bfd-mult: no number: \"-1\"",
                "NB_Global options:control_limits: no class and rate: \"arp=1\"",
            ])
    }

    /// A chassis of another zone need not have what the flows here use.
    @Test func featuresOfRemoteChassisDontCount() {
        let gateway = GatewayNetwork()
        let network = gateway.network
        network.change(NB.LogicalRouterPort.self, gateway.outerPort) {
            $0.options["gateway_mtu"] = "1400"
        }
        network.addChassis("far", address: "10.9.9.9", isRemote: true)
        network.settle()
        func usesState() -> Bool {
            network.flows("lr_in_chk_pkt_len", on: "r").contains { $0.contains("ct_state_save") }
        }
        #expect(usesState())
        network.addChassis("old", features: false)
        network.settle()
        #expect(!usesState())
        network.setOptions(["ignore_chassis_features": "true"])
        network.settle()
        #expect(usesState())
    }

    /// A chassis without the port may skip the flow unread.
    @Test func flowsOfAPortSayWhichOne() {
        let network = TestNetwork()
        let datapath = network.addSwitch("s")
        network.addPort("p", to: datapath, addresses: ["unknown"]) { $0.enabled = false }
        network.settle()
        let flows = network.rows(SB.LogicalFlow.self).map(\.row)
        let tagged = flows.filter { $0.tags["in_out_port"] == "p" }
        #expect(!tagged.isEmpty)
        #expect(tagged.allSatisfy { $0.match.contains("port == \"p\"") })
        #expect(flows.filter { $0.tags["in_out_port"] != nil }.count == tagged.count)
    }

    @Test func oneRunPausesForTheNext() {
        var backoff = Backoff()
        backoff.ran(from: 1000, to: 1040, options: [:])
        #expect(backoff.delay(at: 1040) == 0)
        let options = ["northd-backoff-interval-ms": "100"]
        backoff.ran(from: 1000, to: 1040, options: options)
        #expect(backoff.delay(at: 1050) == 30, "as long as the run took")
        backoff.ran(from: 1000, to: 5000, options: options)
        #expect(backoff.delay(at: 5000) == 100, "the option is the most")
        #expect(backoff.delay(at: 6000) == 0)
    }

    @Test func controlLimitsOfPortsGoToTheirChassis() {
        let network = TestNetwork()
        let datapath = network.addSwitch("s")
        network.addPort("p", to: datapath) { $0.options["control_limits"] = "error=10/20" }
        let bad = network.addPort("q", to: datapath) {
            $0.options["control_limits"] = "error=many"
        }
        network.settle()
        #expect(network.binding("p")?.options["control_limits"] == "error=10/20")
        #expect(network.northd.problems.map(\.row) == [bad])
    }
}

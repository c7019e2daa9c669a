import OVSDBModel
import Schemas
import Testing

@testable import Northd

/// Options of switches and their ports, as the Southbound database has them.
@Suite struct SwitchOptionTests {
    private let network = TestNetwork()
    private let s1: RowUUID

    init() { s1 = network.addSwitch("s1") }

    @discardableResult
    private func addPort(
        _ name: String, _ addresses: [String] = [],
        _ change: (inout NB.LogicalSwitchPort) -> Void = { _ in }
    ) -> RowUUID {
        defer { network.settle() }
        return network.addPort(name, to: s1, addresses: addresses, change)
    }

    private func flows(_ stage: String, _ part: String) -> [String] {
        network.flows(stage, on: "s1").filter { $0.contains(part) }
    }

    @Test func aPortMayAnswerForItself() {
        let port = addPort("p1", ["02:00:00:00:00:01 10.0.0.1 fd00::1"])
        #expect(flows("ls_in_arp_rsp", "10.0.0.1").count == 2)
        #expect(flows("ls_in_arp_rsp", "fd00::1").count == 2)
        network.change(NB.LogicalSwitchPort.self, port) {
            $0.options["disable_arp_nd_rsp"] = "true"
        }
        network.settle()
        #expect(network.flows("ls_in_arp_rsp", on: "s1") == ["[0] 1 -> next;"])
    }

    /// A request to one station is no broadcast: without a proxy it takes the way of any packet.
    @Test func requestsToOneStationAreDelivered() {
        addPort("p1", ["02:00:00:00:00:01 10.0.0.1"])
        #expect(
            flows("ls_in_arp_rsp", "arp.tpa == 10.0.0.1").allSatisfy {
                $0.contains("eth.dst == ff:ff:ff:ff:ff:ff")
            })
        #expect(
            network.flows("ls_in_l2_lkup", on: "s1").contains(
                "[50] eth.dst == 02:00:00:00:00:01 -> outport = \"p1\"; output;"))
    }

    /// What a router asks goes to hosts only, who know what no configuration says; where there are
    /// none, to the other routers.
    @Test func routersAloneAskEachOther() {
        for (name, mac) in [("r1", "02:00:00:00:01:01"), ("r2", "02:00:00:00:01:02")] {
            network.connect(
                network.addRouter(name), s1, name: name + "-s1", mac: mac,
                networks: ["10.0.0.\(name.suffix(1))/24"])
        }
        network.settle()
        func own() -> Int { flows("ls_in_l2_lkup", "[75] eth.src == ").count }
        #expect(own() == 0)
        #expect(
            flows("ls_in_l2_lkup", "eth.mcast && arp") == [
                "[71] eth.mcast && arp -> outport = \"_MC_flood\"; output;"
            ])
        #expect(network.group("_MC_flood", on: "s1") == ["to-r1-s1", "to-r2-s1"])
        let port = addPort("p1", ["02:00:00:00:00:01 10.0.0.9"])
        #expect(own() == 2)
        network.removePort(port, from: s1)
        network.settle()
        #expect(own() == 0)
        addPort("ln") { $0.type = "localnet" }
        #expect(own() == 2)
    }

    @Test func aLocalnetMayLearn() {
        let port = addPort("ln", ["unknown"]) { $0.type = "localnet" }
        #expect(
            flows("ls_in_lookup_fdb", "\"ln\"") == [
                "[50] inport == \"ln\" -> flags.localnet = 1; next;"
            ])
        network.change(NB.LogicalSwitchPort.self, port) {
            $0.options["localnet_learn_fdb"] = "true"
        }
        network.settle()
        #expect(
            flows("ls_in_lookup_fdb", "\"ln\"") == [
                "[100] inport == \"ln\" -> flags.localnet = 1; reg0[11] = lookup_fdb(inport, eth.src); next;"
            ])
        #expect(flows("ls_in_put_fdb", "\"ln\"").count == 1)
    }

    @Test func learningMayBeOff() {
        let port = addPort("p1", ["unknown"])
        #expect(flows("ls_in_put_fdb", "\"p1\"").count == 1)
        network.change(NB.LogicalSwitchPort.self, port) { $0.options["lsp_learn_fdb"] = "false" }
        network.settle()
        #expect(flows("ls_in_put_fdb", "\"p1\"").isEmpty)
        #expect(flows("ls_in_lookup_fdb", "\"p1\"").isEmpty)
    }

    /// What was learned behind a port goes when the port is no place for unknown stations any more.
    @Test func learnedStationsGo() {
        let port = addPort("p1", ["unknown"])
        let other = addPort("p2", ["unknown"])
        let key = network.rows(SB.DatapathBinding.self)[0].row.tunnelKey
        for name in ["p1", "p2"] {
            network.editSouthbound {
                $0.insert(
                    SB.FDB(
                        mac: "02:00:00:00:09:0\(name.last ?? "0")", dpKey: key,
                        portKey: network.binding(name)?.tunnelKey ?? 0),
                    uuid: network.southbound.makeUUID())
            }
        }
        network.settle()
        #expect(network.rows(SB.FDB.self).count == 2)
        network.change(NB.LogicalSwitchPort.self, port) {
            $0.addresses = ["02:00:00:00:00:01"]
        }
        network.settle()
        #expect(network.rows(SB.FDB.self).map(\.row.mac) == ["02:00:00:00:09:02"])
        network.removePort(other, from: s1)
        network.settle()
        #expect(network.rows(SB.FDB.self).isEmpty)
    }

    @Test func switchesMayBeJoined() {
        let s2 = network.addSwitch("s2")
        for (name, datapath, peer) in [("a", s1, "b"), ("b", s2, "a")] {
            network.addPort(name, to: datapath, addresses: ["unknown"]) {
                $0.type = "switch"
                $0.peer = peer
            }
        }
        network.settle()
        #expect(network.binding("a")?.type == "patch")
        #expect(network.binding("a")?.options["peer"] == "b")
        #expect(network.group("_MC_flood_l2", on: "s1") == ["a"], "it is no router")
        #expect(network.group("_MC_unknown", on: "s1") == ["a"])
        #expect(flows("ls_in_put_fdb", "\"a\"").count == 1, "stations are learned behind it")
        #expect(network.problems.isEmpty)
    }

    @Test func aPeerThatLeadsNowhereIsReported() {
        addPort("a") {
            $0.type = "switch"
            $0.peer = "b"
        }
        #expect(
            network.problems == [
                "Logical_Switch_Port peer: no port of a switch leads back from \"b\""
            ])
    }

    @Test func taggedPackets() {
        network.settle()
        #expect(flows("ls_in_check_port_sec", "vlan.present") == ["[100] vlan.present -> drop;"])
        network.change(NB.LogicalSwitch.self, s1) { $0.otherConfig["vlan-passthru"] = "true" }
        network.settle()
        #expect(flows("ls_in_check_port_sec", "vlan.present").isEmpty)
    }

    @Test func aLocalportIsEverywhere() {
        addPort("meta", ["02:00:00:00:00:01 169.254.169.254"]) { $0.type = "localport" }
        #expect(network.binding("meta")?.type == "localport")
        #expect(flows("ls_in_arp_rsp", "169.254.169.254").count == 2)
    }

    @Test func claimsOfAVirtualPortAreKept() {
        addPort("p1")
        let port = addPort("v") {
            $0.type = "virtual"
            $0.options = ["virtual-ip": "10.0.0.9", "virtual-parents": "p1"]
        }
        network.changeBinding("v") {
            $0.options["vport-last-claim"] = "1000"
            $0.options["vport-backoff"] = "2000"
        }
        network.change(NB.LogicalSwitchPort.self, port) { $0.externalIDs["a"] = "b" }
        network.settle()
        #expect(network.binding("v")?.options["vport-last-claim"] == "1000")
        #expect(network.binding("v")?.options["vport-backoff"] == "2000")
        network.change(NB.LogicalSwitchPort.self, port) {
            $0.options["virtual-parents"] = "p1,p2"
        }
        network.settle()
        #expect(
            network.problems == [
                "Logical_Switch_Port options:virtual-parents: no port of the switch is called \"p2\""
            ])
    }

    /// A floating address follows the chassis that claimed the virtual port.
    @Test func aFloatingAddressOfAVirtualPort() {
        addPort("p1", ["02:00:00:00:00:01 10.0.0.1"])
        addPort("v", ["02:00:00:00:00:09 10.0.0.9"]) {
            $0.type = "virtual"
            $0.options = ["virtual-ip": "10.0.0.9", "virtual-parents": "p1"]
        }
        let router = network.addRouter("r1")
        network.connect(
            router, s1, name: "r1-s1", mac: "02:00:00:00:01:01", networks: ["10.0.0.254/24"])
        let outside = network.addSwitch("out")
        network.addPort("ln", to: outside, addresses: ["unknown"]) { $0.type = "localnet" }
        let sides = network.connect(
            router, outside, name: "r1-out", mac: "02:00:00:00:01:02", networks: ["172.16.0.1/24"])
        network.addGateways("hv1", to: sides.routerPort)
        network.addNAT("dnat_and_snat", "172.16.0.9", "10.0.0.9", on: router) {
            $0.logicalPort = "v"
            $0.externalMAC = "02:00:00:00:02:09"
        }
        network.settle()
        let redirects = network.flows("lr_in_gw_redirect", on: "r1").filter {
            $0.contains("10.0.0.9")
        }
        #expect(redirects.contains { $0.contains("is_chassis_resident(\"v\")") })
        #expect(redirects.contains { $0.hasPrefix("[80]") && $0.hasSuffix("-> drop;") })
    }

    @Test func whatIsNoIPEndsAtARouter() {
        network.addRouter("r1")
        network.settle()
        #expect(network.flows("lr_in_ip_routing", on: "r1").last == "[0] 1 -> drop;")
        #expect(network.flows("lr_in_admission", on: "r1").last == "[0] 1 -> drop;")
    }

    @Test func limitsOfConnectionsAreSaid() {
        network.change(NB.LogicalSwitch.self, s1) { $0.otherConfig["ct-zone-limit"] = "100" }
        addPort("p1") { $0.options["ct-zone-limit"] = "7" }
        #expect(
            network.rows(SB.DatapathBinding.self)[0].row.externalIDs["ct-zone-limit"] == "100")
        #expect(network.binding("p1")?.options["ct-zone-limit"] == "7")
    }

    @Test func namesOfOpenStack() {
        network.change(NB.LogicalSwitch.self, s1) {
            $0.externalIDs["neutron:network_name"] = "public"
        }
        addPort("p1") { $0.externalIDs = ["neutron:port_name": "web"] }
        #expect(network.rows(SB.DatapathBinding.self)[0].row.externalIDs["name2"] == "public")
        #expect(network.binding("p1")?.externalIDs["name"] == "web")
        #expect(network.binding("p1")?.externalIDs["neutron:port_name"] == "web")
    }

    /// What nothing here compiles yet is said, so that nobody takes it for being in force.
    @Test func whatHasNoEffectIsReported() {
        network.change(NB.LogicalSwitch.self, s1) { $0.otherConfig["dynamic-routing-vni"] = "10" }
        network.addRouter("r1") { $0.options["dynamic-routing"] = "true" }
        network.settle()
        #expect(
            network.problems == [
                "Logical_Router options:dynamic-routing: not compiled yet: it has no effect",
                "Logical_Switch other_config:dynamic-routing-vni: not compiled yet: it has no effect",
            ])
    }

    @Test func keysThatTheConfigurationChooses() {
        network.change(NB.LogicalSwitch.self, s1) { $0.otherConfig["requested-tnl-key"] = "77" }
        addPort("p1") { $0.options["requested-tnl-key"] = "88" }
        #expect(network.rows(SB.DatapathBinding.self)[0].row.tunnelKey == 77)
        #expect(network.binding("p1")?.tunnelKey == 88)
    }
}

/// Logical_Switch_Port.port_security, which chassis evaluate.
@Suite struct PortSecurityTests {
    private let network = TestNetwork()

    private func addPort(_ security: [String]) {
        let s1 = network.addSwitch("s1")
        network.addPort("p1", to: s1, addresses: ["02:00:00:00:00:01 10.0.0.1"]) {
            $0.portSecurity = security
        }
        network.settle()
    }

    @Test(arguments: [
        "02:00:00:00:00:01", "02:00:00:00:00:01 10.0.0.1 10.0.1.0/24 fd00::1",
        "VRRPv3 02:00:00:00:00:01 00:00:5e:00:01:00/40 10.0.0.1",
    ])
    func chassisCheckBothWays(entry: String) {
        addPort([entry])
        #expect(network.binding("p1")?.portSecurity == [entry])
        #expect(network.problems.isEmpty)
        #expect(
            network.flows("ls_in_check_port_sec", on: "s1").contains(
                "[50] 1 -> reg0[15] = check_in_port_sec(); next;"))
        #expect(
            network.flows("ls_in_apply_port_sec", on: "s1").contains(
                "[50] reg0[15] == 1 -> drop;"))
        #expect(
            network.flows("ls_out_check_port_sec", on: "s1").contains(
                "[0] 1 -> reg0[15] = check_out_port_sec(); next;"))
    }

    @Test(arguments: [
        ("nonsense", "no Ethernet address in \"nonsense\""),
        ("02:00:00:00:00:01 10.0.0", "no address: \"10.0.0\" in \"02:00:00:00:00:01 10.0.0\""),
        (
            "02:00:00:00:00:01 02:00:00:00:00:02",
            "no address: \"02:00:00:00:00:02\" in \"02:00:00:00:00:01 02:00:00:00:00:02\""
        ),
    ])
    func whatNobodyCanReadIsReported(entry: String, reason: String) {
        addPort([entry])
        #expect(network.problems == ["Logical_Switch_Port port_security: \(reason)"])
        #expect(
            network.flows("ls_in_l2_lkup", on: "s1").contains { $0.contains("outport = \"p1\"") })
    }
}

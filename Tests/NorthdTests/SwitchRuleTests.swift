import LogicalFlow
import OVSDBModel
import OVSDBSession
import Schemas
import Testing
import Wire

@testable import Northd

private func qos(_ row: NB.QoS) throws -> [String] {
    let rule = try #require(
        QoSRule(row) { column, reason in Issue.record("\(column): \(reason)") })
    return lines(rule)
}

/// Rules that are rows of their own: QoS and forwarding groups.
@Suite struct SwitchRuleTests {
    @Test func marksAndRates() throws {
        #expect(
            try qos(
                NB.QoS(
                    priority: 100, direction: "from-lport", match: "inport == \"p\" && ip4",
                    action: ["dscp": 48, "mark": 7], bandwidth: ["rate": 1000, "burst": 200]))
                == [
                    "ls_in_qos [100] inport == \"p\" && ip4 -> set_meter(1000, 200); ip.dscp = 48; pkt.mark = 7; next;"
                ])
        #expect(
            try qos(NB.QoS(priority: 1, direction: "to-lport", match: "ip", bandwidth: ["rate": 9]))
                == ["ls_out_qos [1] ip -> set_meter(9); next;"])
    }

    @Test func aBadRuleIsLeftOutAlone() {
        var problems: [String] = []
        let row = NB.QoS(
            priority: 1, direction: "to-lport", match: "ip4", action: ["dscp": 64, "mark": 1])
        let rule = QoSRule(row) { problems.append("\($0): \($1)") }
        #expect(rule.map { lines($0) } == ["ls_out_qos [1] ip4 -> pkt.mark = 1; next;"])
        #expect(problems == ["action: no DSCP: 64"])
        let network = TestNetwork()
        let datapath = network.addSwitch("s")
        network.addQoS(NB.QoS(priority: 1, direction: "to-lport", match: "&&"), to: datapath)
        network.addQoS(
            NB.QoS(priority: 2, direction: "to-lport", match: "ip", action: ["mark": 3]),
            to: datapath)
        network.settle()
        #expect(network.flows("ls_out_qos", on: "s").first == "[2] ip -> pkt.mark = 3; next;")
        #expect(network.northd.problems.map(\.table) == ["QoS"])
    }

    @Test func portsTakeTurns() {
        let network = TestNetwork()
        let datapath = network.addSwitch("s")
        let uuid = network.northbound.makeUUID()
        network.edit {
            $0.insert(
                NB.ForwardingGroup(
                    name: "f", vip: "10.0.0.9", vmac: "02:00:00:00:00:09", liveness: true,
                    childPort: ["a", "b"]), uuid: uuid)
            $0.mutate(
                NB.LogicalSwitch.self, datapath, .forwardingGroups, .insert(.ofSet([uuid])))
        }
        network.settle()
        #expect(
            network.flows("ls_in_l2_lkup", on: "s").contains(
                "[50] eth.dst == 02:00:00:00:00:09 -> fwd_group(liveness=\"true\", childports=\"a\", \"b\");"
            ))
        #expect(
            network.flows("ls_in_arp_rsp", on: "s").contains {
                $0.hasPrefix("[50] arp.tpa == 10.0.0.9 && arp.op == 1 -> eth.dst = eth.src;")
            })
    }
}

/// Options of ports and switches that concern delivery and learning.
@Suite struct DeliveryOptionTests {
    @Test func copiesForUnknownPorts() {
        let port = switchPort("p", ["02:00:00:00:00:01"]) {
            $0.options["pkt_clone_type"] = "mc_unknown"
        }
        let deliver = {
            lines(Unicast(port: port, stations: port.stations, switchFloodsUnknown: $0))
        }
        #expect(
            deliver(true) == [
                "ls_in_l2_lkup [50] eth.dst == 02:00:00:00:00:01 -> clone { outport = \"p\"; output; }; outport = \"_MC_unknown\"; output;"
            ])
        #expect(deliver(false)[0].hasSuffix("-> outport = \"p\"; output;"))
    }

    @Test func stationsThatAreLearnedAreNotDeliveredTo() {
        let port = switchPort("p", ["02:00:00:00:00:01", "unknown"]) {
            $0.options["force_fdb_lookup"] = "true"
        }
        #expect(lines(Unicast(port: port, stations: port.stations)).isEmpty)
        let external = switchPort("p", ["02:00:00:00:00:01"]) { $0.type = "external" }
        #expect(lines(Unicast(port: external, stations: external.stations)).isEmpty)
    }

    @Test func aPortMayRefuseMulticast() {
        let network = TestNetwork()
        let datapath = network.addSwitch("s")
        network.addPort("a", to: datapath)
        network.addPort("b", to: datapath) { $0.options["receive_multicast"] = "false" }
        network.settle()
        #expect(network.group("_MC_flood", on: "s") == ["a"])
    }

    @Test func requestsMaySpareRouters() {
        let network = TestNetwork()
        let datapath = network.addSwitch("s") {
            $0.otherConfig["broadcast-arps-to-all-routers"] = "false"
        }
        network.addPort("p", to: datapath, addresses: ["unknown"])
        network.settle()
        #expect(
            network.flows("ls_in_l2_lkup", on: "s").contains(
                "[72] eth.mcast && (arp.op == 1 || nd_ns) -> outport = \"_MC_unknown\"; output;"))
    }

    @Test func nobodyAnswersForAPortThatIsDown() {
        let network = TestNetwork()
        let datapath = network.addSwitch("s")
        network.addPort("p", to: datapath, addresses: ["02:00:00:00:00:01 10.0.0.1"])
        network.settle()
        let answers = {
            network.flows("ls_in_arp_rsp", on: "s").contains { $0.contains("10.0.0.1") }
        }
        #expect(answers())
        network.setOptions(["ignore_lsp_down": "false"])
        network.settle()
        #expect(!answers())
    }

    @Test func portsOfOtherZonesAreLearnedAtTheExit() {
        let remote = switchPort("r", ["unknown"]) { $0.type = "remote" }
        #expect(
            lines(RemoteStationLearning(port: remote)) == [
                "ls_out_lookup_fdb [100] inport == \"r\" -> reg0[11] = lookup_fdb(inport, eth.src); next;",
                "ls_out_put_fdb [100] inport == \"r\" && reg0[11] == 0 -> put_fdb(inport, eth.src); next;",
            ])
    }
}

/// Ports of which there are few.
@Suite struct SpecialPortTests {
    @Test func aRouterPortAnswersForNetworks() throws {
        var proxy = try #require(
            NeighbourProxy(parsing: "169.254.239.254 169.254.238.0/24 fd7b::1"))
        proxy.router = MACAddress(0x0200_0000_00fe)
        let expected = [
            "ls_in_arp_rsp [30] reg0[18] == 0 && arp.op == 1 && arp.tpa == {169.254.239.254, 169.254.238.0/24} -> eth.dst = eth.src; eth.src = 02:00:00:00:00:fe; arp.op = 2; arp.tha = arp.sha; arp.sha = 02:00:00:00:00:fe; arp.tpa <-> arp.spa; outport = inport; flags.loopback = 1; output;",
            "ls_in_arp_rsp [30] reg0[18] == 0 && nd_ns && ip6.dst == {fd7b::1, ff02::1:ff00:1} && nd.target == fd7b::1 -> nd_na_router { eth.src = 02:00:00:00:00:fe; ip6.src = nd.target; nd.target = nd.target; nd.tll = 02:00:00:00:00:fe; outport = inport; flags.loopback = 1; output; };",
        ]
        #expect(lines(proxy) == expected)
        #expect(NeighbourProxy(parsing: "02:00:00:00:00:01") == nil)
        #expect(NeighbourProxy(parsing: "x") == nil)
        let own = try #require(NeighbourProxy(parsing: "02:00:00:00:00:01 10.0.0.0/8"))
        #expect(lines(own)[0].contains("eth.src = 02:00:00:00:00:01;"))
    }

    @Test func requestsToStationsPassAProxy() {
        let network = TestNetwork()
        let (datapath, router) = (network.addSwitch("s"), network.addRouter("r"))
        let sides = network.connect(
            router, datapath, name: "rs", mac: "02:00:00:00:00:fe", networks: ["10.0.0.254/24"])
        network.addPort("p", to: datapath, addresses: ["02:00:00:00:00:01 10.0.0.1 fd00::1"])
        network.settle()
        let passes = [
            "[50] arp.tpa == 10.0.0.1 && arp.op == 1 && eth.dst == 02:00:00:00:00:01 -> next;",
            "[50] nd_ns && ip6.dst == fd00::1 && nd.target == fd00::1 -> next;",
        ]
        #expect(!passes.contains { network.flows("ls_in_arp_rsp", on: "s").contains($0) })
        guard let port = network.northbound.replica[NB.LogicalSwitchPort.self, sides.switchPort]
        else { return }
        var row = port
        row.options["arp_proxy"] = "02:00:00:00:00:99 10.9.0.0/16"
        network.edit { $0.update(sides.switchPort, from: port, to: row) }
        network.settle()
        let flows = network.flows("ls_in_arp_rsp", on: "s")
        #expect(passes.allSatisfy { flows.contains($0) })
        #expect(flows.contains { $0.contains("arp.tpa == 10.9.0.0/16") })
        #expect(
            network.flows("ls_in_l2_lkup", on: "s").contains {
                $0.contains("eth.dst == {02:00:00:00:00:99, 02:00:00:00:00:fe}")
            })
    }

    @Test func avirtualPortFollowsItsAddress() {
        let four = VirtualPort(
            name: "v", address: .v4(IPv4Address(0x0a00_0009)), parents: ["a", "b"])
        #expect(
            lines(four)
                == ["a", "b"].map {
                    "ls_in_arp_rsp [100] inport == \"\($0)\" && ((arp.op == 1 && arp.spa == 10.0.0.9 && arp.tpa == 10.0.0.9) || (arp.op == 2 && arp.spa == 10.0.0.9)) -> bind_vport(\"v\", inport); next;"
                })
        let network = TestNetwork()
        let (one, two) = (network.addSwitch("s"), network.addSwitch("t"))
        network.addPort("a", to: one)
        network.addPort("b", to: two)
        let bad = network.addPort("w", to: one) { $0.type = "virtual" }
        let port = network.addPort("v", to: one) {
            $0.type = "virtual"
            $0.options = ["virtual-ip": "fd00::9", "virtual-parents": "a,b,c"]
        }
        network.settle()
        let flows = network.flows("ls_in_arp_rsp", on: "s").filter { $0.contains("bind_vport") }
        #expect(
            flows == [
                "[100] inport == \"a\" && ((nd_ns && ip6.dst == {fd00::9, ff02::1:ff00:9} && nd.target == fd00::9) || (nd_na && nd.target == fd00::9)) -> bind_vport(\"v\", inport); next;"
            ])
        #expect(network.northd.problems.map(\.row) == [bad, port, port])
    }

    @Test func anExternalStationReachesOneRouterOnly() {
        let port = switchPort("e", ["02:00:00:00:00:01 10.0.0.1"]) { $0.type = "external" }
        let router = StationAddress(
            MACAddress(0x0200_0000_00fe), [.v4(IPv4Address(0x0a00_00fe))])
        let elsewhere =
            "inport == \"ln\" && eth.src == 02:00:00:00:00:01 && !is_chassis_resident(\"e\")"
        #expect(
            lines(ExternalPort(port: port, localnets: ["ln"], routers: [router])) == [
                "ls_in_external_port [100] \(elsewhere) && arp.tpa == 10.0.0.254 && arp.op == 1 -> drop;",
                "ls_in_external_port [100] \(elsewhere) && eth.dst == 02:00:00:00:00:fe -> drop;",
            ])
    }

    @Test func whatComesFromAVTEPGoesToTheLookup() {
        let network = TestNetwork()
        let datapath = network.addSwitch("s")
        network.addPort("v", to: datapath) { $0.type = "vtep" }
        network.settle()
        #expect(
            network.flows("ls_in_check_port_sec", on: "s").contains(
                "[70] inport == \"v\" -> reg0[14] = 1; next(pipeline=ingress, table=19);"))
        #expect(
            network.flows("ls_in_hairpin", on: "s").contains(
                "[1000] reg0[14] == 1 -> next(pipeline=ingress, table=33);"))
        #expect(
            network.flows("ls_in_arp_rsp", on: "s").contains(
                "[65535] reg0[14] == 1 && (arp || nd_ns) -> flags.loopback = 1; next;"))
        #expect(
            lines(VTEPSwitch(redirects: ["cr-rs"])).contains(
                "ls_in_hairpin [2000] reg0[14] == 1 && is_chassis_resident(\"cr-rs\") -> next;"))
    }
}

extension TestNetwork {
    @discardableResult
    func addQoS(_ row: NB.QoS, to datapath: RowUUID) -> RowUUID {
        let uuid = northbound.makeUUID()
        edit {
            $0.insert(row, uuid: uuid)
            $0.mutate(NB.LogicalSwitch.self, datapath, .qosRules, .insert(.ofSet([uuid])))
        }
        return uuid
    }
}

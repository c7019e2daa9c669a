import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@testable import Northd

@Suite struct MulticastTests {
    private struct Scene {
        let network = TestNetwork()
        let datapath: RowUUID
        let chassis: RowUUID

        init(_ config: [String: String] = ["mcast_snoop": "true"]) {
            datapath = network.addSwitch("s1") { $0.otherConfig = config }
            for host in 1...3 {
                network.addPort("p\(host)", to: datapath, addresses: ["02:00:00:00:00:0\(host)"])
            }
            chassis = network.addChassis("hv1", address: "1.1.1.1").chassis
            network.settle()
        }

        func place(_ name: String) -> Identified<SB.PortBinding>? {
            network.rows(SB.PortBinding.self).first { $0.row.logicalPort == name }
        }

        @discardableResult
        func report(_ address: String, _ port: String) -> RowUUID {
            let uuid = network.southbound.makeUUID()
            guard let place = place(port) else { return uuid }
            network.editSouthbound {
                $0.insert(
                    SB.IGMPGroup(
                        address: address, protocol: "IGMPv2", datapath: place.row.datapath,
                        chassis: chassis, ports: [place.uuid], chassisName: "hv1"),
                    uuid: uuid)
            }
            network.settle()
            return uuid
        }

        func lookup(_ prefix: String) -> [String] {
            network.flows("ls_in_l2_lkup", on: "s1").filter { $0.hasPrefix(prefix) }.sorted()
        }
    }

    @Test func switchesThatSnoop() {
        let scene = Scene()
        #expect(
            scene.lookup("[100] flags") == [
                "[100] flags.igmp_loopback == 0 && (mldv1 || mldv2) -> igmp;",
                "[100] flags.igmp_loopback == 0 && igmp -> igmp;",
            ])
        #expect(
            scene.lookup("[85]") == [
                "[85] ip4.mcast && ip4.dst == 224.0.0.0/24 -> outport = \"_MC_flood_l2\"; output;",
                "[85] ip6.mcast_flood -> outport = \"_MC_flood\"; output;",
            ])
        #expect(scene.lookup("[80] ip") == ["[80] ip4.mcast || ip6.mcast -> drop;"])
        #expect(scene.lookup("[71] eth.mcast && ip").count == 1)
        let row = scene.network.rows(SB.IPMulticast.self).first?.row
        #expect(row?.enabled == true && row?.querier == true && row?.tableSize == 2048)
        #expect(row?.idleTimeout == 300 && row?.queryInterval == 150 && row?.queryMaxResp == 1)
    }

    @Test func switchesThatDoNot() {
        let scene = Scene([:])
        #expect(scene.lookup("[100] flags").isEmpty && scene.lookup("[80]").isEmpty)
        #expect(
            scene.lookup("[71] eth.mcast && ip") == [
                "[71] eth.mcast && ip -> outport = \"_MC_flood_l2\"; output;"
            ])
        #expect(scene.network.rows(SB.IPMulticast.self).first?.row.enabled == false)
        scene.report("239.1.1.1", "p1")
        #expect(scene.lookup("[90]").isEmpty)
    }

    @Test func parametersHaveLimits() {
        let scene = Scene([
            "mcast_snoop": "true", "mcast_querier": "false", "mcast_idle_timeout": "1",
            "mcast_query_interval": "99999", "mcast_table_size": "7",
        ])
        let row = scene.network.rows(SB.IPMulticast.self).first?.row
        #expect(row?.querier == false && row?.idleTimeout == 15 && row?.queryInterval == 3600)
        #expect(row?.tableSize == 7)
        scene.network.change(NB.LogicalSwitch.self, scene.datapath) {
            $0.otherConfig["mcast_table_size"] = "many"
            $0.otherConfig["mcast_ip4_src"] = "here"
        }
        scene.network.settle()
        #expect(
            scene.network.problems == [
                "Logical_Switch other_config:mcast_ip4_src: no address: \"here\"",
                "Logical_Switch other_config:mcast_table_size: no number: \"many\"",
            ])
        #expect(scene.network.rows(SB.IPMulticast.self).first?.row.tableSize == 2048)
    }

    @Test(arguments: ["9223372036854775807", "-9223372036854775808", "-1", "9223372036854775808"])
    func parametersMayBeAnyNumber(text: String) {
        let names = [
            "mcast_idle_timeout", "mcast_query_interval", "mcast_query_max_response",
            "mcast_table_size",
        ]
        var config = ["mcast_snoop": "true"]
        for name in names { config[name] = text }
        let scene = Scene(config)
        scene.report("239.1.1.1", "p1")
        let row = scene.network.rows(SB.IPMulticast.self).first?.row
        let isNumber = Int(text).map { $0 >= 0 } ?? false
        #expect(row?.idleTimeout == (isNumber ? 3600 : 300))
        #expect(row?.queryMaxResp == (isNumber ? 3174 : 1))
        #expect(scene.network.problems.count == (isNumber ? 0 : names.count))
        #expect(scene.lookup("[90]").count == 1)
    }

    /// The operator's counter stays.
    @Test func aFlushIsNotUndone() {
        let scene = Scene()
        let row = scene.network.rows(SB.IPMulticast.self)[0]
        scene.network.editSouthbound {
            $0.update(row.uuid, [.seqNo, .tableSize], of: SB.IPMulticast(tableSize: 1, seqNo: 5))
        }
        scene.network.settle()
        let now = scene.network.rows(SB.IPMulticast.self)[0].row
        #expect(now.seqNo == 5 && now.tableSize == 2048)
    }

    @Test func receiversGetWhatTheyAskedFor() {
        let scene = Scene()
        let first = scene.report("239.1.1.1", "p1")
        scene.report("239.1.1.2", "p2")
        #expect(
            scene.lookup("[90]") == [
                "[90] eth.mcast && ip4 && ip4.dst == 239.1.1.1 -> outport = \"239.1.1.1\"; output;",
                "[90] eth.mcast && ip4 && ip4.dst == 239.1.1.2 -> outport = \"239.1.1.2\"; output;",
            ])
        #expect(scene.network.group("239.1.1.1", on: "s1") == ["p1"])
        let keys = scene.network.rows(SB.MulticastGroup.self).filter {
            $0.row.name.hasPrefix("239")
        }
        .map(\.row.tunnelKey)
        #expect(Set(keys).count == 2 && keys.allSatisfy { $0 > 32772 })
        scene.network.restartNorthd()
        scene.network.settle()
        let later = scene.network.rows(SB.MulticastGroup.self)
            .filter { $0.row.name.hasPrefix("239") }.map(\.row.tunnelKey)
        #expect(later == keys, "a key is kept")
        scene.network.editSouthbound { $0.delete(SB.IGMPGroup.self, first) }
        scene.network.settle()
        #expect(scene.lookup("[90]").count == 1)
        #expect(scene.network.group("239.1.1.1", on: "s1") == [])
    }

    @Test func linkLocalGroupsAndOrphans() {
        let scene = Scene()
        scene.report("224.0.0.251", "p1")
        #expect(scene.lookup("[90]").isEmpty)
        scene.report("239.1.1.1", "p1")
        scene.network.editSouthbound { builder in
            for item in scene.network.rows(SB.IGMPGroup.self) {
                builder.update(item.uuid, [.chassis], of: SB.IGMPGroup(chassis: nil))
            }
        }
        scene.network.settle()
        #expect(scene.network.rows(SB.IGMPGroup.self).isEmpty, "rows of no chassis go")
        #expect(scene.lookup("[90]").isEmpty)
    }

    @Test func routersAndPortsThatWantEverything() {
        let scene = Scene()
        let network = scene.network
        let router = network.addRouter("r1") { $0.options["mcast_relay"] = "true" }
        network.connect(
            router, scene.datapath, name: "r1-s1", mac: "02:00:00:00:01:01",
            networks: ["10.0.0.254/24"])
        network.addPort("all", to: scene.datapath) { $0.options["mcast_flood"] = "true" }
        network.addPort("reports", to: scene.datapath) {
            $0.options["mcast_flood_reports"] = "true"
        }
        network.settle()
        #expect(network.group("_MC_static", on: "s1") == ["all"])
        #expect(network.group("_MC_mrouter_flood", on: "s1") == ["reports", "to-r1-s1"])
        #expect(
            scene.lookup("[80] ip4.mcast") == [
                "[80] ip4.mcast || ip6.mcast -> clone { outport = \"_MC_mrouter_flood\"; output; }; outport = \"_MC_static\"; output;"
            ])
        scene.report("239.1.1.1", "p1")
        #expect(
            scene.lookup("[90] eth.mcast") == [
                "[90] eth.mcast && ip4 && ip4.dst == 239.1.1.1 -> clone { outport = \"_MC_mrouter_flood\"; output; }; clone { outport = \"_MC_static\"; output; }; outport = \"239.1.1.1\"; output;"
            ])
        scene.report("mrouters", "p3")
        #expect(network.group("_MC_mrouter_flood", on: "s1") == ["p3", "reports", "to-r1-s1"])
    }

    @Test func routersRelayToWhereReceiversAre() {
        let scene = Scene()
        let network = scene.network
        let router = network.addRouter("r1") { $0.options["mcast_relay"] = "true" }
        let other = network.addSwitch("s2")
        for (datapath, number) in [(scene.datapath, 1), (other, 2)] {
            network.connect(
                router, datapath, name: "r1-s\(number)", mac: "02:00:00:00:01:0\(number)",
                networks: ["10.0.\(number).254/24"])
        }
        network.settle()
        func routing(_ prefix: String) -> [String] {
            network.flows("lr_in_ip_routing", on: "r1").filter { $0.hasPrefix(prefix) }
        }
        #expect(routing("[10450]") == ["[10450] ip4.mcast || ip6.mcast -> drop;"])
        #expect(
            network.flows("lr_in_ip_input", on: "r1").contains(
                "[82] ip4.mcast || ip6.mcast -> next;"))
        scene.report("239.1.1.1", "p1")
        #expect(
            routing("[10500]") == [
                "[10500] ip4 && ip4.dst == 239.1.1.1 -> outport = \"239.1.1.1\"; ip.ttl--; next;"
            ])
        #expect(network.group("239.1.1.1", on: "r1") == ["r1-s1"])
        #expect(
            network.flows("lr_out_delivery", on: "r1").contains(
                "[110] (ip4.mcast || ip6.mcast) && outport == \"r1-s2\" -> eth.src = 02:00:00:00:01:02; output;"
            ))
        network.change(NB.LogicalRouter.self, router) { $0.options = [:] }
        network.settle()
        #expect(routing("[10500]").isEmpty && network.group("239.1.1.1", on: "r1") == [])
        #expect(
            network.flows("lr_in_ip_input", on: "r1").contains(
                "[82] ip4.mcast || ip6.mcast -> drop;"))
    }

    @Test func version6() {
        let scene = Scene()
        scene.report("ff0e::5", "p1")
        scene.report("ff02::1:ff00:1", "p2")
        scene.report("ff02::1", "p3")
        scene.report("nonsense", "p3")
        #expect(
            scene.lookup("[90] eth.mcast") == [
                "[90] eth.mcast && ip6 && ip6.dst == ff02::1:ff00:1 -> outport = \"ff02::1:ff00:1\"; output;",
                "[90] eth.mcast && ip6 && ip6.dst == ff0e::5 -> outport = \"ff0e::5\"; output;",
            ])
    }

    @Test func whatNobodyAskedForMayBeFlooded() {
        let scene = Scene(["mcast_snoop": "true", "mcast_flood_unregistered": "true"])
        #expect(scene.lookup("[80] ip").isEmpty)
        #expect(
            scene.lookup("[71] eth.mcast && ip") == [
                "[71] eth.mcast && ip -> outport = \"_MC_flood_l2\"; output;"
            ])
    }

    /// Flows are bounded, whatever all chassis together report.
    @Test func aTableHasASize() {
        let scene = Scene(["mcast_snoop": "true", "mcast_table_size": "2"])
        for host in 1...4 { scene.report("239.1.1.\(host)", "p1") }
        scene.report("ff0e::1", "p2")
        #expect(scene.lookup("[90] eth.mcast && ip4").count == 2)
        #expect(scene.lookup("[90] eth.mcast && ip6").count == 1)
        scene.network.change(NB.LogicalSwitch.self, scene.datapath) {
            $0.otherConfig["mcast_table_size"] = "3"
        }
        scene.network.settle()
        #expect(scene.lookup("[90] eth.mcast && ip4").count == 3)
    }

    @Test func thePhysicalNetworkGetsEveryGroup() {
        let scene = Scene()
        scene.network.addPort("ln", to: scene.datapath) { $0.type = "localnet" }
        scene.report("239.1.1.1", "p1")
        #expect(scene.network.group("239.1.1.1", on: "s1") == ["ln", "p1"])
    }

    /// A port that gets everything anyway would get the packets of a group twice.
    @Test func portsThatGetEverythingAreInNoGroup() {
        let scene = Scene()
        let port = scene.network.addPort("all", to: scene.datapath) {
            $0.options["mcast_flood"] = "true"
        }
        scene.network.settle()
        scene.report("239.1.1.1", "all")
        #expect(scene.network.group("239.1.1.1", on: "s1") == [])
        scene.network.change(NB.LogicalSwitchPort.self, port) { $0.options = [:] }
        scene.network.settle()
        #expect(scene.network.group("239.1.1.1", on: "s1") == ["all"])
        #expect(scene.network.group("_MC_static", on: "s1") == [])
    }

    @Test func relayAcrossAGateway() {
        let scene = Scene()
        let network = scene.network
        let router = network.addRouter("r1") { $0.options["mcast_relay"] = "true" }
        let sides = network.connect(
            router, scene.datapath, name: "r1-s1", mac: "02:00:00:00:01:01",
            networks: ["10.0.0.254/24"])
        network.addGateways("hv1", to: sides.routerPort)
        network.settle()
        scene.report("239.1.1.1", "p1")
        #expect(network.group("239.1.1.1", on: "r1") == ["cr-r1-s1"])
        #expect(
            network.flows("lr_out_delivery", on: "r1").contains {
                $0.hasPrefix("[110] (ip4.mcast || ip6.mcast) && outport == \"r1-s1\"")
            })
        network.change(NB.LogicalRouterPort.self, sides.routerPort) {
            $0.options["mcast_flood"] = "true"
        }
        network.settle()
        #expect(network.group("239.1.1.1", on: "r1") == [], "it gets everything anyway")
        #expect(network.group("_MC_static", on: "r1") == ["cr-r1-s1"])
    }

    @Test func staticPortsOfARouterGetRegisteredGroupsToo() {
        let scene = Scene()
        let network = scene.network
        let router = network.addRouter("r1") { $0.options["mcast_relay"] = "true" }
        network.connect(
            router, scene.datapath, name: "r1-s1", mac: "02:00:00:00:01:01",
            networks: ["10.0.0.254/24"])
        network.addRouterPort(
            "r1-up", to: router, mac: "02:00:00:00:01:02", networks: ["10.0.9.1/24"]
        ) { $0.options["mcast_flood"] = "true" }
        network.settle()
        scene.report("239.1.1.1", "p1")
        #expect(
            network.flows("lr_in_ip_routing", on: "r1").filter { $0.hasPrefix("[10500]") } == [
                "[10500] ip4 && ip4.dst == 239.1.1.1 -> clone { outport = \"_MC_static\"; ip.ttl--; next; }; outport = \"239.1.1.1\"; ip.ttl--; next;"
            ])
        scene.report("ff02::1:ff00:1", "p1")
        #expect(network.group("ff02::1:ff00:1", on: "r1") == [], "no router passes it on")
    }

    @Test func reportsOfOtherZonesAreSeenOnTheirWayOut() {
        let scene = Scene(["mcast_snoop": "true", "interconn-ts": "ts"])
        scene.network.addPort("far", to: scene.datapath) { $0.type = "remote" }
        scene.network.settle()
        #expect(
            scene.network.flows("ls_out_pre_lb", on: "s1").filter { $0.hasPrefix("[120]") } == [
                "[120] inport == \"far\" && (mldv1 || mldv2) && flags.igmp_loopback == 0 -> clone { igmp; }; next;",
                "[120] inport == \"far\" && igmp && flags.igmp_loopback == 0 -> clone { igmp; }; next;",
            ])
    }

    @Test func reportsAreMetered() {
        let scene = Scene()
        let copp = scene.network.insert(NB.Copp(name: "c", meters: ["igmp": "m"]))
        scene.network.change(NB.LogicalSwitch.self, scene.datapath) { $0.copp = copp }
        scene.network.settle()
        let meters = scene.network.rows(SB.LogicalFlow.self).filter { $0.row.actions == "igmp;" }
            .map(\.row.controllerMeter)
        #expect(meters == ["m", "m"])
    }
}

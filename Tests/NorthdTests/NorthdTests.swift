import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@testable import Northd

@Suite struct StageTests {
    /// The positions that chassis are compiled with (ovn-sb(5), Logical_Flow.table_id).
    @Test func tableNumbersFollowFromTheOrder() {
        #expect(SwitchStage.inL2Unknown.place.table == 34)
        #expect(SwitchStage.inNeighbourResponse.place.table == 27)
        #expect(SwitchStage.outQoS.place.table == 10)
        #expect(SwitchStage.outApplyPortSecurity.place.table == 15)
        #expect(RouterStage.inIPInput.place.table == 3)
        #expect(RouterStage.inECMPStatefulEgress.place.table == 28)
        #expect(RouterStage.outDelivery.place.table == 6)
        #expect(SwitchStage.inL2Lookup.jump.description == "next(pipeline=ingress, table=33);")
    }
}

@Suite struct NorthdTests {
    @Test func anEmptyConfigurationGetsItsGlobalRows() {
        let network = TestNetwork()
        let global = network.rows(SB.SBGlobal.self).first?.row
        #expect(global?.options["max_tunid"] == "16711680")
        #expect(global?.options["svc_monitor_mac"]?.count == 17)
        #expect(network.global.options == global?.options)
        #expect(network.rows(SB.AddressSet.self).map(\.row.name) == ["svc_monitor_mac"])
    }

    @Test func aSwitchWithTwoPorts() {
        let network = TestNetwork()
        let s1 = network.addSwitch("s1")
        network.addPort("p1", to: s1, addresses: ["02:00:00:00:00:01 10.0.0.1 fd00::1"])
        network.addPort("p2", to: s1, addresses: ["02:00:00:00:00:02 10.0.0.2", "unknown"])
        network.settle()
        let datapath = network.rows(SB.DatapathBinding.self)
        #expect(datapath.map(\.row.tunnelKey) == [1])
        #expect(datapath.first?.row.nbUUID == s1)
        #expect(datapath.first?.row.externalIDs["logical-switch"] == s1.description)
        #expect(network.binding("p1")?.tunnelKey != network.binding("p2")?.tunnelKey)
        #expect(network.binding("p1")?.up == false)
        #expect(network.group("_MC_flood", on: "s1") == ["p1", "p2"])
        #expect(network.group("_MC_unknown", on: "s1") == ["p2"])
        #expect(
            network.flows("ls_in_l2_unknown", on: "s1") == [
                "[50] outport == \"none\" -> outport = \"_MC_unknown\"; output;",
                "[0] 1 -> output;",
            ])
        #expect(network.reports.isEmpty)
    }

    @Test func everythingOfASwitchGoesWithIt() {
        let network = TestNetwork()
        let s1 = network.addSwitch("s1")
        let s2 = network.addSwitch("s2")
        network.addPort("p1", to: s1, addresses: ["02:00:00:00:00:01 10.0.0.1", "unknown"])
        network.settle()
        let datapath = network.rows(SB.DatapathBinding.self).first { $0.row.nbUUID == s1 }
        network.editSouthbound {
            $0.insert(
                SB.MACBinding(
                    logicalPort: "p1", ip: "10.0.0.9", mac: "02:00:00:00:00:09",
                    datapath: datapath?.uuid ?? .zero),
                uuid: RowUUID(high: 1, low: 1))
            $0.insert(
                SB.FDB(
                    mac: "02:00:00:00:00:08", dpKey: datapath?.row.tunnelKey ?? 0, portKey: 1),
                uuid: RowUUID(high: 1, low: 2))
        }
        network.edit { $0.delete(NB.LogicalSwitch.self, s1) }
        network.edit { $0.delete(NB.LogicalSwitch.self, s2) }
        network.settle()
        #expect(network.rows(SB.DatapathBinding.self).isEmpty)
        #expect(network.rows(SB.PortBinding.self).isEmpty)
        #expect(network.rows(SB.LogicalFlow.self).isEmpty)
        #expect(network.rows(SB.LogicalDPGroup.self).isEmpty)
        #expect(network.rows(SB.MulticastGroup.self).isEmpty)
        #expect(network.rows(SB.MACBinding.self).isEmpty && network.rows(SB.FDB.self).isEmpty)
    }

    @Test func sequenceNumbersFollowTheChain() {
        let network = TestNetwork()
        func setNumber(_ number: Int) {
            network.edit { builder in
                guard let global = network.northbound.replica.only(NB.NBGlobal.self) else { return }
                var row = global.row
                row.nbCfg = number
                builder.update(global.uuid, [.nbCfg], of: row)
            }
        }
        setNumber(1)
        network.settle()
        #expect(network.global.sbCfg == 1)
        #expect(network.global.hvCfg == 1, "without chassis the configuration is everywhere")
        #expect(
            network.rows(SB.SBGlobal.self).first?.row.nbCfgTimestamp
                == network.global.nbCfgTimestamp)
        let chassis = RowUUID(high: 2, low: 1)
        network.editSouthbound {
            $0.insert(SB.ChassisPrivate(name: "hv1", nbCfg: 1, nbCfgTimestamp: 77), uuid: chassis)
        }
        setNumber(2)
        network.settle()
        #expect(network.global.sbCfg == 2 && network.global.hvCfg == 1)
        #expect(network.global.hvCfgTimestamp == 77 || network.global.hvCfgTimestamp == 0)
        network.editSouthbound {
            $0.update(
                chassis, [.nbCfg, .nbCfgTimestamp],
                of: SB.ChassisPrivate(name: "hv1", nbCfg: 2, nbCfgTimestamp: 99))
        }
        network.settle()
        #expect(network.global.hvCfg == 2 && network.global.hvCfgTimestamp == 99)
    }

    @Test func upFollowsTheBinding() {
        let network = TestNetwork()
        let s1 = network.addSwitch("s1")
        let port = network.addPort("p1", to: s1)
        network.settle()
        func isUp() -> Bool? { network.northbound.replica[NB.LogicalSwitchPort.self, port]?.up }
        #expect(isUp() == false)
        let chassis = RowUUID(high: 3, low: 1)
        let encap = RowUUID(high: 3, low: 2)
        let binding = network.rows(SB.PortBinding.self)[0]
        network.editSouthbound {
            $0.insert(SB.Encap(type: "geneve", ip: "1.1.1.1", chassisName: "hv1"), uuid: encap)
            $0.insert(SB.Chassis(name: "hv1", encaps: [encap]), uuid: chassis)
            var row = binding.row
            row.chassis = chassis
            row.up = true
            $0.update(binding.uuid, [.chassis, .up], of: row)
        }
        network.settle()
        #expect(isUp() == true)
        #expect(network.binding("p1")?.chassis == chassis, "what chassis write stays")
        network.edit {
            $0.update(port, [.up], of: NB.LogicalSwitchPort(up: false))
        }
        network.settle()
        #expect(isUp() == true, "the state is northd's to say")
    }
}

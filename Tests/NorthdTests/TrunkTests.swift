import Incremental
import OVSDBModel
import Schemas
import Testing

@testable import Northd

/// A port that carries VLANs, each of another switch.
@Suite struct TrunkTests {
    private let network = TestNetwork()
    private let native: RowUUID
    private let trunk: RowUUID

    init() {
        native = network.addSwitch("native")
        network.addSwitch("blue")
        network.addSwitch("green")
        trunk = network.addPort(
            "t", to: native, addresses: ["02:00:00:00:00:01 10.0.0.1", "unknown"]
        ) { $0.options["trunk"] = "10:blue,20:green" }
        network.settle()
    }

    private func setTrunk(_ text: String?) {
        network.change(NB.LogicalSwitchPort.self, trunk) { $0.options["trunk"] = text }
        network.settle()
    }

    private func datapath(_ name: String) -> String? {
        guard let binding = network.binding(name) else { return nil }
        return network.southbound.replica[SB.DatapathBinding.self, binding.datapath]?
            .externalIDs["name"]
    }

    @Test func everyVLANIsAPortOfItsSwitch() {
        #expect(datapath("t") == "native")
        for (vlan, name) in [(10, "blue"), (20, "green")] {
            let binding = network.binding("t.vlan\(vlan)")
            #expect(datapath("t.vlan\(vlan)") == name)
            #expect(binding?.parentPort == "t")
            #expect(binding?.tag == vlan)
            #expect(
                binding?.mac == ["02:00:00:00:00:01", "unknown"], "no addresses of another net")
            #expect(network.group("_MC_flood", on: name) == ["t.vlan\(vlan)"])
            #expect(network.group("_MC_unknown", on: name) == ["t.vlan\(vlan)"])
            #expect(
                network.flows("ls_in_l2_lkup", on: name).contains(
                    "[50] eth.dst == 02:00:00:00:00:01 -> outport = \"t.vlan\(vlan)\"; output;"))
            #expect(
                network.flows("ls_in_put_fdb", on: name).contains {
                    $0.hasPrefix("[100] inport == \"t.vlan\(vlan)\"")
                }, "stations behind the trunk are learned")
        }
        #expect(network.northbound.replica.rows(NB.LogicalSwitchPort.self).count == 1)
        #expect(network.northd.problems.isEmpty)
        let hint = String(trunk.description.prefix(8))
        #expect(
            network.rows(SB.LogicalFlow.self).filter { $0.row.actions.contains("t.vlan10") }
                .allSatisfy { $0.row.externalIDs["stage-hint"] == hint })
    }

    /// One VLAN more is one port more.
    @Test func aVLANConcernsItself() {
        let blue = network.binding("t.vlan10")
        network.northd.compiler.engine.log = EventLog()
        setTrunk("10:blue,20:green,30:blue")
        let ran = network.northd.compiler.engine.log?.events.filter { $0.store == "unicast" } ?? []
        #expect(datapath("t.vlan30") == "blue")
        #expect(network.binding("t.vlan10") == blue)
        #expect(ran.count == 1, "neither the trunk nor another VLAN")
        setTrunk("30:green")
        #expect(datapath("t.vlan30") == "green")
        #expect(network.binding("t.vlan10") == nil)
        setTrunk(nil)
        #expect(network.rows(SB.PortBinding.self).map(\.row.logicalPort) == ["t"])
    }

    /// All VLANs that there are (IEEE 802.1Q), on two switches.
    @Test func aTrunkOfAllVLANs() {
        let vlans = 1...4094
        setTrunk(vlans.map { "\($0):\($0 % 2 == 0 ? "blue" : "green")" }.joined(separator: ","))
        #expect(network.northd.problems.isEmpty)
        let bindings = network.rows(SB.PortBinding.self).map(\.row).filter { $0.parentPort == "t" }
        #expect(bindings.compactMap(\.tag).sorted() == Array(vlans))
        let keys = Set(bindings.map { "\($0.datapath) \($0.tunnelKey)" })
        #expect(keys.count == vlans.count)
        #expect(network.group("_MC_flood", on: "blue").count == 2047)
        #expect(network.group("_MC_flood", on: "green").count == 2047)
        #expect(datapath("t.vlan1") == "green")
        #expect(datapath("t.vlan4094") == "blue")
        setTrunk("4094:green")
        #expect(network.rows(SB.PortBinding.self).count == 2)
        #expect(datapath("t.vlan4094") == "green")
    }

    @Test func aSwitchMayComeLaterAndGoAgain() {
        setTrunk("10:red")
        #expect(network.binding("t.vlan10") == nil)
        #expect(
            network.northd.problems.map(\.reason) == ["VLAN 10: no switch is called \"red\""])
        let red = network.addSwitch("red")
        network.settle()
        #expect(datapath("t.vlan10") == "red")
        #expect(network.northd.problems.isEmpty)
        let twin = network.addSwitch("red")
        network.settle()
        #expect(
            network.northd.problems.map(\.reason) == ["VLAN 10: 2 switches are called \"red\""])
        setTrunk("10:\(twin)")
        #expect(datapath("t.vlan10") == "red")
        network.edit { $0.delete(NB.LogicalSwitch.self, red) }
        network.edit { $0.delete(NB.LogicalSwitch.self, self.native) }
        network.settle()
        #expect(network.binding("t.vlan10") == nil, "the trunk is gone")
    }

    @Test func whatIsWrongIsLocal() {
        setTrunk("10:blue,blue,10:green,4095:green, 20:green")
        #expect(datapath("t.vlan10") == "blue")
        #expect(datapath("t.vlan20") == "green")
        #expect(
            Set(network.northd.problems.map(\.reason)) == [
                "no VLAN and switch: \"blue\"", "no VLAN and switch: \"4095:green\"",
                "VLAN 10 has a switch already",
            ])
        #expect(network.northd.problems.allSatisfy { $0.row == trunk })
        setTrunk("10:blue")
        network.addPort("t.vlan10", to: native)
        network.settle()
        #expect(datapath("t.vlan10") == "native", "the configuration's own port goes first")
        #expect(
            network.northd.problems.map(\.reason) == ["VLAN 10: a port is called \"t.vlan10\""])
        network.addPort("l", to: native) {
            $0.type = "localnet"
            $0.options = ["trunk": "1:blue", "network_name": "physnet"]
        }
        network.settle()
        #expect(network.binding("l.vlan1") == nil)
        #expect(network.northd.problems.count == 2)
    }

    @Test func aDisabledTrunkIsClosedEverywhere() {
        network.change(NB.LogicalSwitchPort.self, trunk) { $0.enabled = false }
        network.settle()
        #expect(network.group("_MC_flood", on: "blue") == [])
        #expect(
            network.flows("ls_in_check_port_sec", on: "blue").contains(
                "[100] inport == \"t.vlan10\" -> reg0[15] = 1; next;"))
    }
}

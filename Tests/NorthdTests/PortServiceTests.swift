import OVSDBModel
import Schemas
import Testing

@testable import Northd

@Suite struct PortServiceTests {
    @Test func queuesAreGivenAndKept() {
        let network = TestNetwork()
        let s1 = network.addSwitch("s1")
        let ln = network.addPort("ln", to: s1, addresses: ["unknown"]) {
            $0.type = "localnet"
            $0.options["network_name"] = "phys"
        }
        let first = network.addPort("p1", to: s1) { $0.options["qos_max_rate"] = "1000" }
        network.addPort("p2", to: s1) { $0.options["qos_burst"] = "1000" }
        network.addPort("p3", to: s1)
        network.settle()
        #expect(network.binding("p1")?.options["qdisc_queue_id"] == "1")
        #expect(network.binding("p2")?.options["qdisc_queue_id"] == "2")
        #expect(network.binding("p1")?.options["qos_physical_network"] == "phys")
        #expect(network.binding("p3")?.options["qdisc_queue_id"] == nil)
        #expect(
            network.flows("ls_in_check_port_sec", on: "s1").contains(
                "[70] inport == \"p1\" -> set_queue(1); reg0[15] = check_in_port_sec(); next;"))
        #expect(
            network.flows("ls_out_apply_port_sec", on: "s1").contains(
                "[110] outport == \"ln\" && inport == \"p1\" -> set_queue(1); output;"))
        network.change(NB.LogicalSwitchPort.self, first) { $0.options = [:] }
        network.restartNorthd()
        network.settle()
        #expect(network.binding("p2")?.options["qdisc_queue_id"] == "2", "a queue is kept")
        #expect(network.binding("p1")?.options["qdisc_queue_id"] == nil)
        network.removePort(ln, from: s1)
        network.settle()
        #expect(network.binding("p2")?.options["qos_physical_network"] == nil)
    }

    @Test func tagsAreGivenPerParent() {
        let network = TestNetwork()
        let s1 = network.addSwitch("s1")
        network.addPort("vm", to: s1)
        func nested(_ name: String, _ parent: String, _ request: Int) -> RowUUID {
            network.addPort(name, to: s1) {
                $0.parentName = parent
                $0.tagRequest = request
            }
        }
        let fixed = nested("c1", "vm", 1)
        let second = nested("c2", "vm", 0)
        let other = nested("d1", "vm2", 0)
        network.settle()
        #expect(network.port(fixed)?.tag == 1)
        #expect(network.port(second)?.tag == 2, "1 is taken")
        #expect(network.port(other)?.tag == 1, "another parent")
        #expect(network.binding("c2")?.tag == 2 && network.binding("c2")?.parentPort == "vm")
        network.restartNorthd()
        network.settle()
        #expect(network.port(second)?.tag == 2)
        network.change(NB.LogicalSwitchPort.self, second) { $0.tag = 9 }
        network.settle()
        #expect(network.binding("c2")?.tag == network.port(second)?.tag)
    }

    @Test func severalRequestedChassis() {
        let network = TestNetwork()
        let s1 = network.addSwitch("s1")
        let hv1 = network.addChassis("hv1", address: "1.1.1.1").chassis
        let hv2 = network.addChassis("hv2", address: "1.1.1.2").chassis
        network.addPort("p1", to: s1) {
            $0.options["requested-chassis"] = "hv1,hv2,hv3"
            $0.options["activation-strategy"] = "rarp"
        }
        network.settle()
        #expect(network.binding("p1")?.requestedChassis == hv1)
        #expect(network.binding("p1")?.requestedAdditionalChassis == [hv2])
        #expect(network.binding("p1")?.options["activation-strategy"] == "rarp")
        #expect(
            network.problems == [
                "Logical_Switch_Port options:requested-chassis: no chassis is called \"hv3\""
            ])
        let hv3 = network.addChassis("hv3", address: "1.1.1.3").chassis
        network.changeBinding("p1") { $0.options["additional-chassis-activated"] = "hv2" }
        network.settle()
        #expect(network.problems.isEmpty)
        #expect(Set(network.binding("p1")?.requestedAdditionalChassis ?? []) == [hv2, hv3])
        #expect(network.binding("p1")?.options["additional-chassis-activated"] == "hv2")
    }

    @Test func aRequestedEncapsulation() {
        let network = TestNetwork()
        let s1 = network.addSwitch("s1")
        let encap = network.addChassis("hv1", address: "1.1.1.1").encap
        let port = network.addPort("p1", to: s1) {
            $0.options["requested-encap-ip"] = "1.1.1.1"
        }
        network.settle()
        #expect(network.binding("p1")?.encap == encap)
        network.change(NB.LogicalSwitchPort.self, port) {
            $0.options["requested-encap-ip"] = "1.1.1.9"
        }
        network.settle()
        #expect(network.binding("p1")?.encap == nil)
        network.change(NB.LogicalSwitchPort.self, port) { $0.options = [:] }
        network.settle()
        network.changeBinding("p1") { $0.encap = encap }
        network.settle()
        #expect(network.binding("p1")?.encap == encap, "without the option chassis choose")
    }

    @Test func aPortOfAnotherZoneIsBoundByNorthd() {
        let network = TestNetwork()
        let s1 = network.addSwitch("s1")
        let remote = network.addChassis("far", address: "2.2.2.2", isRemote: true).chassis
        let port = network.addPort("p1", to: s1) {
            $0.type = "remote"
            $0.options["requested-chassis"] = "far"
        }
        network.settle()
        #expect(network.binding("p1")?.chassis == remote)
        #expect(network.port(port)?.up == true)
        network.change(NB.LogicalSwitchPort.self, port) { $0.options = [:] }
        network.settle()
        #expect(network.binding("p1")?.chassis == nil)
    }

    @Test func mirrorsOfPorts() {
        let network = TestNetwork()
        let s1 = network.addSwitch("s1")
        let gre = network.insert(
            NB.Mirror(name: "m1", filter: "both", sink: "10.1.1.1", type: "gre", index: 7))
        let local = network.insert(
            NB.Mirror(name: "m2", filter: "to-lport", sink: "p9", type: "lport"))
        network.addPort("p1", to: s1) { $0.mirrorRules = canonicalSet([gre, local]) }
        network.settle()
        #expect(network.rows(SB.Mirror.self).contains { $0.uuid == gre && $0.row.index == 7 })
        #expect(network.binding("p1")?.mirrorRules == [gre])
        network.edit { $0.delete(NB.Mirror.self, gre) }
        network.settle()
        #expect(network.binding("p1")?.mirrorRules == [])
        #expect(network.rows(SB.Mirror.self).map(\.uuid) == [local])
    }

    @Test func vlanPassthruIsSaidAtThePort() {
        let network = TestNetwork()
        let s1 = network.addSwitch("s1") { $0.otherConfig["vlan-passthru"] = "true" }
        network.addPort("p1", to: s1)
        network.settle()
        #expect(network.binding("p1")?.options["vlan-passthru"] == "true")
    }
}

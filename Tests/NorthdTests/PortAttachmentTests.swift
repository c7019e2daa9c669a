import OVSDBModel
import Schemas
import Testing

@testable import Northd

/// Ports to the physical network, ports in ports, and ports that move.
@Suite struct PortAttachmentTests {
    private let network = TestNetwork()
    private let s1: RowUUID

    init() { s1 = network.addSwitch("s1") }

    @discardableResult
    private func addPort(
        _ name: String, _ change: (inout NB.LogicalSwitchPort) -> Void
    ) -> RowUUID {
        defer { network.settle() }
        return network.addPort(name, to: s1, addresses: ["unknown"], change)
    }

    @Test func aLocalnetNamesItsNetwork() {
        addPort("ln") {
            $0.type = "localnet"
            $0.tag = 42
            $0.options = ["network_name": "phys", "ethtype": "802.1ad"]
        }
        let binding = network.binding("ln")
        #expect(binding?.type == "localnet" && binding?.tag == 42)
        #expect(binding?.options == ["network_name": "phys", "ethtype": "802.1ad"])
        #expect(
            network.flows("ls_in_lookup_fdb", on: "s1").contains(
                "[50] inport == \"ln\" -> flags.localnet = 1; next;"))
    }

    @Test func aSwitchMayHaveSeveralSegments() {
        for segment in 1...2 {
            addPort("ln\(segment)") {
                $0.type = "localnet"
                $0.tag = segment
                $0.options = ["network_name": "phys\(segment)"]
            }
        }
        #expect(network.group("_MC_flood", on: "s1") == ["ln1", "ln2"])
        #expect(network.group("_MC_unknown", on: "s1") == ["ln1", "ln2"])
        for segment in 1...2 {
            #expect(network.binding("ln\(segment)")?.tag == segment)
            #expect(
                network.binding("ln\(segment)")?.options["network_name"] == "phys\(segment)")
        }
    }

    @Test func anL2GatewayIsOnItsChassis() {
        addPort("gw") {
            $0.type = "l2gateway"
            $0.options = ["network_name": "phys", "l2gateway-chassis": "hv1"]
        }
        #expect(network.binding("gw")?.type == "l2gateway")
        #expect(network.binding("gw")?.options["l2gateway-chassis"] == "hv1")
        #expect(network.binding("gw")?.options["network_name"] == "phys")
        #expect(network.group("_MC_unknown", on: "s1") == ["gw"])
    }

    @Test func aVTEPPortNamesItsSwitches() {
        addPort("vt") {
            $0.type = "vtep"
            $0.options = ["vtep-physical-switch": "ps", "vtep-logical-switch": "vls"]
        }
        #expect(network.binding("vt")?.type == "vtep")
        #expect(network.binding("vt")?.options["vtep-logical-switch"] == "vls")
        #expect(network.binding("vt")?.options["vtep-physical-switch"] == "ps")
    }

    @Test func whoMayClaimAPort() {
        addPort("p1") { $0.options = ["iface-id-ver": "7", "vif-plug-type": "representor"] }
        #expect(network.binding("p1")?.options["iface-id-ver"] == "7")
        #expect(network.binding("p1")?.options["vif-plug-type"] == "representor")
        #expect(network.binding("p1")?.up == false, "its chassis will say when")
    }

    @Test func aPortChangesItsType() {
        let port = addPort("p1") { _ in }
        let uuid = network.rows(SB.PortBinding.self)[0].uuid
        network.change(NB.LogicalSwitchPort.self, port) {
            $0.type = "localnet"
            $0.options = ["network_name": "phys"]
        }
        network.settle()
        #expect(network.binding("p1")?.type == "localnet")
        network.change(NB.LogicalSwitchPort.self, port) { ($0.type, $0.options) = ("", [:]) }
        network.settle()
        #expect(network.binding("p1")?.type == "" && network.binding("p1")?.options == [:])
        #expect(network.rows(SB.PortBinding.self).map(\.uuid) == [uuid], "it is the same port")
        #expect(
            !network.flows("ls_in_lookup_fdb", on: "s1").contains { $0.contains("flags.localnet") })
    }

    @Test func aNestedPortChangesItsParent() {
        for name in ["vm1", "vm2"] { addPort(name) { _ in } }
        let nested = addPort("c") {
            $0.parentName = "vm1"
            $0.tagRequest = 0
        }
        #expect(network.binding("c")?.parentPort == "vm1" && network.binding("c")?.tag == 1)
        network.change(NB.LogicalSwitchPort.self, nested) { $0.parentName = "vm2" }
        network.settle()
        #expect(network.binding("c")?.parentPort == "vm2" && network.binding("c")?.tag == 1)
        network.change(NB.LogicalSwitchPort.self, nested) { $0.parentName = "gone" }
        network.settle()
        #expect(
            network.problems == [
                "Logical_Switch_Port parent_name: no switch port is called \"gone\""
            ])
    }

    @Test func theParentOfAPortThatGoesIsLeftAlone() {
        addPort("vm") { _ in }
        let nested = addPort("c") {
            $0.parentName = "vm"
            $0.tag = 5
        }
        let hv1 = network.addChassis("hv1", address: "1.1.1.1").chassis
        for name in ["vm", "c"] {
            network.changeBinding(name) { ($0.chassis, $0.up) = (hv1, true) }
        }
        network.settle()
        let parent = network.binding("vm")
        network.removePort(nested, from: s1)
        network.settle()
        #expect(network.binding("c") == nil)
        #expect(network.binding("vm") == parent && parent?.up == true)
    }

    @Test func badNumbersOfAPort() {
        addPort("p1") { $0.options = ["qos_max_rate": "fast", "requested-encap-ip": "1.2.3.4"] }
        #expect(
            network.problems == [
                "Logical_Switch_Port options:qos_max_rate: no number: \"fast\"",
                "Logical_Switch_Port options:requested-encap-ip: no encapsulation has the address \"1.2.3.4\"",
            ])
    }
}

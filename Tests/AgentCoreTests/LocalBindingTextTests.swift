import Testing

@testable import AgentCore

@Suite struct LocalBindingTextTests {
    private func port(
        _ name: String, _ interface: String? = nil, in parent: String? = nil,
        isVirtual: Bool = false
    ) -> LocalBindingText.Port {
        .init(name: name, interface: interface, parent: parent, isVirtual: isVirtual)
    }

    @Test func nestedAndVirtualPortsStandWithTheirParents() {
        let text = LocalBindingText([
            port("vm2", "tap2"), port("c1", "tap1", in: "vm1"), port("vm1", "tap1"),
            port("vip", nil, in: "vm1", isVirtual: true), port("gateway"),
        ]).text
        #expect(
            text.split(separator: "\n") == [
                "Local bindings:",
                "name: [gateway], OVS interface name : [NULL], num binding lports : [1]",
                "primary lport : [gateway]", "----------------------------------------",
                "name: [vm1], OVS interface name : [tap1], num binding lports : [3]",
                "primary lport : [vm1]", "child lport[1] : [c1], type : [CONTAINER]",
                "child lport[2] : [vip], type : [VIRTUAL]",
                "----------------------------------------",
                "name: [vm2], OVS interface name : [tap2], num binding lports : [1]",
                "primary lport : [vm2]", "----------------------------------------",
            ])
    }

    @Test func aChildMayBeThereBeforeItsParent() {
        let text = LocalBindingText([port("c1", "tap1", in: "vm1")]).text
        #expect(
            text.split(separator: "\n") == [
                "Local bindings:",
                "name: [vm1], OVS interface name : [tap1], num binding lports : [1]",
                "no primary lport", "child lport[1] : [c1], type : [CONTAINER]",
                "----------------------------------------",
            ])
    }
}

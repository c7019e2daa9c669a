import AgentCore
import OVSDBModel
import Schemas
import Testing

@Suite struct BridgePlanTests {
    private func plan(_ interfaces: [OVS.Interface]) -> BridgePlan {
        let rows = interfaces.enumerated().map { index, interface in
            (RowUUID(high: 2, low: UInt64(index)), interface)
        }
        let port = OVS.Port(name: "p", interfaces: rows.map(\.0))
        let bridge = OVS.Bridge(name: "br-int", ports: [RowUUID(high: 3, low: 0)])
        return BridgePlan(
            .init(
                bridges: [(RowUUID(high: 1, low: 0), bridge)], port: { _ in port },
                interface: { uuid in rows.first { $0.0 == uuid }?.1 }))
    }

    @Test func everyKindOfInterface() {
        let plan = plan([
            OVS.Interface(name: "br-int", type: "internal"), OVS.Interface(name: "tap0"),
            OVS.Interface(name: "int0", type: "internal"),
            OVS.Interface(name: "pa", type: "patch", options: ["peer": "pb"]),
            OVS.Interface(name: "ovn-hv2-0", type: "geneve"),
        ])
        #expect(
            plan.interfaces.map(\.kind) == [
                .internalDevice, .device, .internalDevice, .patch(peer: "pb"),
                .tunnel(type: "geneve"),
            ])
        #expect(plan.interfaces.map(\.isLocal) == [true, false, false, false, false])
        #expect(plan.refused.isEmpty)
    }

    @Test func whatCannotBeIsRefusedAlone() {
        let plan = plan([
            OVS.Interface(name: "a", type: "dpdk"), OVS.Interface(name: "p", type: "patch"),
            OVS.Interface(name: "tap0"),
        ])
        #expect(plan.refused.map(\.name) == ["a", "p"])
        #expect(plan.refused.first?.reason.contains("dpdk") == true)
        #expect(plan.interfaces.map(\.name) == ["tap0"])
    }
}

import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@testable import Northd

/// Logical_Flow.flow_desc.
@Suite struct DropReasonTests {
    private func reasons(_ network: TestNetwork, _ stage: String) -> [String?] {
        network.rows(SB.LogicalFlow.self).map(\.row)
            .filter { $0.externalIDs["stage-name"] == stage && $0.actions == "drop;" }
            .map(\.flowDesc)
    }

    @Test func aDropSaysWhy() {
        let network = TestNetwork()
        let s1 = network.addSwitch("s1")
        let port = network.addPort("p1", to: s1, addresses: ["02:00:00:00:00:01"]) {
            $0.enabled = false
        }
        network.addPort("p2", to: s1)
        network.settle()
        #expect(
            Set(reasons(network, "ls_in_l2_unknown")) == [
                "No L2 destination", "The port is disabled",
            ])
        #expect(reasons(network, "ls_in_l2_lkup") == ["The port is disabled"])
        network.change(NB.LogicalSwitchPort.self, port) { $0.enabled = true }
        network.settle()
        #expect(reasons(network, "ls_in_l2_unknown") == ["No L2 destination"])
        let others = network.rows(SB.LogicalFlow.self).filter { $0.row.actions == "next;" }
        #expect(!others.isEmpty && others.allSatisfy { $0.row.flowDesc == nil })
    }

    /// Whatever the configuration, and where drops are sampled too.
    @Test(arguments: 0..<3 as Range<UInt64>)
    func everyDropSaysWhy(seed: UInt64) {
        let network = TestNetwork()
        var edits = RandomEdits(seed: seed)
        for _ in 0..<80 { edits.edit(network) }
        network.settle()
        network.setOptions(["debug_drop_collector_set": ""])
        network.settle()
        let drops = network.rows(SB.LogicalFlow.self).filter { $0.row.actions.contains("drop;") }
        #expect(!drops.isEmpty)
        #expect(drops.filter { $0.row.flowDesc == nil }.map { "\($0.row)" } == [])
        network.setOptions(["debug_drop_collector_set": "7"])
        network.settle()
        let sampled = network.rows(SB.LogicalFlow.self).filter {
            $0.row.actions.hasSuffix("obs_point=$cookie);")
        }
        #expect(sampled.count >= drops.count)
        #expect(sampled.filter { $0.row.flowDesc == nil }.map { "\($0.row)" } == [])
    }

    /// An altered description is set right, as any column.
    @Test func descriptionsAreKept() throws {
        let network = TestNetwork()
        network.addSwitch("s1")
        network.settle()
        let flow = try #require(
            network.rows(SB.LogicalFlow.self).first { $0.row.flowDesc == "No L2 destination" })
        network.editSouthbound {
            $0.update(flow.uuid, [.flowDesc], of: SB.LogicalFlow(flowDesc: "nonsense"))
        }
        network.settle()
        #expect(network.southbound.replica[SB.LogicalFlow.self, flow.uuid] == flow.row)
    }
}

import Datapath
import OVSDBModel
import OVSDBSession
import Pipeline
import Schemas
import Testing

@testable import AgentCore

/// What the builder is fed with, whatever comes in one update.
@Suite struct PipelineFeedTests {
    private let feed = PipelineFeed()

    private func flows(_ rows: inout SouthboundRows) -> Int {
        feed.apply(rows.takeChanges())
        _ = feed.current(rows.replica, chassis: nil, name: nil)
        return feed.statistics.flows
    }

    @Test func aFlowThatGoesWhileADatapathComesIsGone() {
        var rows = SouthboundRows()
        let first = rows.datapath("s1", 1)
        rows.flow(first, "ingress", 0, "a", 1, "1", "next;")
        let gone = rows.flow(first, "ingress", 0, "a", 2, "1", "drop;")
        #expect(flows(&rows) == 2)
        let second = rows.datapath("s2", 2)
        rows.flow(second, "ingress", 0, "a", 1, "1", "next;")
        rows.remove(SB.LogicalFlow.self, gone)
        #expect(flows(&rows) == 2)
    }

    /// Another datapath may get the key at once.
    @Test func aDatapathThatIsReplacedLeavesNothing() {
        var rows = SouthboundRows()
        let first = rows.datapath("s1", 1)
        let flow = rows.flow(first, "ingress", 0, "a", 1, "1", "drop;")
        #expect(flows(&rows) == 1)
        rows.remove(SB.LogicalFlow.self, flow)
        rows.remove(SB.DatapathBinding.self, first)
        rows.datapath("s2", 1)
        #expect(flows(&rows) == 0)
    }

    @Test func setsThatGoWhileADatapathComesAreGone() {
        var rows = SouthboundRows()
        let first = rows.datapath("s1", 1)
        rows.flow(first, "ingress", 0, "a", 1, "ip4.src == $hosts", "drop;")
        let set = rows.add(SB.AddressSet(name: "hosts", addresses: ["10.0.0.1", "10.0.0.2"]))
        let group = rows.add(SB.LogicalDPGroup(datapaths: [first]))
        rows.add(
            SB.LogicalFlow(
                logicalDPGroup: group, pipeline: "egress", tableID: 0, priority: 1, match: "1",
                actions: "output;"))
        _ = flows(&rows)
        let before = snapshotText(rows)
        rows.remove(SB.AddressSet.self, set)
        rows.remove(SB.LogicalDPGroup.self, group)
        rows.datapath("s2", 2)
        _ = flows(&rows)
        let after = snapshotText(rows)
        #expect(before == ["a packet of the set", "a packet of the group"])
        #expect(after == [])
    }

    /// Which of the flows above a packet of 10.0.0.2 meets.
    private func snapshotText(_ rows: SouthboundRows) -> [String] {
        let snapshot = feed.current(rows.replica, chassis: nil, name: nil)
        guard let datapath = snapshot.index(of: DatapathKey(1)) else { return [] }
        var key = FlowKey()
        key[.datapath] = 1
        key[.ethernetType] = 0x0800
        key[.ipv4Source] = 0x0a00_0002
        let scratch = FlowScratch(count: 2)
        scratch[0].copy(from: key)
        let stages = [Stage(.ingress, 0): "set", Stage(.egress, 0): "group"]
        return stages.sorted { $0.key < $1.key }.compactMap { stage, name in
            snapshot.lookup(stage, datapath, scratch[0], scratch[1]).map { _ in
                "a packet of the \(name)"
            }
        }
    }
}

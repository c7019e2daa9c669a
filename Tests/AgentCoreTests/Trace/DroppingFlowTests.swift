import OVSDBModel
import Pipeline
import Schemas
import Testing

@testable import AgentCore

/// What `drops/show` says of a flow that has gone since.
@Suite struct DroppingFlowTests {
    /// A rule that drops, and the flow that carries it out.
    private struct Network {
        var rows = SouthboundRows()
        let s1: RowUUID
        let rule: RowUUID
        let drop: PacketDrop
        var dropping = DroppingFlows()

        init() {
            s1 = rows.datapath("s1", 1)
            rule = rows.flow(
                s1, "ingress", 9, "ls_in_acl_eval", 2001, "ip4", "reg8[17] = 1; next;",
                hint: "1a2b3c4d")
            let action = rows.flow(
                s1, "ingress", 11, "ls_in_acl_action", 1000, "reg8[17] == 1", "drop;")
            drop = PacketDrop(
                .flow, stage: LogicalStage(DatapathKey(1), Stage(.ingress, 11)),
                flow: RowIdentifier(action), decision: RowIdentifier(rule))
        }

        mutating func remove(_ flow: RowIdentifier?) {
            guard let flow else { return }
            rows.remove(SB.LogicalFlow.self, RowUUID(high: flow.high, low: flow.low))
        }

        mutating func follow(_ change: DropCounts.Change) {
            dropping.follow(change, in: rows.replica.withoutFlowNames)
        }

        /// The server is asked for what is missing, and answers.
        mutating func label() {
            let asked = dropping.unlabelled.sorted()
            let found = asked.compactMap { uuid in
                rows.replica[SB.LogicalFlow.self, uuid].map { (uuid, $0.externalIDs) }
            }
            dropping.label(asked, Dictionary(uniqueKeysWithValues: found))
        }

        var text: String {
            var names = FlowDirectory(rows.replica)
            names.former = { dropping[$0] }
            names.datapaths.merge(dropping.datapathNames) { present, _ in present }
            return drop.text(names)
        }
    }

    @Test func aRuleThatHasGoneIsStillNamed() {
        var network = Network()
        network.follow(DropCounts.Change(added: network.drop))
        #expect(network.dropping.unlabelled.count == 2)
        network.dropping.label(network.dropping.unlabelled.sorted(), [:])
        #expect(network.dropping.unlabelled.count == 2, "nobody has answered")
        network.label()
        #expect(network.dropping.unlabelled.isEmpty)
        let before = network.text
        #expect(
            before.hasSuffix(
                ", after ls_in_acl_eval priority=2001, match=(ip4), from ACL 1a2b3c4d on \"s1\""))
        network.remove(network.drop.decision)
        #expect(
            network.text.hasSuffix(
                ", after ls_in_acl_eval priority=2001, match=(ip4) (deleted), "
                    + "from ACL 1a2b3c4d on \"s1\""))
        network.remove(network.drop.flow)
        #expect(network.text.contains("table=11(ls_in_acl_action), priority=1000, match=("))
        #expect(network.text.contains(" (deleted), after ls_in_acl_eval priority=2001, "))
        network.rows.remove(SB.DatapathBinding.self, network.s1)
        #expect(network.text.contains("datapath=\"s1\", "), "its switch has gone too")
        #expect(network.text.hasSuffix(", from ACL 1a2b3c4d on \"s1\""))
    }

    /// What nobody has counted when the flow went says only that it has gone.
    @Test func aFlowThatWasGoneBeforeIsUnknown() {
        var network = Network()
        network.remove(network.drop.flow)
        network.remove(network.drop.decision)
        network.follow(DropCounts.Change(added: network.drop))
        #expect(network.dropping.unlabelled.isEmpty)
        #expect(network.text.hasSuffix(" (deleted)"))
        #expect(!network.text.contains("from ACL"))
    }

    /// A flow is forgotten with the last count that names it.
    @Test func flowsAreKeptAsLongAsTheirCounts() {
        var network = Network()
        let other = PacketDrop(.flow, stage: network.drop.stage, flow: network.drop.flow)
        network.follow(DropCounts.Change(added: network.drop))
        network.follow(DropCounts.Change(added: other))
        #expect(network.dropping.count == 2)
        let next = PacketDrop(.noOutport, stage: network.drop.stage)
        network.follow(DropCounts.Change(added: next, removed: [network.drop]))
        #expect(network.dropping.count == 1)
        #expect(network.dropping[RowIdentifier(network.rule)] == nil)
        #expect(network.drop.flow.flatMap { network.dropping[$0] } != nil)
        network.follow(DropCounts.Change(added: next, removed: [other]))
        network.follow(DropCounts.Change(added: PacketDrop(.noOutport), removed: [next, next]))
        #expect(network.dropping.count == 0)
        #expect(network.dropping.datapathNames.isEmpty)
        #expect(network.dropping.unlabelled.isEmpty)
    }
}

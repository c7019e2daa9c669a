import Datapath
import Testing
import Wire

@testable import AgentCore

/// The self-check agrees with flows that are right, and sees each way in which one can be wrong.
@Suite struct MegaflowCheckTests {
    private static func flows() -> (TranslationSnapshot, [Megaflow]) {
        let snapshot = SwitchTranslationTests.network().snapshot()
        var host = Host(snapshot, ports: SwitchTranslationTests.ports)
        _ = host.receive(Frames.udp(Frames.a, Frames.b), on: 1)
        _ = host.receive(Frames.udp(Frames.a, Frames.c), on: 1)
        _ = host.receive(Frames.arpRequest(Frames.a, "10.0.0.1", "10.0.0.9"), on: 1)
        return (snapshot, host.table.entries.values.map(\.flow))
    }

    private static func check(
        _ flow: Megaflow, _ snapshot: TranslationSnapshot, _ random: inout SeededGenerator
    ) -> MegaflowCheck.Difference? {
        var translator = Translator()
        let key = MegaflowCheck.packet(in: flow, using: &random)
        #expect(key.masked(by: flow.mask) == flow.key.masked(by: flow.mask))
        let translation = translator.translate(
            TranslationInput(key: key, frame: nil, upcallPort: Host.upcallPort), in: snapshot)
        return MegaflowCheck.difference(flow, from: translation)
    }

    @Test func flowsOfTheSnapshotHold() {
        let (snapshot, flows) = Self.flows()
        var random = SeededGenerator(seed: 1)
        #expect(flows.count == 3)
        for flow in flows {
            for _ in 0..<20 { #expect(Self.check(flow, snapshot, &random) == nil) }
        }
    }

    @Test func otherActionsAreSeen() {
        let (snapshot, flows) = Self.flows()
        var random = SeededGenerator(seed: 2)
        for var flow in flows {
            flow.actions = []
            #expect(Self.check(flow, snapshot, &random) == .actions)
        }
    }

    /// A flow that compares too little serves packets that belong to another one.
    @Test func aWideMaskIsSeen() {
        let (snapshot, flows) = Self.flows()
        var random = SeededGenerator(seed: 3)
        for var flow in flows {
            flow.mask[wide: .ethernetDestination] = 0
            #expect(Self.check(flow, snapshot, &random) != nil)
        }
    }

    private static func examine(
        _ flow: Megaflow, _ snapshot: TranslationSnapshot, _ random: inout SeededGenerator
    ) -> MegaflowCheck.Finding? {
        var translator = Translator()
        return MegaflowCheck.examine(flow, using: &random) { key in
            translator.translate(
                TranslationInput(key: key, frame: nil, upcallPort: Host.upcallPort),
                in: snapshot)
        }
    }

    /// A flow stays when the tables change and its packets are answered as before, although they are
    /// asked for more now: that is no difference.
    @Test func aQuestionWithOneAnswerIsNoDifference() throws {
        let control = SwitchTranslationTests.network()
        var host = Host(control.snapshot(), ports: SwitchTranslationTests.ports)
        _ = host.receive(Frames.udp(Frames.a, Frames.b), on: 1)
        let flow = try #require(host.table.entries.values.first).flow
        for (table, priority) in [(0, UInt16(60_000)), (1, 60_000)] {
            control.flow(1, .egress, table, priority, "ip.ttl == {5, 64} && ip4", "next;")
        }
        control.flow(1, .egress, 0, 59_999, "ip4", "next;")
        let snapshot = control.snapshot()
        var random = SeededGenerator(seed: 5)
        for _ in 0..<20 {
            let finding = Self.examine(flow, snapshot, &random)
            #expect(finding == nil, "\(String(describing: finding))")
        }
    }

    /// If only some of its packets are answered otherwise, one of many shows it.
    @Test func aPacketThatGetsSomethingElseIsADifference() throws {
        let (snapshot, flows) = Self.flows()
        var random = SeededGenerator(seed: 6)
        for var flow in flows {
            flow.mask[wide: .ethernetDestination] = 0
            #expect(Self.examine(flow, snapshot, &random) != nil)
        }
        for flow in flows { #expect(Self.examine(flow, snapshot, &random) == nil) }
    }

    @Test func aPortThatIsGoneIsSeen() {
        let flows = Self.flows().1
        let control = SwitchTranslationTests.network()
        control.view.inputs[1] = nil
        var random = SeededGenerator(seed: 4)
        let snapshot = control.snapshot()
        for flow in flows { #expect(Self.check(flow, snapshot, &random) != nil) }
    }
}

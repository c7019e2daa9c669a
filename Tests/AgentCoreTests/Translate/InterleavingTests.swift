import Datapath
import Pipeline
import Testing
import Wire

@testable import AgentCore

/// Two packets are translated and put while the snapshot is swapped twice: in every order of the
/// steps, the kernel ends with flows that a fresh translation would make.
@Suite struct InterleavingTests {
    private enum Step: CaseIterable {
        case translateFirst, addFirst
        case translateSecond, addSecond
        case swapFirst, checkFirst
        case swapSecond, checkSecond
        /// Part of the commands reach the kernel.
        case flush

        /// Steps of one chain keep their order.
        static let chains: [[Step]] = [
            [.translateFirst, .addFirst], [.translateSecond, .addSecond],
            [.swapFirst, .checkFirst, .flush, .swapSecond, .checkSecond],
        ]
    }

    private struct World: ~Copyable {
        var kernel = ModelDatapath(ports: SwitchTranslationTests.ports)
        var translator = Translator()
        var table: MegaflowTable
        var made: [Int: (Translation, FlowKey, TranslationSnapshot)] = [:]
        var queue: [FlowCommand] = []
        let snapshots: [TranslationSnapshot]
        let frames: [[UInt8]]

        init(_ snapshots: [TranslationSnapshot], _ frames: [[UInt8]]) {
            self.snapshots = snapshots
            self.frames = frames
            table = MegaflowTable(epoch: 1, snapshot: snapshots[0])
        }

        mutating func take(_ step: Step) throws {
            switch step {
            case .translateFirst: translate(0)
            case .translateSecond: translate(1)
            case .addFirst: add(0)
            case .addSecond: add(1)
            case .swapFirst: table.swap(to: snapshots[1])
            case .swapSecond: table.swap(to: snapshots[2])
            case .checkFirst, .checkSecond: check()
            case .flush: try flush()
            }
        }

        mutating func translate(_ index: Int) {
            let input = SwitchTranslationTests.input(frames[index], on: 1)
            let snapshot = table.snapshot
            made[index] = (translator.translate(input, in: snapshot), input.key, snapshot)
        }

        mutating func add(_ index: Int) {
            for _ in 0..<3 {
                guard let (translation, key, snapshot) = made[index] else { return }
                switch table.add(translation, key: key, under: snapshot, now: 0) {
                case .put(let flow): queue.append(.put(flow))
                case .stale:
                    translate(index)
                    continue
                case .present, .refused: break
                }
                return
            }
        }

        mutating func check() {
            for id in table.unchecked.sorted() {
                guard let key = table.entries[id]?.flow.key else { continue }
                let translation = translator.translate(
                    TranslationInput(key: key, frame: nil, upcallPort: Host.upcallPort),
                    in: table.snapshot)
                if let command = table.check(id, translation) { queue.append(command) }
            }
        }

        /// The kernel takes commands in order; a refused put is forgotten.
        mutating func flush() throws {
            for command in queue {
                switch command {
                case .put(let flow):
                    do { try kernel.put(flow) } catch { _ = flow.id.map { table.forget($0) } }
                case .modify(let id, let actions):
                    if table.entries[id] != nil { try kernel.modify(id, actions: actions) }
                case .delete(let id): _ = try? kernel.delete(id)
                }
            }
            queue = []
        }

        /// Flows that are not what they should be.
        mutating func wrong() -> [String] {
            var result: [String] = []
            for flow in kernel.dump() {
                let translation = translator.translate(
                    TranslationInput(key: flow.key, frame: nil, upcallPort: Host.upcallPort),
                    in: table.snapshot)
                if flow.actions != translation.actions {
                    result.append(FlowText().line(flow, now: 0))
                }
            }
            if Set(kernel.dump().compactMap(\.id)) != Set(table.entries.keys) {
                result.append("kernel and table differ")
            }
            return result
        }
    }

    /// All ways to merge the chains.
    private static func merges(_ chains: [[Step]]) -> [[Step]] {
        if chains.allSatisfy(\.isEmpty) { return [[]] }
        return chains.indices.flatMap { index -> [[Step]] in
            guard let first = chains[index].first else { return [] }
            var rest = chains
            rest[index].removeFirst()
            return merges(rest).map { [first] + $0 }
        }
    }

    /// The changes: where a port is, what tables say, and one that takes another back.
    private enum Scenario: CaseIterable {
        case ports, flows, thereAndBack

        func edit(_ control: Control, _ round: Int) {
            switch (self, round) {
            case (.ports, 0): control.port("p3", 1, 3, .nowhere)
            case (.ports, _): control.port("p2", 1, 2, .here(vport: 3))
            case (.flows, 0):
                control.flow(
                    1, .ingress, 1, 60, "eth.dst == 0a:00:00:00:00:02 && udp.dst == 99", "drop;")
            case (.flows, _):
                control.flow(1, .ingress, 0, 60, "eth.src == 0a:00:00:00:00:01", "drop;")
            case (.thereAndBack, 0): control.port("p2", 1, 2, .nowhere)
            case (.thereAndBack, _): control.port("p2", 1, 2, .here(vport: 2))
            }
        }
    }

    @Test(arguments: Scenario.allCases)
    private func everyOrderEndsRight(scenario: Scenario) throws {
        let control = SwitchTranslationTests.network()
        var snapshots = [control.snapshot()]
        for round in 0..<2 {
            scenario.edit(control, round)
            snapshots.append(control.snapshot())
        }
        let frames = [
            Frames.udp(Frames.a, Frames.b), Frames.udp(Frames.a, .broadcast),
        ]
        let orders = Self.merges(Step.chains)
        #expect(orders.count == 756)
        for order in orders {
            var world = World(snapshots, frames)
            for step in order { try world.take(step) }
            world.check()
            try world.flush()
            let wrong = world.wrong()
            guard wrong.isEmpty else {
                Issue.record("\(scenario) \(order): \(wrong)")
                return
            }
        }
    }
}

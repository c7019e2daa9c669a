import Datapath
import Linux
import Synchronization
import Testing

@testable import Agent
@testable import AgentCore
@testable import Netlink

/// What the datapath thread does when it does not know what the kernel did.
@Suite struct DoubtTests {
    private static let toB = Wiring.frame(from: Wiring.a, to: Wiring.b)
    private static let toC = Wiring.frame(from: Wiring.a, to: Wiring.c)

    private final class Told: Sendable {
        private let reports = Mutex<[DatapathReport]>([])

        func note(_ report: DatapathReport) { reports.withLock { $0.append(report) } }

        var acknowledged: [UInt64] {
            reports.withLock {
                $0.compactMap { if case .acknowledged(let revision) = $0 { revision } else { nil } }
            }
        }
        var problems: [String] {
            reports.withLock {
                $0.compactMap { if case .problem(let text) = $0 { text } else { nil } }
            }
        }
        var diverged: Int {
            reports.withLock {
                $0.reduce(0) { if case .diverged(let found) = $1 { $0 + found.count } else { $0 } }
            }
        }
    }

    /// A run with a flow from a to b, and what it tells from now on.
    private func start(_ machine: Machine) -> (run: DatapathLoop, told: Told) {
        let run = machine.run()
        #expect(machine.receive(Self.toB, on: 1, run) == [2])
        let told = Told()
        run.report = { told.note($0) }
        _ = machine.flows.takeOperations()
        return (run, told)
    }

    /// From the next operation on exchanges break, so many times.
    private func breakExchanges(_ machine: Machine, afterDoing number: Int = 0, times: Int = 1) {
        var left = times
        machine.flows.fault = { _ in
            left -= 1
            return left < 0 ? nil : .breaks(afterDoing: number)
        }
    }

    /// The port of b's packets is another one from now on.
    private func move(_ machine: Machine, _ run: DatapathLoop, to port: UInt32) {
        machine.wiring.port("b", 2, here: port)
        run.install(machine.wiring.snapshot(), isComplete: true)
    }

    private func expectAgreement(_ machine: Machine, _ run: DatapathLoop) throws {
        #expect(!run.doubt.isOpen)
        let table = try #require(run.table)
        #expect(table.dying.isEmpty)
        #expect(machine.identifiers == Set(table.entries.keys.map(Optional.some)))
        for flow in machine.flows.kernel.dump() {
            #expect(run.check(flow, table.snapshot) == nil)
        }
    }

    @Test(arguments: [0, 1]) func aChangeThatWasLostIsMadeAtOnce(_ done: Int) throws {
        let machine = try Machine()
        let (run, told) = start(machine)
        breakExchanges(machine, afterDoing: done)
        move(machine, run, to: 3)
        try expectAgreement(machine, run)
        #expect(machine.receive(Self.toB, on: 1, run) == [3])
        #expect(told.acknowledged == [2])
        #expect(told.problems.count == 1)
        #expect(told.diverged == 0, "nobody else has done that")
    }

    @Test(arguments: [0, 1]) func aFlowThatWasToGoGoes(_ done: Int) throws {
        let machine = try Machine()
        machine.wiring.track()
        let (run, told) = start(machine)
        #expect(run.table?.frozenNumbers.count == 1)
        breakExchanges(machine, afterDoing: done)
        _ = run.answer(.purge)
        try expectAgreement(machine, run)
        #expect(machine.flows.kernel.flowCount == 0)
        #expect(run.table?.frozenNumbers.isEmpty == true)
        #expect(told.diverged == 0)
    }

    @Test(arguments: [0, 1]) func aFlowThatWasLostIsMadeByTheNextPacket(_ done: Int) throws {
        let machine = try Machine()
        let (run, _) = start(machine)
        // The packet itself is in an exchange before.
        machine.wiring.port("c", 3, here: 3)
        run.install(machine.wiring.snapshot(), isComplete: true)
        machine.flows.fault = {
            if case .put = $0 { .breaks(afterDoing: done) } else { nil }
        }
        #expect(machine.receive(Self.toC, on: 1, run) == [3])
        machine.flows.fault = { _ in nil }
        try expectAgreement(machine, run)
        #expect(machine.receive(Self.toC, on: 1, run) == [3])
        #expect(machine.flows.kernel.flowCount == 2)
        #expect(run.table?.count == 2)
    }

    /// What was known of the operations before the break is not lost.
    @Test func outcomesBeforeABreakCount() throws {
        let machine = try Machine()
        let run = machine.run()
        for _ in 0..<3 { machine.receive(Self.toC, on: 1, run) }
        for _ in 0..<3 { machine.receive(Self.toB, on: 1, run) }
        #expect(run.counters.drops.values.reduce(0, +) == 1, "the packet that came up")
        var asked = 0
        machine.flows.fault = { _ in
            asked += 1
            return asked == 2 ? .breaks(afterDoing: 1) : nil
        }
        _ = run.answer(.purge)
        #expect(run.counters.drops.values.reduce(0, +) == 3)
        try expectAgreement(machine, run)
    }

    /// The kernel would go on with the old actions.
    @Test(arguments: [ErrorCode.outOfMemory, .invalid, .noSuchEntry])
    func aFlowThatMayNotBeChangedGoes(_ code: ErrorCode) throws {
        let machine = try Machine()
        let (run, told) = start(machine)
        if code == .noSuchEntry {
            for flow in machine.flows.kernel.dump() {
                try flow.id.map { _ = try machine.flows.kernel.delete($0) }
            }
        }
        machine.flows.fault = {
            if case .put(let put) = $0, put.mode == .replace { .refuses(code) } else { nil }
        }
        move(machine, run, to: 3)
        #expect(machine.flows.kernel.flowCount == 0)
        try expectAgreement(machine, run)
        #expect(told.acknowledged == [2])
        #expect(machine.receive(Self.toB, on: 1, run) == [3])
    }

    @Test func aDeletionThatIsRefusedIsTriedAgain() throws {
        let machine = try Machine()
        let (run, _) = start(machine)
        var refusals = 1
        machine.flows.fault = {
            guard case .delete = $0, refusals > 0 else { return nil }
            refusals -= 1
            return .refuses(.outOfMemory)
        }
        _ = run.answer(.purge)
        try expectAgreement(machine, run)
        #expect(machine.flows.kernel.flowCount == 0)
    }

    /// As long as it isn't known what the kernel has, nothing is said to be in force, and the kernel is
    /// not asked without end.
    @Test func nothingIsAcknowledgedInDoubt() throws {
        let machine = try Machine()
        let (run, told) = start(machine)
        var now = run.now
        run.clock = { now }
        machine.flows.listFailure = ModelFlows.broken
        var lists = 0
        machine.flows.failsList = {
            lists += 1
            return false
        }
        breakExchanges(machine)
        move(machine, run, to: 3)
        move(machine, run, to: 2)
        move(machine, run, to: 3)
        for _ in 0..<60_000 {
            now += 1
            run.settle()
        }
        #expect(told.acknowledged == [])
        #expect(run.doubt.isOpen)
        #expect((10...30).contains(lists))
        #expect(!run.reviewFlows(), "no flow is said to be gone")
        #expect(told.diverged == 0)

        machine.flows.listFailure = nil
        now += FlowDoubt.Limits.longestPause
        run.settle()
        try expectAgreement(machine, run)
        #expect(told.acknowledged == [4])
        #expect(machine.receive(Self.toB, on: 1, run) == [3])
        // The next time it is asked at once again.
        now += 1000
        breakExchanges(machine)
        move(machine, run, to: 2)
        #expect(told.acknowledged == [4, 5])
    }

    @Test func correctionsMayBreakToo() throws {
        let machine = try Machine()
        let (run, told) = start(machine)
        var now = run.now
        run.clock = { now }
        breakExchanges(machine, times: 4)
        move(machine, run, to: 3)
        #expect(told.acknowledged == [])
        for _ in 0..<4 {
            now += 1000
            run.settle()
        }
        try expectAgreement(machine, run)
        #expect(told.acknowledged == [2])
    }

    @Test func aMeterThatWasLostIsMadeBeforeAnythingIsAcknowledged() throws {
        let machine = try Machine()
        let (run, told) = start(machine)
        var now = run.now
        run.clock = { now }
        let rate = MeterRate(.packetsPerSecond, rate: 10, burst: 0)
        let made = run.translator.meters.number(.named("m"), rate)
        let number = try #require(made)
        machine.flows.meterFailure = ModelFlows.broken
        move(machine, run, to: 3)
        #expect(told.acknowledged == [])
        machine.flows.meterFailure = nil
        now += 1000
        run.settle()
        #expect(machine.flows.meters == [number: rate])
        #expect(told.acknowledged == [2])
    }

    @Test func adoptionMayBreakToo() throws {
        let machine = try Machine()
        machine.receive(Self.toB, on: 1, machine.run())
        machine.receive(Self.toC, on: 1, machine.run())
        let foreign = FlowID(high: 7, low: 7)
        let mask = FlowMask(exact: [.recirculationID, .inputPort])
        let key = machine.upcallKey(of: Self.toB, on: 2).masked(by: mask)
        try machine.flows.kernel.put(
            Megaflow(id: foreign, key: key, mask: mask, actions: [.output(3)]))
        machine.wiring.port("b", 2, here: 3)
        breakExchanges(machine)
        let run = machine.start()
        let told = Told()
        run.report = { told.note($0) }
        run.install(machine.wiring.snapshot(), isComplete: true)
        try expectAgreement(machine, run)
        #expect(told.acknowledged.count == 1)
        #expect(machine.flows.kernel.flow(foreign) == nil)
    }
}

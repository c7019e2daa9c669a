import AgentCore
import Datapath
import Synchronization
import Testing
import Wire

@testable import Agent
@testable import Netlink

/// The self-check of flows and meters, on the model of the kernel: what another program does to them
/// is found, told and put right.
@Suite struct SweepTests {
    private static let toB = Wiring.frame(from: Wiring.a, to: Wiring.b)
    private static let toC = Wiring.frame(from: Wiring.a, to: Wiring.c)

    private final class Findings: Sendable {
        private let found = Mutex<[Divergence]>([])

        func note(_ report: DatapathReport) {
            guard case .diverged(let more) = report else { return }
            found.withLock { $0 += more }
        }

        /// Since it was asked last.
        func take() -> [Divergence.Kind] {
            found.withLock { found in
                defer { found = [] }
                return found.map(\.kind)
            }
        }
    }

    private func start(_ machine: Machine) throws -> (DatapathLoop, Findings) {
        let run = machine.run()
        let findings = Findings()
        run.report = { findings.note($0) }
        #expect(machine.receive(Self.toB, on: 1, run) == [2])
        machine.receive(Self.toC, on: 1, run)
        #expect(machine.flows.kernel.flowCount == 2)
        _ = machine.flows.takeOperations()
        return (run, findings)
    }

    private func flow(to port: UInt32, _ machine: Machine) throws -> FlowID {
        try #require(
            machine.flows.kernel.dump().first { $0.actions == [.output(port)] }?.id ?? nil)
    }

    @Test func whatIsAsItWasPutStays() throws {
        let machine = try Machine()
        let (run, findings) = try start(machine)
        for _ in 0..<3 { run.sweepFlows() }
        run.reviewFlows()
        #expect(findings.take() == [])
        #expect(machine.flows.takeOperations().isEmpty)
    }

    /// The kernel compares whole outer addresses even where a flow asks for none of it, and is given
    /// them with the packet's key, which the table does not keep.
    @Test func whatTheKernelComparesBesidesIsNoFinding() throws {
        let machine = try Machine()
        let (run, findings) = try start(machine)
        let id = try flow(to: 2, machine)
        var flow = try #require(machine.flows.kernel.flow(id))
        _ = try machine.flows.kernel.delete(id)
        let key = machine.upcallKey(of: Self.toB, on: 1)
        flow.mask[wide: .ipv4Source] = 0xffff_ffff
        flow.key = key.masked(by: flow.mask)
        try machine.flows.kernel.put(flow)
        run.sweepFlows()
        #expect(findings.take() == [])
        #expect(machine.identifiers.contains(id))
    }

    @Test func aFlowThatWasTakenAwayIsToldAndMadeAnew() throws {
        let machine = try Machine()
        let (run, findings) = try start(machine)
        _ = try machine.flows.kernel.delete(flow(to: 2, machine))
        // A flow counts as gone only if it was there before the list began.
        let deadline = run.now + 2
        while run.now <= deadline {}
        run.reviewFlows()
        #expect(findings.take() == [.flowGone])
        #expect(machine.receive(Self.toB, on: 1, run) == [2])
        #expect(machine.flows.kernel.flowCount == 2)
        run.reviewFlows()
        #expect(findings.take() == [])
    }

    @Test func aFlowThatWasAlteredDoesAgainWhatItShould() throws {
        let machine = try Machine()
        let (run, findings) = try start(machine)
        try machine.flows.kernel.modify(flow(to: 2, machine), actions: [.output(3)])
        #expect(machine.receive(Self.toB, on: 1, run) == [3])
        run.sweepFlows()
        #expect(findings.take() == [.flowAltered])
        #expect(machine.receive(Self.toB, on: 1, run) == [2])
        run.sweepFlows()
        #expect(findings.take() == [])
    }

    /// A flow under our identifier that another program has put for other packets.
    @Test func aFlowOfOtherPacketsGoes() throws {
        let machine = try Machine()
        let (run, findings) = try start(machine)
        let id = try flow(to: 2, machine)
        var flow = try #require(machine.flows.kernel.flow(id))
        _ = try machine.flows.kernel.delete(id)
        flow.mask = FlowMask(exact: [.recirculationID, .inputPort])
        flow.key = flow.key.masked(by: flow.mask)
        try machine.flows.kernel.put(flow)
        run.sweepFlows()
        #expect(findings.take() == [.flowAltered])
        #expect(!machine.identifiers.contains(id))
        #expect(machine.receive(Self.toC, on: 1, run) == [])
        #expect(machine.receive(Self.toB, on: 1, run) == [2])
    }

    @Test func flowsOfOthersGo() throws {
        let machine = try Machine()
        let (run, findings) = try start(machine)
        let mask = FlowMask(exact: [.recirculationID, .inputPort])
        let key = machine.upcallKey(of: Wiring.frame(from: Wiring.b, to: Wiring.a), on: 2)
        let foreign = FlowID(high: 7, low: 7)
        try machine.flows.kernel.put(
            Megaflow(id: foreign, key: key.masked(by: mask), mask: mask, actions: [.output(3)]))
        run.sweepFlows()
        #expect(findings.take() == [.flowOfOthers])
        #expect(!machine.identifiers.contains(foreign))
        #expect(machine.flows.kernel.flowCount == 2)
        // One without an identifier can't be deleted alone; packets bring the others back.
        try machine.flows.kernel.put(
            Megaflow(id: nil, key: key.masked(by: mask), mask: mask, actions: [.output(3)]))
        run.sweepFlows()
        #expect(findings.take() == [.flowOfOthers])
        #expect(machine.flows.kernel.flowCount == 0)
        run.reviewFlows()
        #expect(findings.take() == [], "they were not taken away by others")
        #expect(machine.receive(Self.toB, on: 1, run) == [2])
    }

    @Test func aMeterThatWasTakenAwayIsThereAgain() throws {
        let machine = try Machine()
        let run = machine.run()
        let findings = Findings()
        run.report = { findings.note($0) }
        let rate = MeterRate(.packetsPerSecond, rate: 10, burst: 0)
        let made = run.translator.meters.number(.named("m"), rate)
        let number = try #require(made)
        run.makeMeters()
        run.sweepMeters()
        #expect(findings.take() == [])
        try machine.flows.deleteMeter(number)
        run.sweepMeters()
        #expect(findings.take() == [.meterGone])
        #expect(machine.flows.meters == [number: rate])
    }
}

/// Which ports of the kernel are not as they were served.
@Suite struct PortReviewTests {
    private func port(
        _ name: String, _ number: UInt32, index: Int32, socket: UInt32 = 9,
        kind: KernelPort.Kind = .device
    ) -> KernelPort {
        KernelPort(
            datapathIndex: 1, number: number, name: name, kind: kind, interfaceIndex: index,
            upcallSockets: [socket], statistics: PortStatistics())
    }

    private func review(
        _ present: [KernelPort], devices: [String: Int32] = ["a": 5, "b": 6]
    ) -> PortReview {
        let served = [port("a", 1, index: 5), port("b", 2, index: 6)]
        return PortReview(
            served: served, known: ["a", "b"], present: present, devices: devices)
    }

    @Test func whatIsAsItWasServedIsNoFinding() {
        let review = review([port("a", 1, index: 5), port("b", 2, index: 6)])
        #expect(review.lost.isEmpty && review.redirected.isEmpty && review.foreign.isEmpty)
    }

    @Test func aPortThatWasTakenOutIsToldFromADeviceThatWent() {
        let taken = review([port("b", 2, index: 6)])
        #expect(taken.lost.map(\.name) == ["a"])
        #expect(taken.taken == ["a"])
        let gone = review([port("b", 2, index: 6)], devices: ["b": 6])
        #expect(gone.lost.map(\.name) == ["a"])
        #expect(gone.taken.isEmpty)
        let madeAnew = review([port("b", 2, index: 6)], devices: ["a": 15, "b": 6])
        #expect(madeAnew.lost.map(\.name) == ["a"])
        #expect(madeAnew.taken.isEmpty)
    }

    @Test func otherNumbersSocketsAndPortsAreSeen() {
        let review = review([
            port("a", 4, index: 5), port("b", 2, index: 6, socket: 77), port("c", 3, index: 7),
        ])
        #expect(review.lost.map(\.number) == [1])
        #expect(review.redirected.map(\.name) == ["b"])
        #expect(review.redirected.map(\.upcallSockets) == [[9]], "where its misses go again")
        #expect(review.foreign.map(\.name) == ["c"])
    }
}

import Datapath
import Linux
import Netlink
import Pipeline
import Synchronization
import Testing
import Wire

@testable import Agent
@testable import AgentCore
@testable import Netlink

/// An agent that starts on a datapath where flows are already: those of its earlier runs, of
/// other programs, of nobody.
@Suite struct AdoptionTests {
    private static let toB = Wiring.frame(from: Wiring.a, to: Wiring.b)
    private static let toC = Wiring.frame(from: Wiring.a, to: Wiring.c)
    private static let fromB = Wiring.frame(from: Wiring.b, to: Wiring.a)

    @Test func whatIsRightIsKeptAndGoesOnCounting() throws {
        let machine = try Machine()
        let first = machine.run()
        #expect(machine.receive(Self.toB, on: 1, first) == [2])
        machine.receive(Self.toC, on: 1, first)
        for _ in 0..<3 {
            machine.receive(Self.toB, on: 1, first)
            machine.receive(Self.toC, on: 1, first)
        }
        first.reviewFlows()
        let before = machine.flows.kernel.dump()
        #expect(before.count == 2)
        // The packet that came up was counted as it was translated.
        #expect(first.counters.drops.values.reduce(0, +) == 4)
        _ = machine.flows.takeOperations()

        let second = machine.run()
        #expect(machine.flows.takeOperations().isEmpty)
        #expect(machine.flows.kernel.dump() == before)
        second.reviewFlows()
        #expect(second.counters.drops.isEmpty, "the first run has counted those")
        for _ in 0..<2 {
            #expect(machine.receive(Self.toB, on: 1, second) == [2])
            #expect(machine.receive(Self.toC, on: 1, second) == [])
        }
        second.reviewFlows()
        #expect(machine.flows.takeOperations().isEmpty, "no packet came up, no flow was touched")
        #expect(second.counters.drops.values.map(\.self) == [2])
        #expect(machine.flows.kernel.dump().map(\.statistics.packets) == [5, 5])
    }

    @Test func whatThePresentPipelineDoesOtherwiseIsCorrected() throws {
        let machine = try Machine()
        let first = machine.run()
        for (frame, port) in [(Self.toB, 1), (Self.toC, 1), (Self.fromB, 2)] as [([UInt8], UInt32)]
        {
            machine.receive(frame, on: port, first)
        }
        let before = Dictionary(
            uniqueKeysWithValues: machine.flows.kernel.dump().map { ($0.id, $0) })
        #expect(before.count == 3)
        // While no agent runs, c comes to this host, and b's packets are told apart by their port.
        machine.wiring.port("c", 3, here: 3)
        machine.wiring.flow(.ingress, 1, 80, "inport == \"b\" && udp.dst == 53", "drop;")
        _ = machine.flows.takeOperations()

        let second = machine.run()
        let after = machine.flows.kernel.dump()
        #expect(after.count == 2, "the flow of b compared too little")
        #expect(Set(after.map(\.id)).isSubset(of: Set(before.keys)))
        #expect(after.map(\.actions).contains([.output(3)]))
        let told = machine.flows.takeOperations().map { operation in
            switch operation {
            case .put(let put): put.mode == .replace ? "modify" : "put"
            case .delete: "delete"
            case .execute: "execute"
            }
        }
        #expect(told.sorted() == ["delete", "modify"])
        #expect(machine.receive(Self.toC, on: 1, second) == [3])
        #expect(machine.receive(Self.toB, on: 1, second) == [2])
        #expect(machine.flows.takeOperations().isEmpty, "both were served by adopted flows")
        #expect(machine.receive(Self.fromB, on: 2, second) == [])
        #expect(machine.flows.kernel.flowCount == 3)
    }

    /// Flows of another program stay until everything is known, and go in one pass then.
    @Test func flowsOfOthersStayUntilTheFirstCompleteSnapshot() throws {
        let machine = try Machine()
        let foreign = FlowID(high: 7, low: 1)
        var flow = Self.flow(foreign, to: Wiring.b, [.output(2)])
        try machine.flows.kernel.put(flow)
        let run = machine.start()
        run.install(machine.wiring.snapshot(), isComplete: false)
        #expect(machine.identifiers == [foreign])
        #expect(machine.receive(Self.toB, on: 1, run) == [2])
        #expect(machine.flows.takeOperations().isEmpty)

        run.install(machine.wiring.snapshot(), isComplete: true)
        #expect(machine.flows.kernel.flowCount == 0)
        #expect(machine.receive(Self.toB, on: 1, run) == [2])
        #expect(MegaflowIdentity.epoch(of: machine.flows.kernel.dump().first?.id) != nil)
        // What comes later is the self-check's affair.
        flow = Self.flow(foreign, to: Wiring.c, [.output(3)])
        try machine.flows.kernel.put(flow)
        run.reviewFlows()
        #expect(machine.identifiers.contains(foreign))
    }

    /// A flow without an identifier can't be told from others nor deleted alone.
    @Test func aFlowWithoutAnIdentifierClearsTheTable() throws {
        let machine = try Machine()
        machine.receive(Self.toC, on: 1, machine.run())
        try machine.flows.kernel.put(Self.flow(nil, to: Wiring.b, [.output(3)]))
        let run = machine.run()
        #expect(machine.flows.kernel.flowCount == 0)
        #expect(machine.receive(Self.toB, on: 1, run) == [2])
    }

    /// Runs that start within one second, or after the clock went back, don't share identifiers.
    @Test func aRunInTheSameSecondMakesOtherIdentifiers() throws {
        let machine = try Machine()
        machine.receive(Self.toB, on: 1, machine.run())
        let adopted = machine.identifiers
        let run = machine.run()
        machine.receive(Self.toC, on: 1, run)
        machine.receive(Self.fromB, on: 2, run)
        #expect(machine.identifiers.count == 3)
        #expect(machine.identifiers.isSuperset(of: adopted))
        #expect(run.table?.count == 3)
        #expect(run.counters.refusedPuts == 0)
    }

    /// Recirculation numbers of an earlier run mean nothing to this one: what emits them is made
    /// anew or goes, and none is given a second meaning.
    @Test func unknownRecirculationsGo() throws {
        let machine = try Machine()
        let identity = MegaflowIdentity.magic
        var later = Self.flow(
            FlowID(high: UInt64(identity) << 32 | 5, low: 2), to: Wiring.b, [.output(3)])
        later.key[.recirculationID] = 9
        later.mask.setExact(.recirculationID)
        try machine.flows.kernel.put(later)
        try machine.flows.kernel.put(
            Self.flow(
                FlowID(high: UInt64(identity) << 32 | 5, low: 1), to: Wiring.b,
                [.recirculate(9)]))
        let run = machine.run()
        #expect(!machine.identifiers.contains(later.id))
        #expect(machine.receive(Self.toB, on: 1, run) == [2])
        let state = FrozenState(
            place: .table(LogicalStage(DatapathKey(1), Stage(.ingress, 1))),
            registers: [UInt64](repeating: 0, count: FlowKey.firstKernelWord))
        #expect(run.translator.frozen.intern(state, now: 0) == 10)
        // What packets meet first was put right first.
        let told = machine.flows.takeOperations().compactMap { operation in
            switch operation {
            case .put(let put): put.id.low
            case .delete(let id): id.low
            case .execute: nil
            }
        }
        #expect(told.prefix(2) == [1, 2])
    }

    /// Half a list would make orphans of the other half.
    @Test func nothingIsJudgedByHalfAList() throws {
        let machine = try Machine()
        let first = machine.run()
        machine.receive(Self.toB, on: 1, first)
        machine.receive(Self.toC, on: 1, first)
        let before = machine.flows.kernel.dump()
        _ = machine.flows.takeOperations()
        machine.flows.listFailure = NetlinkError("flow list", cause: .malformed("cut short"))

        let second = machine.start()
        let reports = Mutex<[String]>([])
        second.report = { report in
            reports.withLock {
                switch report {
                case .problem(let text): $0.append(text)
                case .acknowledged: $0.append("acknowledged")
                default: break
                }
            }
        }
        second.install(machine.wiring.snapshot(), isComplete: true)
        #expect(machine.flows.takeOperations().isEmpty)
        #expect(second.table == nil)
        #expect(reports.withLock { $0 }.allSatisfy { $0.contains("cut short") })
        machine.flows.listFailure = nil
        let isAdopted = try machine.loop.run(until: .now() + .seconds(60)) {
            second.table != nil
        }
        #expect(isAdopted)
        #expect(second.table?.count == 2)
        #expect(machine.flows.kernel.dump() == before)
        #expect(reports.withLock { $0.last } == "acknowledged")
    }

    /// A flow of an earlier run that turns up after the adoption belongs to nobody.
    @Test func whatWasNotAdoptedGoes() throws {
        let machine = try Machine()
        let run = machine.run()
        let stray = FlowID(high: UInt64(MegaflowIdentity.magic) << 32 | 5, low: 1)
        try machine.flows.kernel.put(Self.flow(stray, to: Wiring.b, [.output(3)]))
        run.reviewFlows()
        #expect(machine.flows.kernel.flowCount == 0)
    }

    private static func flow(
        _ id: FlowID?, to destination: MACAddress, _ actions: [DatapathAction]
    ) -> Megaflow {
        var key = FlowKey(of: Wiring.frame(from: Wiring.a, to: destination))
        key[.inputPort] = 1
        let mask = FlowMask(exact: [
            .recirculationID, .inputPort, .ethernetDestination, .ethernetType,
        ])
        return Megaflow(id: id, key: key.masked(by: mask), mask: mask, actions: actions)
    }
}

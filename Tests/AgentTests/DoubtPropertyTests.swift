import Datapath
import Glibc
import Linux
import Pipeline
import Testing
import Wire

@testable import Agent
@testable import AgentCore
@testable import Netlink

/// Exchanges with the kernel break and operations are refused at random places, while packets, the
/// configuration and the time do at random what they do. Whatever is acknowledged is true then, and once
/// the kernel behaves again it has what a fresh translation gives, and nothing is kept of what is gone.
@Suite struct DoubtPropertyTests {
    private static let isLong = getenv("OVN_LONG") != nil
    static let seeds = Array(UInt64(1)...(isLong ? 2000 : 16))
    private static let steps = 150

    @Test(arguments: seeds) func theKernelAgreesInTheEnd(_ seed: UInt64) throws {
        var world = try UnreliableWorld(seed: seed)
        for _ in 0..<Self.steps { try world.step() }
        world.calm()
        try world.expectAgreement()
        world.becomeIdle()
        world.expectNothing()
        #expect(world.faults > 0)
    }
}

private struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }

    mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }
}

/// Looks at the kernel whenever a run says that a revision is in force.
///
/// Unchecked: a run reports on the test's own thread.
private final class Witness: @unchecked Sendable {
    let machine: Machine
    unowned let run: DatapathLoop
    var last: UInt64 = 0

    init(_ machine: Machine, _ run: DatapathLoop) {
        self.machine = machine
        self.run = run
    }

    func hear(_ report: DatapathReport) {
        guard case .acknowledged(let revision) = report, let table = run.table else { return }
        last = revision
        #expect(revision <= table.snapshot.revision)
        for flow in machine.flows.kernel.dump() where MegaflowIdentity.epoch(of: flow.id) != nil {
            #expect(flow.id.map { table.entries[$0] != nil } == true)
            #expect(run.check(flow, table.snapshot) == nil)
        }
    }
}

private struct UnreliableWorld {
    private let machine: Machine
    private var run: DatapathLoop
    private var witness: Witness
    private let chance: Chance
    private let time: Time
    private var refusals: [UInt16: RowIdentifier] = [:]
    private var tracking: [RowIdentifier] = []

    private final class Time { var now: Milliseconds = 1_000_000 }

    /// What the model of the kernel asks, too.
    private final class Chance {
        var dice: Dice
        /// One in so many operations goes wrong; zero for none.
        var rate = 6
        var faults = 0

        init(_ seed: UInt64) { dice = Dice(state: seed) }

        func strikes(_ weight: Int = 1) -> Bool {
            guard rate > 0, dice.below(rate * weight) == 0 else { return false }
            faults += 1
            return true
        }
    }

    var faults: Int { chance.faults }

    init(seed: UInt64) throws {
        machine = try Machine()
        machine.wiring.port("c", 3, here: 3)
        let chance = Chance(seed)
        let time = Time()
        self.chance = chance
        self.time = time
        machine.flows.fault = { operation in
            guard chance.strikes() else { return nil }
            if chance.dice.below(2) == 0 { return .breaks(afterDoing: chance.dice.below(4)) }
            return .refuses(chance.dice.below(2) == 0 ? .outOfMemory : .invalid)
        }
        machine.flows.failsList = { chance.strikes(2) }
        run = machine.start()
        witness = Witness(machine, run)
        begin()
    }

    private func begin() {
        let (time, witness) = (self.time, self.witness)
        run.clock = { time.now }
        run.report = { witness.hear($0) }
        run.install(machine.wiring.snapshot(), isComplete: true)
    }

    mutating func step() throws {
        time.now += Milliseconds(chance.dice.below(300))
        switch chance.dice.below(20) {
        case 0...10: send()
        case 11...13: changeRules()
        case 14: moveC()
        case 15: changeTracking()
        case 16: run.keepBooks()
        case 17: run.settle()
        case 18: try interfere()
        default: restart()
        }
    }

    private func send() {
        let stations = [(Wiring.a, 1), (Wiring.b, 2), (Wiring.c, 3)]
        let (source, port) = stations[chance.dice.below(3)]
        let destination = stations[chance.dice.below(3)].0
        let frame = PacketBuilder.udp(
            EthernetHeader(destination: destination, source: source),
            .v4(source: IPv4Address(0x0a00_0001), destination: IPv4Address(0x0a00_0002)), ttl: 64,
            source: 1000, destination: UInt16(50 + chance.dice.below(6)), [1])
        machine.receive(frame, on: UInt32(port), run)
    }

    private mutating func changeRules() {
        let port = UInt16(50 + chance.dice.below(6))
        if let rule = refusals.removeValue(forKey: port) {
            machine.wiring.builder.remove(rule)
        } else {
            refusals[port] = machine.wiring.flow(
                .ingress, 1, 80, "udp.dst == \(port)", "drop;")
        }
        install()
    }

    private func moveC() {
        machine.wiring.port("c", 3, here: chance.dice.below(2) == 0 ? 3 : 2)
        install()
    }

    private mutating func changeTracking() {
        if tracking.isEmpty {
            tracking = [
                machine.wiring.flow(.ingress, 0, 60, "ip", "ct_next;"),
                machine.wiring.flow(.ingress, 1, 90, "ct.inv", "drop;"),
            ]
        } else {
            for rule in tracking { machine.wiring.builder.remove(rule) }
            tracking = []
        }
        install()
    }

    private func install() { run.install(machine.wiring.snapshot(), isComplete: true) }

    /// Another program puts a flow, or takes one away.
    private func interfere() throws {
        let flows = machine.flows.kernel.dump()
        if let flow = flows.first, let id = flow.id, chance.dice.below(2) == 0 {
            try machine.flows.kernel.delete(id)
            return
        }
        let mask = FlowMask(exact: [.recirculationID, .inputPort])
        var key = FlowKey()
        key[.inputPort] = 9
        if machine.flows.kernel.lookup(key) == nil {
            try machine.flows.kernel.put(
                Megaflow(
                    id: FlowID(high: 7, low: 7), key: key.masked(by: mask), mask: mask,
                    actions: [.output(3)]))
        }
    }

    private mutating func restart() {
        run = machine.start()
        witness = Witness(machine, run)
        begin()
    }

    // MARK: - The end

    /// The kernel does again what it is told.
    func calm() {
        chance.rate = 0
        time.now += FlowDoubt.Limits.longestPause
        // What did not come to adopting flows does so with the next snapshot.
        install()
        time.now += DatapathLoop.Limits.sweepInterval / 2
        run.settle()
        run.nextSweep = 0
        run.keepBooks()
    }

    func expectAgreement() throws {
        #expect(!run.doubt.isOpen)
        let table = try #require(run.table)
        #expect(witness.last == table.snapshot.revision)
        #expect(machine.identifiers == Set(table.entries.keys.map(Optional.some)))
        #expect(table.dying.isEmpty)
        var mentioned: Set<UInt32> = []
        for flow in machine.flows.kernel.dump() {
            #expect(run.check(flow, table.snapshot) == nil)
            #expect(flow.actions == flow.id.flatMap { table.entries[$0]?.flow.actions })
            mentioned.formUnion(flow.recirculations)
        }
        #expect(table.frozenNumbers == mentioned)
    }

    /// Nobody sends any more, for long enough.
    func becomeIdle() {
        for _ in 0..<2 {
            time.now += 40_000
            run.keepBooks()
        }
    }

    func expectNothing() {
        #expect(machine.flows.kernel.flowCount == 0)
        #expect(run.table?.count == 0)
        #expect(run.table?.maskCount == 0)
        #expect(run.table?.frozenNumbers.isEmpty == true)
        #expect(run.translator.frozen.count == 0)
    }
}

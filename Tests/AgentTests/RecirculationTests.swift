import Datapath
import Glibc
import Linux
import Pipeline
import Synchronization
import Testing

@testable import Agent
@testable import AgentCore
@testable import Netlink

/// An agent that is killed and starts again understands the flows behind connection tracking that
/// it finds, because it has written down what their numbers stand for.
@Suite struct RecirculationTests {
    private static let toB = Wiring.frame(from: Wiring.a, to: Wiring.b)
    private static let toC = Wiring.frame(from: Wiring.a, to: Wiring.c)
    private static let fromB = Wiring.frame(from: Wiring.b, to: Wiring.a)

    private let directory: TestDirectory

    init() throws { directory = try TestDirectory() }

    private var path: String { "\(directory.path)/ovn-controller.recirculations" }

    /// A machine whose packets are tracked.
    private func machine() throws -> Machine {
        let machine = try Machine()
        machine.statesPath = path
        machine.wiring.track()
        return machine
    }

    /// The numbers that the file has states for.
    private func kept() throws -> Set<UInt32> {
        let bytes = try readFile(path)
        var numbers: Set<UInt32> = []
        for place in 0..<bytes.count / RecirculationRecord.size - 1 {
            let offset = RecirculationRecord.offset(place)
            let record = Array(bytes[offset..<offset + RecirculationRecord.size])
            if let found = try RecirculationRecord.read(record, record: place) {
                numbers.insert(found.number)
            }
        }
        return numbers
    }

    private func overwrite(_ bytes: [UInt8], at offset: Int) throws {
        let file = try FileDescriptor.open(path, flags: O_WRONLY)
        #expect(lseek(file.rawValue, offset, SEEK_SET) == offset)
        _ = try bytes.withUnsafeBytes { try file.write($0) }
    }

    private func emitted(_ machine: Machine) -> Set<UInt32> {
        machine.flows.kernel.dump().reduce(into: []) { $0.formUnion($1.actions.recirculations) }
    }

    /// A run with its problems.
    private func run(_ machine: Machine) -> (run: DatapathLoop, problems: Problems) {
        let run = machine.start()
        let problems = Problems()
        run.report = { report in
            if case .problem(let text) = report { problems.add(text) }
        }
        run.install(machine.wiring.snapshot(), isComplete: true)
        return (run, problems)
    }

    private final class Problems: Sendable {
        private let texts = Mutex<[String]>([])
        func add(_ text: String) { texts.withLock { $0.append(text) } }
        var all: [String] { texts.withLock { $0 } }
    }

    // MARK: - Adoption

    @Test func flowsBehindConntrackAreAdopted() throws {
        let machine = try machine()
        let first = machine.run()
        for _ in 0..<3 {
            #expect(machine.receive(Self.toB, on: 1, first) == [2])
            #expect(machine.receive(Self.fromB, on: 2, first) == [1])
        }
        let before = machine.flows.kernel.dump()
        #expect(before.count == 4, "two ways, each before and behind")
        #expect(before.filter { $0.key[.recirculationID] != 0 }.count == 2)
        _ = machine.flows.takeOperations()

        let (second, problems) = run(machine)
        #expect(problems.all == [])
        #expect(machine.flows.takeOperations().isEmpty)
        #expect(machine.flows.kernel.dump() == before)
        #expect(second.table?.count == 4)
        #expect(machine.receive(Self.toB, on: 1, second) == [2])
        #expect(machine.receive(Self.fromB, on: 2, second) == [1])
        #expect(machine.flows.takeOperations().isEmpty, "no packet came up")
        let counts = zip(before, machine.flows.kernel.dump()).map {
            $1.statistics.packets - $0.statistics.packets
        }
        #expect(counts == [1, 1, 1, 1])
    }

    @Test func withoutTheFileTheyAreMadeAnew() throws {
        let machine = try machine()
        machine.statesPath = nil
        machine.receive(Self.toB, on: 1, machine.run())
        let before = machine.flows.kernel.dump()
        let old = emitted(machine)
        _ = machine.flows.takeOperations()
        let second = machine.run()
        let told = machine.flows.takeOperations().map { operation in
            switch operation {
            case .put(let put): put.mode == .replace ? "modify" : "put"
            case .delete: "delete"
            case .execute: "execute"
            }
        }
        #expect(told == ["modify", "delete"])
        #expect(emitted(machine).isDisjoint(with: old), "a number is not given twice")
        #expect(machine.receive(Self.toB, on: 1, second) == [2])
        #expect(machine.flows.kernel.dump().count == before.count)
    }

    /// What the present pipeline does otherwise behind a number is corrected there.
    @Test func aFlowBehindConntrackIsHeldToThePresentPipeline() throws {
        let machine = try machine()
        machine.receive(Self.toC, on: 1, machine.run())
        machine.wiring.port("c", 3, here: 3)
        _ = machine.flows.takeOperations()
        let second = machine.run()
        #expect(machine.flows.takeOperations().count == 1)
        _ = machine.flows.takeOperations()
        #expect(machine.receive(Self.toC, on: 1, second) == [3])
        #expect(machine.flows.takeOperations().isEmpty)
    }

    /// A third run needs what the second has only taken over.
    @Test func statesAreHandedOnFromRunToRun() throws {
        let machine = try machine()
        machine.receive(Self.toB, on: 1, machine.run())
        let second = machine.run()
        machine.receive(Self.fromB, on: 2, second)
        second.collectRecirculations()
        _ = machine.flows.takeOperations()
        let third = machine.run()
        #expect(machine.flows.takeOperations().isEmpty)
        #expect(third.table?.count == 4)
    }

    // MARK: - Numbers

    @Test func aStateIsWrittenBeforeAFlowNamesIt() throws {
        let machine = try machine()
        let run = machine.run()
        var puts = 0
        machine.flows.beforeOperations = { operations in
            for case .put(let put) in operations {
                let named = put.actions.decoded?.recirculations ?? []
                let kept = (try? self.kept()) ?? []
                #expect(kept.isSuperset(of: named))
                puts += named.count
            }
            for case .execute(let execution) in operations {
                let named = execution.actions.decoded?.recirculations ?? []
                #expect(((try? self.kept()) ?? []).isSuperset(of: named))
            }
        }
        machine.receive(Self.toB, on: 1, run)
        machine.receive(Self.fromB, on: 2, run)
        #expect(puts == 2)
        machine.flows.beforeOperations = { _ in }
    }

    @Test func numbersAreNotGivenAgain() throws {
        let machine = try machine()
        let first = machine.run()
        machine.receive(Self.toB, on: 1, first)
        machine.receive(Self.fromB, on: 2, first)
        let old = emitted(machine)
        #expect(old.count == 2)
        #expect(try kept() == old)
        // The next run finds no flow that mentions the later number.
        let last = try #require(old.max())
        for flow in machine.flows.kernel.dump() where flow.recirculations.contains(last) {
            try flow.id.map { _ = try machine.flows.kernel.delete($0) }
        }
        let second = machine.run()
        #expect(try kept() == old.subtracting([last]), "nobody's state goes")
        #expect(machine.receive(Self.fromB, on: 2, second) == [1])
        #expect(emitted(machine).subtracting(old).allSatisfy { $0 > last })
        #expect(try kept() == emitted(machine))
    }

    /// A number that a flow of another program mentions means something else.
    @Test func numbersOfOthersAreLeftToThem() throws {
        let machine = try machine()
        machine.receive(Self.toB, on: 1, machine.run())
        let number = try #require(emitted(machine).first)
        for flow in machine.flows.kernel.dump() {
            try flow.id.map { _ = try machine.flows.kernel.delete($0) }
        }
        var key = machine.upcallKey(of: Self.toB, on: 1)
        let mask = FlowMask(exact: [.recirculationID, .inputPort, .ethernetType])
        key = key.masked(by: mask)
        try machine.flows.kernel.put(
            Megaflow(
                id: FlowID(high: 7, low: 1), key: key, mask: mask,
                actions: [.recirculate(number + 5)]))
        let second = machine.run()
        #expect(second.translator.frozen.count == 0)
        #expect(try kept() == [])
        #expect(machine.receive(Self.toB, on: 1, second) == [2])
        #expect(emitted(machine).allSatisfy { $0 > number + 5 })
    }

    /// So it is if flows of ours mention it too: those are made anew.
    @Test func aNumberOfOursAndOfOthersIsTheirs() throws {
        let machine = try machine()
        machine.receive(Self.toB, on: 1, machine.run())
        machine.receive(Self.fromB, on: 2, machine.run())
        let numbers = emitted(machine).sorted()
        #expect(numbers.count == 2)
        var key = machine.upcallKey(of: Self.toC, on: 3)
        key[.recirculationID] = UInt64(numbers[0])
        let mask = FlowMask(exact: [.recirculationID, .inputPort, .ethernetType])
        try machine.flows.kernel.put(
            Megaflow(
                id: FlowID(high: 7, low: 1), key: key.masked(by: mask), mask: mask, actions: []))
        let third = machine.run()
        #expect(emitted(machine).contains(numbers[1]))
        #expect(!emitted(machine).contains(numbers[0]))
        #expect(try kept() == emitted(machine))
        #expect(machine.receive(Self.toB, on: 1, third) == [2])
        #expect(machine.receive(Self.fromB, on: 2, third) == [1])
    }

    @Test func recordsOfForgottenStatesAreFree() throws {
        let machine = try machine()
        let run = machine.run()
        machine.receive(Self.toB, on: 1, run)
        #expect(try kept().count == 1)
        run.perform(run.table?.purge().map(run.operation) ?? [])
        run.translator.frozen.collect(used: run.table?.frozenNumbers ?? [], now: .max)
        run.keepRecirculations()
        #expect(try kept() == [])
    }

    /// A packet comes back under a number that stands for nothing: it is dropped and counted, and
    /// what has sent it goes, so that the next one finds its way.
    @Test func anUnknownNumberDeletesWhatEmitsIt() throws {
        let machine = try machine()
        let run = machine.run()
        machine.receive(Self.toB, on: 1, run)
        let front = try #require(
            machine.flows.kernel.dump().first { $0.key[.recirculationID] == 0 })
        let others = machine.identifiers.subtracting([front.id])
        let wrong = front.actions.map { action in
            if case .recirculate = action { DatapathAction.recirculate(999) } else { action }
        }
        try front.id.map { try machine.flows.kernel.modify($0, actions: wrong) }
        #expect(machine.receive(Self.toB, on: 1, run) == [])
        #expect(run.counters.drops == [PacketDrop(.unknownRecirculation(999)): 1])
        run.deleteEmitters()
        #expect(machine.identifiers == others)
        #expect(machine.receive(Self.toB, on: 1, run) == [2])
        _ = machine.flows.takeOperations()
        run.deleteEmitters()
        #expect(machine.flows.takeOperations().isEmpty)
    }

    // MARK: - Bad files

    private enum Damage: CaseIterable {
        case cutShort, noHeader, version, state, otherBoot, otherDatapath

        var text: String {
            switch self {
            case .cutShort: "cut short"
            case .noHeader: "no header"
            case .version: "version"
            case .state: "record 0 (byte 256): wrong checksum"
            case .otherBoot: "before the machine started"
            case .otherDatapath: "another datapath"
            }
        }
    }

    private func damage(_ damage: Damage, _ machine: Machine) throws {
        switch damage {
        case .cutShort: #expect(truncate(path, 5000) == 0)
        case .noHeader: try overwrite(Array("something else".utf8), at: 0)
        case .version: try overwrite([9], at: 11)
        case .state: try overwrite([0xff], at: RecirculationRecord.offset(0) + 20)
        case .otherBoot: machine.place.boot = "second"
        case .otherDatapath: machine.place.datapath += 1
        }
    }

    @Test(arguments: Damage.allCases)
    private func aBadFileIsToldOnceAndBegunAnew(_ kind: Damage) throws {
        let machine = try machine()
        machine.receive(Self.toB, on: 1, machine.run())
        try damage(kind, machine)
        let (second, problems) = run(machine)
        #expect(problems.all.count == 1)
        let text = try #require(problems.all.first)
        #expect(text.hasPrefix(path) && text.contains(kind.text), "\(text)")
        #expect(second.table?.count == 1, "what is behind is made anew")
        #expect(machine.receive(Self.toB, on: 1, second) == [2])
        _ = machine.flows.takeOperations()
        let (third, later) = run(machine)
        #expect(later.all == [])
        #expect(third.table?.count == 2)
        #expect(machine.flows.takeOperations().isEmpty)
    }

    @Test func aFileThatCantBeMadeIsToldOnce() throws {
        let machine = try machine()
        machine.statesPath = "\(directory.path)/nowhere/states"
        let (first, problems) = run(machine)
        #expect(machine.receive(Self.toB, on: 1, first) == [2])
        #expect(problems.all.count == 1)
        #expect(problems.all.allSatisfy { $0.contains("\(directory.path)/nowhere/states") })
    }

    /// A run that did not know of the file has given its numbers other meanings since.
    @Test func aFileOlderThanTheFlowsIsNotUsed() throws {
        let machine = try machine()
        machine.receive(Self.toB, on: 1, machine.run())
        machine.statesPath = nil
        machine.receive(Self.toB, on: 1, machine.run())
        machine.statesPath = path
        let (third, problems) = run(machine)
        #expect(problems.all.count == 1)
        #expect(problems.all.allSatisfy { $0.contains("older than the flows") })
        #expect(machine.receive(Self.toB, on: 1, third) == [2])
    }

    // MARK: - Size

    private func record(_ number: UInt32) -> RecirculationRecord {
        var registers = [UInt64](repeating: 0, count: FlowKey.firstKernelWord)
        registers[0] = UInt64(number)
        return RecirculationRecord(
            number: number,
            state: FrozenState(
                place: .table(LogicalStage(DatapathKey(1), Stage(.ingress, 1))),
                registers: registers))
    }

    @Test func theFileGrowsAndItsRecordsAreUsedAgain() throws {
        let place = RecirculationPlace(boot: "b", namespace: 1, datapath: 2)
        let count = UInt32(RecirculationLedger.Limits.first + 10)
        func fail(_ text: String) { Issue.record("\(text)") }
        var size = 0
        do {
            let file = RecirculationFile(path, place: place)
            #expect(file.open(flowsUntil: 0, problem: fail).records.isEmpty)
            file.begin(epoch: 5, keeping: [])
            for number in 1...count { file.keep(record(number), problem: fail) }
            size = try readFile(path).count
            for number in 1...count { file.forget(number) }
            for number in 1...count { file.keep(record(number + count), problem: fail) }
            #expect(try readFile(path).count == size)
        }
        let file = RecirculationFile(path, place: place)
        let kept = file.open(flowsUntil: 5, problem: fail)
        #expect(kept.epoch == 5)
        #expect(Set(kept.records) == Set((count + 1...2 * count).map(record)))
        file.begin(epoch: 6, keeping: [count + 1])
        #expect(try self.kept() == [count + 1])
    }
}

import Datapath
import Pipeline
import Testing
import Wire

@testable import AgentCore

/// States of recirculation as bytes.
@Suite struct RecirculationRecordTests {
    private static func state(_ random: inout SeededGenerator, copies: Int) -> FrozenState {
        let registers = (0..<FlowKey.firstKernelWord).map { _ -> UInt64 in
            random.number(0..<2) == 0 ? 0 : random.next() >> UInt64(random.number(0..<64))
        }
        var condition = FrozenState.Condition()
        condition.isTracked = random.number(0..<2) == 0
        condition.zone = random.number(0..<2) == 0 ? nil : UInt16(random.number(0..<65536))
        condition.isCleared = random.number(0..<2) == 0
        condition.hasHash = random.number(0..<2) == 0
        condition.arrivedByTunnel = random.number(0..<2) == 0
        condition.recirculations = random.number(0..<100)
        for _ in 0..<copies {
            condition.mirrored[receiver(&random)] = PortReference(
                datapath: UInt32(random.number(1..<1 << 24)), port: UInt32(random.number(1..<65536))
            )
        }
        let stage = Stage(
            random.pick([.ingress, .egress]), random.number(0..<PipelineLimits.tables))
        return FrozenState(
            place: .table(LogicalStage(DatapathKey(UInt32(random.number(1..<1 << 24))), stage)),
            registers: registers, condition: condition)
    }

    private static func receiver(_ random: inout SeededGenerator) -> PortMirror.Receiver {
        let vport = UInt32(random.number(0..<65536))
        let key = UInt32(truncatingIfNeeded: random.next())
        let address: IPAddress =
            random.number(0..<2) == 0
            ? .v4(IPv4Address(UInt32(truncatingIfNeeded: random.next())))
            : .v6(IPv6Address(high: random.next(), low: random.next()))
        switch random.number(0..<3) {
        case 0: return .port(vport)
        case 1: return .tunnel(vport: vport, remote: address, key: key)
        default: return .erspan(vport: vport, remote: address, index: key)
        }
    }

    private static func whole(_ record: RecirculationRecord) -> [UInt8]? {
        guard var bytes = record.bytes else { return nil }
        bytes += [UInt8](repeating: 0xee, count: RecirculationRecord.size - bytes.count)
        withUnsafeBytes(of: RecirculationRecord.mark(record.number)) {
            bytes.replaceSubrange(0..<4, with: $0)
        }
        return bytes
    }

    @Test func statesComeBackAsTheyWere() throws {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<2000 {
            let state = Self.state(&random, copies: random.number(0..<4))
            let number = UInt32(truncatingIfNeeded: random.next()) | 1
            let record = RecirculationRecord(number: number, state: state)
            let bytes = try #require(Self.whole(record))
            #expect(try RecirculationRecord.read(bytes, record: 3) == record)
        }
    }

    /// The same state has the same bytes, in whatever order its copies were made.
    @Test func bytesAreOfTheStateOnly() throws {
        var random = SeededGenerator(seed: 12)
        for _ in 0..<100 {
            let state = Self.state(&random, copies: 4)
            var other = state
            other.condition.mirrored = [:]
            for (receiver, port) in state.condition.mirrored.reversed() {
                other.condition.mirrored[receiver] = port
            }
            let bytes = RecirculationRecord(number: 1, state: state).bytes
            #expect(RecirculationRecord(number: 1, state: other).bytes == bytes)
        }
    }

    /// The format, which an agent of another version reads: another one has another version.
    @Test func aRecordAsItIsWritten() throws {
        var registers = [UInt64](repeating: 0, count: FlowKey.firstKernelWord)
        registers[1] = 0x0000_0002_0000_0003
        var condition = FrozenState.Condition()
        condition.isTracked = true
        condition.zone = 17
        condition.recirculations = 1
        condition.mirrored = [.port(9): PortReference(datapath: 5, port: 6)]
        let state = FrozenState(
            place: .table(LogicalStage(DatapathKey(5), Stage(.egress, 4))), registers: registers,
            condition: condition)
        let bytes = try #require(RecirculationRecord(number: 7, state: state).bytes)
        #expect(RecirculationHeader.version == 1)
        #expect(Array(bytes[0..<8]) == [0, 0, 0, 0, 0, 36, 0, 0])
        #expect(
            Array(bytes[16...]) == [
                0, 0, 0, 0, 5, 1, 4,
                3, 0, 17, 0, 1,
                0, 2, 0, 0, 0, 2, 0, 0, 0, 3,
                1, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 0, 9,
            ])
    }

    @Test func aStateThatIsTooLargeIsNone() {
        var random = SeededGenerator(seed: 13)
        var state = Self.state(&random, copies: 0)
        for number in 0..<40 {
            state.condition.mirrored[.port(UInt32(number))] = PortReference(datapath: 1, port: 1)
        }
        #expect(RecirculationRecord(number: 1, state: state).bytes == nil)
        state.condition.mirrored = [:]
        state.condition.recirculations = 70_000
        #expect(RecirculationRecord(number: 1, state: state).bytes == nil)
    }

    // MARK: - Bad records

    @Test func everyBitOfARecordCounts() throws {
        var random = SeededGenerator(seed: 14)
        let state = Self.state(&random, copies: 2)
        let record = RecirculationRecord(number: 0x0102_0304, state: state)
        let used = try #require(record.bytes).count
        let bytes = try #require(Self.whole(record))
        for bit in 0..<8 * RecirculationRecord.size {
            var wrong = bytes
            wrong[bit / 8] ^= 1 << UInt8(bit % 8)
            if bit / 8 < used {
                #expect(throws: RecirculationFault.checksum(record: 4), "bit \(bit)") {
                    try RecirculationRecord.read(wrong, record: 4)
                }
            } else {
                #expect(try RecirculationRecord.read(wrong, record: 4) == record)
            }
        }
        var free = bytes
        free.replaceSubrange(0..<4, with: [0, 0, 0, 0])
        #expect(try RecirculationRecord.read(free, record: 4) == nil, "whatever stands behind")
    }

    @Test func onlyWholeStatesAreRead() throws {
        var random = SeededGenerator(seed: 15)
        for _ in 0..<50 {
            var bytes: [UInt8] = []
            #expect(Self.state(&random, copies: 2).append(to: &bytes))
            for length in bytes.indices {
                #expect(FrozenState(bytes: Array(bytes[..<length])) == nil)
            }
            #expect(FrozenState(bytes: bytes + [0]) == nil)
        }
        for _ in 0..<5000 {
            let bytes = (0..<random.number(0..<100)).map { _ in UInt8(random.number(0..<256)) }
            guard let state = FrozenState(bytes: bytes) else { continue }
            var again: [UInt8] = []
            #expect(state.append(to: &again))
            #expect(FrozenState(bytes: again) == state)
        }
    }

    @Test func faultsSayWhere() {
        #expect(
            "\(RecirculationFault.checksum(record: 17))" == "record 17 (byte 4608): wrong checksum")
        #expect("\(RecirculationFault.cutShort(bytes: 99))" == "cut short after 99 bytes")
    }

    // MARK: - Header

    private let place = RecirculationPlace(boot: "one", namespace: 2, datapath: 3)

    private func epoch(
        _ bytes: [UInt8], in place: RecirculationPlace? = nil, until newest: UInt32 = 0
    ) throws(RecirculationFault) -> UInt32? {
        let padding = [UInt8](repeating: 0, count: RecirculationRecord.size - bytes.count)
        return try RecirculationHeader(place: place ?? self.place)
            .epoch(of: bytes + padding, flowsUntil: newest)
    }

    @Test func aHeaderIsOfOneKernel() throws {
        let bytes = RecirculationHeader(place: place).bytes
        #expect(try epoch(bytes) == 0)
        #expect(try epoch(bytes + [0, 0, 1, 2], until: 258) == 258)
        #expect(try epoch([]) == nil)
        #expect(throws: RecirculationFault.older) { try epoch(bytes + [0, 0, 1, 2], until: 259) }
        var other = place
        other.boot = "two"
        #expect(throws: RecirculationFault.otherBoot) { try epoch(bytes, in: other) }
        other = place
        other.namespace = 9
        #expect(throws: RecirculationFault.otherDatapath) { try epoch(bytes, in: other) }
        other = place
        other.datapath = 9
        #expect(throws: RecirculationFault.otherDatapath) { try epoch(bytes, in: other) }
        var wrong = bytes
        wrong[11] = 2
        #expect(throws: RecirculationFault.version(2)) { try epoch(wrong) }
        for byte in 12..<56 {
            wrong = bytes
            wrong[byte] ^= 1
            #expect(throws: RecirculationFault.headerChecksum) { try epoch(wrong) }
        }
        wrong = bytes
        wrong[0] = 0
        #expect(throws: RecirculationFault.noHeader) { try epoch(wrong) }
    }
}

@Suite struct RecirculationLedgerTests {
    @Test func recordsAreUsedAgainBeforeMoreAreAsked() throws {
        var ledger = RecirculationLedger()
        #expect(ledger.take(for: 1) == nil)
        let first = try #require(ledger.larger)
        ledger.grow(to: first)
        let places = (1...UInt32(first)).map { ledger.take(for: $0) }
        #expect(places.map { $0 ?? -1 } == Array(0..<first))
        #expect(ledger.take(for: 0xffff) == nil)
        let freed = ledger.release(7)
        #expect(freed == 6)
        #expect(ledger.release(7) == nil)
        let again = ledger.take(for: 0xffff)
        #expect(again == 6)
        #expect(ledger.count == first)
    }

    @Test func sizesAreBounded() throws {
        var ledger = RecirculationLedger()
        while let larger = ledger.larger {
            ledger.grow(to: larger)
            #expect(RecirculationLedger.allows(larger))
            #expect(!RecirculationLedger.allows(larger - 1))
            try #require(ledger.capacity <= RecirculationLedger.Limits.records)
        }
        #expect(ledger.capacity == FrozenStates.Limits().states)
        #expect(!RecirculationLedger.allows(2 * ledger.capacity))
        #expect(!RecirculationLedger.allows(0))
    }

    @Test func aLedgerOfAFileKnowsItsFreeRecords() throws {
        var ledger = RecirculationLedger(capacity: 4, taken: [10: 1, 11: 3])
        #expect(ledger.numbers == [10, 11])
        let places = [12, 13, 14].map { ledger.take(for: $0) }
        #expect(places == [0, 2, nil])
    }
}

@Suite struct KeptStateTests {
    private func state(_ register: UInt64) -> FrozenState {
        FrozenState(
            place: .table(LogicalStage(DatapathKey(1), Stage(.ingress, 1))),
            registers: [register] + [UInt64](repeating: 0, count: FlowKey.firstKernelWord - 1))
    }

    @Test func restoredStatesKeepTheirNumbers() {
        var states = FrozenStates(above: 20, keepsChanges: true)
        states.restore(
            [
                RecirculationRecord(number: 9, state: state(1)),
                RecirculationRecord(number: 5, state: state(2)),
                RecirculationRecord(number: 4, state: state(1)),
            ], now: 0)
        #expect(states.takeChanges().isEmpty)
        let known = states.intern(state(2), now: 0)
        #expect(known == 5)
        let twice = states.intern(state(1), now: 0)
        #expect(twice == 4)
        #expect(states[9] == state(1), "packets of both numbers go on")
        let new = states.intern(state(3), now: 0)
        #expect(new == 21)
        #expect(states.takeChanges().made == [21])
        states.collect(used: [9, 21], now: 1_000_000)
        #expect(states.takeChanges().forgotten == [4, 5])
        #expect(states[9] == state(1))
    }

    @Test func nothingIsCollectedForNobody() {
        var states = FrozenStates()
        _ = states.intern(state(1), now: 0)
        #expect(states.takeChanges().isEmpty)
        states.collect(used: [], now: 1_000_000)
        #expect(states.takeChanges().isEmpty)
    }

    /// A state lives as long as a flow of its packets, whatever has become of the one that sends them.
    @Test func aFlowBehindANumberKeepsIt() throws {
        let control = SwitchTranslationTests.network()
        control.flow(1, .ingress, 0, 200, "ip", "ct_next;")
        var host = Host(control.snapshot(), ports: SwitchTranslationTests.ports)
        _ = host.receive(Frames.udp(Frames.a, Frames.b), on: 1)
        let numbers = host.table.frozenNumbers
        #expect(numbers.count == 1 && !numbers.contains(0))
        let front = try #require(
            host.kernel.dump().first { $0.key[.recirculationID] == 0 }?.id)
        _ = host.table.forget(front)
        #expect(host.table.count == 1)
        #expect(host.table.frozenNumbers == numbers)
    }
}

import Linux
import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@testable import OVSDBTransport

@Suite("Clients of the installed ovsdb-server", .enabled(if: StockServer.isInstalled))
struct StockServerTests {
    private typealias Set = SB.AddressSet

    private let loop: EventLoop
    private let threads = IOThreads()
    private let server: StockServer

    init() throws {
        loop = try EventLoop()
        server = try StockServer()
    }

    private func client(lock: String? = nil, condition: [Condition] = []) throws -> RecordingClient
    {
        let client = RecordingClient(
            [server.remote],
            [
                .init(SB.SBGlobal.self), .init(SB.Chassis.self), .init(SB.Encap.self),
                .init(SB.ACLID.self), .init(Set.self, condition: condition),
            ], schema: SB.schema, lock: lock, loop: loop, threads: threads)
        try loop.wait { client.client.isSynchronized }
        return client
    }

    private func insert(_ rows: [(UInt64, Set)]) -> TransactionBuilder {
        var builder = TransactionBuilder()
        for (number, row) in rows { builder.insert(row, uuid: uuid(number)) }
        return builder
    }

    private func uuid(_ number: UInt64) -> RowUUID {
        RowUUID(high: 0x4000, low: 0x8000_0000_0000_0000 | number)
    }

    @Test("What one client writes, all see; what the server lacks is left out")
    func writing() throws {
        defer { threads.shutDown() }
        let (one, two) = (try client(), try client())
        #expect(one.diagnostics.contains("the server has no table ACL_ID"))
        var builder = insert([(1, Set(name: "x", addresses: ["b", "a"], options: ["k": "v"]))])
        let placeholder = uuid(99)
        builder.insert(SB.Encap(type: "geneve", ip: "192.0.2.1", chassisName: "hv1"), uuid: uuid(2))
        builder.insert(
            SB.Chassis(name: "hv1", encaps: [uuid(2)], otherConfig: ["a": "\"\\\u{7}é"]),
            placeholder: placeholder)
        guard case .committed(let receipt) = try loop.outcome(of: builder, by: one) else {
            return #expect(Bool(false), "not committed")
        }
        let chassis = try #require(receipt.inserted[placeholder])
        #expect(one.client.replica[SB.Chassis.self, chassis]?.encaps == [uuid(2)])
        try loop.wait { two.client.replica.count(SB.Chassis.self) == 1 }
        #expect(one.client.replica.hasSameRows(as: two.client.replica))
        #expect(
            two.client.replica[Set.self, uuid(1)] == Set(name: "x", addresses: ["a", "b"]))

        var change = TransactionBuilder()
        change.mutate(SB.Chassis.self, chassis, .otherConfig, .insert(Datum(["a": "c", "d": "e"])))
        change.mutate(Set.self, uuid(1), .addresses, .delete(Datum(["a"])))
        change.mutate(Set.self, uuid(1), .addresses, .insert(Datum(["z"])))
        guard case .committed = try loop.outcome(of: change, by: two) else {
            return #expect(Bool(false), "not committed")
        }
        try loop.wait { one.client.replica[Set.self, uuid(1)]?.addresses == ["b", "z"] }
        #expect(
            one.client.replica[SB.Chassis.self, chassis]?.otherConfig == ["a": "c", "d": "e"])
    }

    @Test("Requirements, increments and errors as this server words them")
    func outcomes() throws {
        defer { threads.shutDown() }
        let one = try client()
        var global = TransactionBuilder()
        global.requireEmpty(SB.SBGlobal.self)
        global.insert(SB.SBGlobal(nbCfg: 7), uuid: uuid(5))
        guard case .committed = try loop.outcome(of: global, by: one) else {
            return #expect(Bool(false), "not committed")
        }
        guard case .tryAgain = try loop.outcome(of: global, by: one) else {
            return #expect(Bool(false), "the table is not empty")
        }
        var increment = TransactionBuilder()
        increment.increment(SB.SBGlobal.self, uuid(5), .nbCfg)
        var receipt = TransactionReceipt()
        receipt.values = [8]
        #expect(try loop.outcome(of: increment, by: one) == .committed(receipt))

        _ = try loop.outcome(of: insert([(1, Set(name: "x"))]), by: one)
        guard
            case .failed(let duplicate) = try loop.outcome(
                of: insert([(2, Set(name: "x"))]), by: one)
        else { return #expect(Bool(false), "the name is taken") }
        #expect(duplicate.error.tag == "constraint violation")
        #expect(duplicate.table == "Address_Set" && duplicate.column == "name")

        var required = TransactionBuilder()
        required.require(uuid(1), [.name], of: Set(name: "other"))
        required.delete(Set.self, uuid(1))
        guard case .tryAgain = try loop.outcome(of: required, by: one) else {
            return #expect(Bool(false), "the requirement doesn't hold")
        }

        var wrong = TransactionBuilder()
        wrong.insert(SB.Encap(type: "unheard of"), uuid: uuid(6))
        guard case .failed(let enumeration) = try loop.outcome(of: wrong, by: one) else {
            return #expect(Bool(false), "no such type")
        }
        #expect(enumeration.table == "Encap" && enumeration.uuid == uuid(6))
    }

    @Test("A condition shows other rows, and leaves the others out")
    func conditions() throws {
        defer { threads.shutDown() }
        let writer = try client()
        let reader = try client(condition: [.constant(false)])
        _ = try loop.outcome(
            of: insert([(1, Set(name: "x")), (2, Set(name: "y"))]), by: writer)
        #expect(reader.client.replica.count(Set.self) == 0)
        let number = reader.client.setCondition(
            Set.self, [Condition(Set.Column.name, .equal, Datum("y"))])
        try loop.wait { reader.client.conditionNumber >= number }
        #expect(reader.client.replica.rows(Set.self).map(\.uuid) == [uuid(2)])
        #expect(reader.takeChanges().of(Set.self).map(\.uuid) == [uuid(2)])
        let all = reader.client.setCondition(Set.self, [])
        try loop.wait { reader.client.conditionNumber >= all }
        #expect(reader.client.replica.hasSameRows(as: writer.client.replica))
    }

    @Test("The lock goes to the next client when its holder leaves")
    func locks() throws {
        defer { threads.shutDown() }
        let first = try client(lock: "l")
        try loop.wait { first.client.canWrite }
        let second = try client(lock: "l")
        #expect(try loop.outcome(of: insert([(1, Set(name: "x"))]), by: second) == .notLocked)
        guard case .committed = try loop.outcome(of: insert([(1, Set(name: "x"))]), by: first)
        else { return #expect(Bool(false), "not committed") }
        first.client.stop()
        #expect(first.locks == [true, false])
        try loop.wait { second.client.canWrite }
        guard case .committed = try loop.outcome(of: insert([(2, Set(name: "y"))]), by: second)
        else { return #expect(Bool(false), "not committed") }
    }

    @Test("A restart of the server shows only what changed meanwhile")
    func restart() throws {
        defer { threads.shutDown() }
        let one = try client(lock: "l")
        try loop.wait { one.client.canWrite }
        _ = try loop.outcome(of: insert([(1, Set(name: "x")), (2, Set(name: "y"))]), by: one)
        _ = one.takeChanges()
        try server.stop()
        try loop.wait { !one.client.isConnected }
        var lost: TransactionOutcome?
        one.client.submit(insert([(3, Set(name: "z"))])) { lost = $0 }
        #expect(lost == .tryAgain("not connected"))
        try server.start()
        try server.transact(
            #"{"op":"delete","table":"Address_Set","where":[["name","==","x"]]}"#)
        try loop.wait {
            one.client.canWrite && one.client.replica.count(Set.self) == 1
        }
        #expect(one.synchronizations == 2)
        #expect(one.takeChanges().of(Set.self).map(\.uuid) == [uuid(1)])
        #expect(one.locks == [true, false, true])
    }

    @Test("Many writes at once become few transactions")
    func batches() throws {
        defer { threads.shutDown() }
        let one = try client()
        var outcomes: [TransactionOutcome] = []
        for number in 0..<200 {
            one.client.enqueue(insert([(UInt64(number), Set(name: "s\(number)"))])) {
                outcomes.append($0)
            }
        }
        try loop.wait { outcomes.count == 200 }
        let committed = outcomes.filter { if case .committed = $0 { true } else { false } }
        #expect(committed.count == 200)
        #expect(one.client.replica.count(Set.self) == 200)
        #expect(one.changes.count <= 2)
    }
}

import Linux
import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@testable import OVSDBTransport

/// A server and what its clients run on.
private final class Rig {
    let loop: EventLoop
    let threads = IOThreads()
    let server: TestServer

    init(_ kind: TestServer.Kind) throws {
        loop = try EventLoop()
        server = try TestServer(kind)
    }

    func client(lock: String? = nil, condition: [Condition] = []) throws -> RecordingClient {
        let client = RecordingClient(
            [server.remote],
            [
                .init(SB.SBGlobal.self), .init(SB.Chassis.self), .init(SB.Encap.self),
                .init(SB.ACLID.self), .init(SB.AddressSet.self, condition: condition),
            ], schema: SB.schema, lock: lock, loop: loop, threads: threads)
        try loop.wait { client.client.isSynchronized }
        return client
    }

    deinit { threads.shutDown() }
}

@Suite("Clients of a server process")
struct OVSDBClientTests {
    private typealias Set = SB.AddressSet

    private func insert(_ rows: [(UInt64, Set)]) -> TransactionBuilder {
        var builder = TransactionBuilder()
        for (number, row) in rows { builder.insert(row, uuid: uuid(number)) }
        return builder
    }

    private func uuid(_ number: UInt64) -> RowUUID {
        RowUUID(high: 0x4000, low: 0x8000_0000_0000_0000 | number)
    }

    @Test(
        "What one client writes, all see; what the server lacks is left out",
        arguments: TestServer.kinds)
    func writing(_ kind: TestServer.Kind) throws {
        let rig = try Rig(kind)
        let (one, two) = (try rig.client(), try rig.client())
        #expect(one.diagnostics.contains("the server has no table ACL_ID"))
        var builder = insert([(1, Set(name: "x", addresses: ["b", "a"], options: ["k": "v"]))])
        let placeholder = uuid(99)
        builder.insert(SB.Encap(type: "geneve", ip: "192.0.2.1", chassisName: "hv1"), uuid: uuid(2))
        builder.insert(
            SB.Chassis(name: "hv1", encaps: [uuid(2)], otherConfig: ["a": "\"\\\u{7}é"]),
            placeholder: placeholder)
        guard case .committed(let receipt) = try rig.loop.outcome(of: builder, by: one) else {
            return #expect(Bool(false), "not committed")
        }
        let chassis = try #require(receipt.inserted[placeholder])
        #expect(one.client.replica[SB.Chassis.self, chassis]?.encaps == [uuid(2)])
        try rig.loop.wait { two.client.replica.count(SB.Chassis.self) == 1 }
        #expect(one.client.replica.hasSameRows(as: two.client.replica))
        #expect(
            two.client.replica[Set.self, uuid(1)] == Set(name: "x", addresses: ["a", "b"]))

        var change = TransactionBuilder()
        change.mutate(SB.Chassis.self, chassis, .otherConfig, .insert(Datum(["a": "c", "d": "e"])))
        change.mutate(Set.self, uuid(1), .addresses, .delete(Datum(["a"])))
        change.mutate(Set.self, uuid(1), .addresses, .insert(Datum(["z"])))
        guard case .committed = try rig.loop.outcome(of: change, by: two) else {
            return #expect(Bool(false), "not committed")
        }
        try rig.loop.wait { one.client.replica[Set.self, uuid(1)]?.addresses == ["b", "z"] }
        #expect(
            one.client.replica[SB.Chassis.self, chassis]?.otherConfig == ["a": "c", "d": "e"])
    }

    @Test(
        "Requirements, increments and errors as this server words them", arguments: TestServer.kinds
    )
    func outcomes(_ kind: TestServer.Kind) throws {
        let rig = try Rig(kind)
        let one = try rig.client()
        var global = TransactionBuilder()
        global.requireEmpty(SB.SBGlobal.self)
        global.insert(SB.SBGlobal(nbCfg: 7), uuid: uuid(5))
        guard case .committed = try rig.loop.outcome(of: global, by: one) else {
            return #expect(Bool(false), "not committed")
        }
        guard case .tryAgain = try rig.loop.outcome(of: global, by: one) else {
            return #expect(Bool(false), "the table is not empty")
        }
        var increment = TransactionBuilder()
        increment.increment(SB.SBGlobal.self, uuid(5), .nbCfg)
        var receipt = TransactionReceipt()
        receipt.values = [8]
        #expect(try rig.loop.outcome(of: increment, by: one) == .committed(receipt))

        _ = try rig.loop.outcome(of: insert([(1, Set(name: "x"))]), by: one)
        guard
            case .failed(let duplicate) = try rig.loop.outcome(
                of: insert([(2, Set(name: "x"))]), by: one)
        else { return #expect(Bool(false), "the name is taken") }
        #expect(duplicate.error.tag == "constraint violation")
        #expect(duplicate.table == "Address_Set" && duplicate.column == "name")

        var required = TransactionBuilder()
        required.require(uuid(1), [.name], of: Set(name: "other"))
        required.delete(Set.self, uuid(1))
        guard case .tryAgain = try rig.loop.outcome(of: required, by: one) else {
            return #expect(Bool(false), "the requirement doesn't hold")
        }

        var wrong = TransactionBuilder()
        wrong.insert(SB.Encap(type: "unheard of"), uuid: uuid(6))
        guard case .failed(let enumeration) = try rig.loop.outcome(of: wrong, by: one) else {
            return #expect(Bool(false), "no such type")
        }
        #expect(enumeration.table == "Encap" && enumeration.uuid == uuid(6))
    }

    @Test(
        "A transaction can rely on a key of a map and on other locks", arguments: TestServer.kinds)
    func reliance(_ kind: TestServer.Kind) throws {
        let rig = try Rig(kind)
        let (one, two) = (try rig.client(), try rig.client())
        var global = TransactionBuilder()
        global.insert(SB.SBGlobal(externalIDs: ["n": "5", "x": "y"]), uuid: uuid(5))
        _ = try rig.loop.outcome(of: global, by: one)
        func write(_ number: String, _ client: RecordingClient, lock: String? = nil) throws -> Bool
        {
            var transaction = TransactionBuilder()
            transaction.increment(SB.SBGlobal.self, uuid(5), .nbCfg)
            transaction.require(SB.SBGlobal.self, .externalIDs, includes: Datum(["n": number]))
            if let lock { transaction.require(lock: lock) }
            let outcome = try rig.loop.outcome(of: transaction, by: client)
            if case .committed = outcome { return true } else { return false }
        }
        #expect(try write("5", one))
        #expect(try !write("6", one))
        one.client.setOtherLocks(["a_1", "b_2"])
        try rig.loop.wait { one.client.lockStates == ["a_1": .held, "b_2": .held] }
        two.client.setOtherLocks(["a_1"])
        try rig.loop.wait { two.client.lockStates["a_1"] == .waiting }
        #expect(try write("5", one, lock: "a_1"))
        #expect(try !write("5", two, lock: "a_1"))
        one.client.setOtherLocks(["b_2"])
        try rig.loop.wait { two.client.lockStates["a_1"] == .held }
        #expect(try write("5", two, lock: "a_1"))
    }

    @Test("A condition shows other rows, and leaves the others out", arguments: TestServer.kinds)
    func conditions(_ kind: TestServer.Kind) throws {
        let rig = try Rig(kind)
        let writer = try rig.client()
        let reader = try rig.client(condition: [.constant(false)])
        _ = try rig.loop.outcome(
            of: insert([(1, Set(name: "x")), (2, Set(name: "y"))]), by: writer)
        #expect(reader.client.replica.count(Set.self) == 0)
        let one = [Condition(Set.Column.name, .equal, Datum("y"))]
        let number = reader.client.setConditions([ConditionChange(Set.self, stages: [one])])
        try rig.loop.wait { reader.client.conditionNumber >= number }
        #expect(reader.client.replica.rows(Set.self).map(\.uuid) == [uuid(2)])
        #expect(reader.takeChanges().of(Set.self).map(\.uuid) == [uuid(2)])
        let all = reader.client.setConditions([ConditionChange(Set.self, stages: [one, []])])
        try rig.loop.wait { reader.client.conditionNumber >= all }
        #expect(reader.client.replica.hasSameRows(as: writer.client.replica))
    }

    @Test("What is not copied is asked for", arguments: TestServer.kinds)
    func lookUp(_ kind: TestServer.Kind) throws {
        let rig = try Rig(kind)
        let writer = try rig.client()
        let reader = try rig.client(condition: [.constant(false)])
        _ = try rig.loop.outcome(
            of: insert([(1, Set(name: "x", addresses: ["a"])), (2, Set(name: "y"))]), by: writer)
        var found: [RowUUID: Set]?
        let wanted = [uuid(1), uuid(2), uuid(3)]
        reader.client.lookUp([.addresses], of: Set.self, wanted, within: .seconds(60)) {
            found = $0
        }
        try rig.loop.wait { found != nil }
        #expect(found == [uuid(1): Set(addresses: ["a"]), uuid(2): Set()])
        #expect(reader.client.replica.count(Set.self) == 0)
    }

    @Test("A server that doesn't answer is not waited for", arguments: TestServer.kinds)
    func lookUpInVain(_ kind: TestServer.Kind) throws {
        let rig = try Rig(kind)
        let client = try rig.client()
        try rig.server.suspend()
        defer { try? rig.server.resume() }
        var answers: [[RowUUID: Set]] = []
        client.client.lookUp([.name], of: Set.self, [uuid(1)], within: .milliseconds(20)) {
            answers.append($0)
        }
        try rig.loop.wait { !answers.isEmpty }
        #expect(answers == [[:]])
        #expect(client.client.isSynchronized)
        // The answer comes late, to nobody.
        try rig.server.resume()
        _ = try rig.loop.outcome(of: insert([(1, Set(name: "x"))]), by: client)
        #expect(answers == [[:]])
    }

    @Test("The lock goes to the next client when its holder leaves", arguments: TestServer.kinds)
    func locks(_ kind: TestServer.Kind) throws {
        let rig = try Rig(kind)
        let first = try rig.client(lock: "l")
        try rig.loop.wait { first.client.canWrite }
        let second = try rig.client(lock: "l")
        #expect(try rig.loop.outcome(of: insert([(1, Set(name: "x"))]), by: second) == .notLocked)
        guard case .committed = try rig.loop.outcome(of: insert([(1, Set(name: "x"))]), by: first)
        else { return #expect(Bool(false), "not committed") }
        first.client.stop()
        #expect(first.locks == [true, false])
        try rig.loop.wait { second.client.canWrite }
        guard case .committed = try rig.loop.outcome(of: insert([(2, Set(name: "y"))]), by: second)
        else { return #expect(Bool(false), "not committed") }
    }

    @Test("A restart of the server shows only what changed meanwhile", arguments: TestServer.kinds)
    func restart(_ kind: TestServer.Kind) throws {
        let rig = try Rig(kind)
        let one = try rig.client(lock: "l")
        try rig.loop.wait { one.client.canWrite }
        _ = try rig.loop.outcome(of: insert([(1, Set(name: "x")), (2, Set(name: "y"))]), by: one)
        _ = one.takeChanges()
        try rig.server.stop()
        try rig.loop.wait { !one.client.isConnected }
        var lost: TransactionOutcome?
        one.client.submit(insert([(3, Set(name: "z"))])) { lost = $0 }
        #expect(lost == .tryAgain("not connected"))
        try rig.server.start()
        try rig.server.transact(
            #"{"op":"delete","table":"Address_Set","where":[["name","==","x"]]}"#)
        try rig.loop.wait {
            one.client.canWrite && one.client.replica.count(Set.self) == 1
        }
        #expect(one.synchronizations == 2)
        #expect(one.takeChanges().of(Set.self).map(\.uuid) == [uuid(1)])
        #expect(one.locks == [true, false, true])
    }

    @Test(
        "After a loss of the connection nothing is reported that was known",
        arguments: TestServer.kinds)
    func reconnect(_ kind: TestServer.Kind) throws {
        let rig = try Rig(kind)
        let (one, two) = (try rig.client(), try rig.client())
        _ = try rig.loop.outcome(of: insert([(1, Set(name: "x"))]), by: one)
        _ = one.takeChanges()
        one.client.reconnect(reason: "for a test")
        #expect(!one.client.isSynchronized)
        _ = try rig.loop.outcome(of: insert([(2, Set(name: "y"))]), by: two)
        try rig.loop.wait { one.client.isSynchronized && one.client.replica.count(Set.self) == 2 }
        #expect(one.takeChanges().of(Set.self).map(\.uuid) == [uuid(2)])
    }

    @Test(
        "A conversion of the database is survived, and shows nothing that is as before",
        arguments: TestServer.kinds.filter { $0 != .built })
    func conversion(_ kind: TestServer.Kind) throws {
        let rig = try Rig(kind)
        let one = try rig.client()
        _ = try rig.loop.outcome(of: insert([(1, Set(name: "x"))]), by: one)
        _ = one.takeChanges()
        try rig.server.convert()
        try rig.loop.wait { one.synchronizations == 2 }
        #expect(one.diagnostics.contains(ClientDiagnostic.databaseChanged.description))
        #expect(one.takeChanges().isEmpty)
        _ = try rig.loop.outcome(of: insert([(2, Set(name: "y"))]), by: one)
        #expect(one.client.replica.count(Set.self) == 2)
    }

    @Test("Many writes at once become few transactions", arguments: TestServer.kinds)
    func batches(_ kind: TestServer.Kind) throws {
        let rig = try Rig(kind)
        let one = try rig.client()
        var outcomes: [TransactionOutcome] = []
        for number in 0..<200 {
            one.client.enqueue(insert([(UInt64(number), Set(name: "s\(number)"))])) {
                outcomes.append($0)
            }
        }
        try rig.loop.wait { outcomes.count == 200 }
        let committed = outcomes.filter { if case .committed = $0 { true } else { false } }
        #expect(committed.count == 200)
        #expect(one.client.replica.count(Set.self) == 200)
        #expect(one.changes.count <= 2)
    }
}

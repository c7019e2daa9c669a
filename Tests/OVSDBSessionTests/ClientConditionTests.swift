import JSON
import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@Suite("Conditions of a client session")
struct ClientConditionTests {
    private func named(_ name: String) -> [Condition] {
        [Condition(SB.AddressSet.Column.name, .equal, .one(.string(name)))]
    }

    private func want(_ client: inout ClientHarness, _ stages: [Condition]...) -> UInt64 {
        let (number, actions) = client.session.setConditions(
            [ConditionChange(SB.AddressSet.self, stages: stages)], now: client.now)
        client.perform(actions)
        return number
    }

    @Test("A change is sent, and in force when the server has answered")
    func change() throws {
        var client = ClientHarness.southbound()
        try client.synchronize()
        _ = client.takeLog()
        #expect(want(&client, named("x")) == 1)
        #expect(client.session.conditionNumber == 0)
        let request = try client.answer("monitor_cond_change", [:])
        let id: JSON = ["monid", "OVN_Southbound"]
        #expect(request == [id, id, ["Address_Set": [["where": [["name", "==", "x"]]]]]])
        #expect(client.takeLog() == ["conditions 1"])
        #expect(want(&client, named("x")) == 1, "nothing changes")
        #expect(client.sent.isEmpty)
    }

    @Test("One change is under way at a time; what is wanted meanwhile follows together")
    func oneAtATime() throws {
        var client = ClientHarness.southbound()
        try client.synchronize()
        _ = client.takeLog()
        _ = want(&client, named("x"))
        _ = want(&client, named("y"))
        #expect(want(&client, [.constant(false)]) == 3)
        try client.answer("monitor_cond_change", [:])
        let second = try client.answer("monitor_cond_change", [:])
        #expect(second[2] == ["Address_Set": [["where": [false]]]])
        #expect(client.takeLog() == ["conditions 1", "conditions 3"])
    }

    @Test("The stages of a change are sent at once, and it is in force with the last answer")
    func stages() throws {
        var client = ClientHarness.southbound()
        try client.synchronize()
        _ = client.takeLog()
        #expect(want(&client, named("x"), named("y"), named("z")) == 1)
        let requests = try (0..<3).map { _ in try client.take("monitor_cond_change") }
        let rows = requests.map { $0["params"]?[2]?["Address_Set"]?[0]?["where"] }
        #expect(rows == [[["name", "==", "x"]], [["name", "==", "y"]], [["name", "==", "z"]]])
        for request in requests {
            #expect(client.session.conditionNumber == 0)
            client.handle(
                .received(["id": request["id"] ?? nil, "result": [:], "error": nil]))
        }
        #expect(client.takeLog() == ["conditions 1"])
    }

    @Test("Several tables are asked for in one request, and a stage that changes nothing in none")
    func severalTables() throws {
        var client = ClientHarness.southbound()
        try client.synchronize()
        _ = client.takeLog()
        let chassis = [Condition(SB.Chassis.Column.name, .equal, .one(.string("hv1")))]
        let (number, actions) = client.session.setConditions(
            [
                ConditionChange(SB.AddressSet.self, stages: [named("x"), named("x")]),
                ConditionChange(SB.Chassis.self, stages: [chassis]),
            ], now: client.now)
        client.perform(actions)
        let request = try client.answer("monitor_cond_change", [:])
        #expect(request[2]?.members?.map(\.key).sorted() == ["Address_Set", "Chassis"])
        #expect(client.sent.isEmpty)
        #expect(client.takeLog() == ["conditions \(number)"])
    }

    @Test("Lost between the stages, everything is read again, under the last conditions")
    func lostBetweenStages() throws {
        var client = ClientHarness.southbound()
        try client.synchronize()
        _ = want(&client, named("x"), named("y"))
        try client.answer("monitor_cond_change", [:])
        client.handle(.disconnected("gone"))
        client.sent = []
        client.waitForDeadline()
        try client.learn()
        let request = try client.answer(
            "monitor_cond_since", [false, .string(ClientHarness.since), [:]])
        #expect(request[3]?.string == RowUUID.zero.description)
        #expect(request[2]?["Address_Set"]?[0]?["where"] == [["name", "==", "y"]])
    }

    @Test("A resumed copy has the old conditions first")
    func resume() throws {
        var client = ClientHarness.southbound()
        try client.synchronize()
        client.handle(.disconnected("gone"))
        #expect(want(&client, named("x")) == 1)
        client.waitForDeadline()
        _ = client.takeLog()
        try client.learn()
        let request = try client.answer(
            "monitor_cond_since", [true, .string(ClientHarness.since), [:]])
        #expect(request[2]?["Address_Set"]?[0]?["where"] == nil)
        #expect(client.takeLog() == ["synchronized", "conditions 0"])
        try client.answer("monitor_cond_change", [:])
        #expect(client.takeLog() == ["conditions 1"])
    }

    @Test("If a change was under way when the server was lost, everything is read again")
    func lostDuringChange() throws {
        var client = ClientHarness.southbound()
        try client.synchronize()
        _ = want(&client, named("x"))
        client.handle(.disconnected("gone"))
        client.sent = []
        client.waitForDeadline()
        try client.learn()
        let request = try client.answer(
            "monitor_cond_since", [false, .string(ClientHarness.since), [:]])
        #expect(request[3]?.string == RowUUID.zero.description)
        #expect(request[2]?["Address_Set"]?[0]?["where"] == [["name", "==", "x"]])
        #expect(client.session.conditionNumber == 1)
    }

    @Test("A plain monitor has all rows, so every condition is in force")
    func plain() throws {
        var client = ClientHarness.southbound()
        try client.learn()
        try client.refuse("monitor_cond_since")
        try client.refuse("monitor_cond")
        let request = try client.answer("monitor", [:])
        #expect(request[2]?["Address_Set"]?[0]?["where"] == nil)
        _ = client.takeLog()
        #expect(want(&client, named("x")) == 1)
        #expect(client.takeLog() == ["conditions 1"])
        #expect(client.sent.isEmpty)
    }

    @Test("Clauses on columns that the server lacks match nothing")
    func unknownColumn() throws {
        let tables = SB.schema.tables.map { table in
            TableSchema(
                name: table.name, columns: table.columns.filter { $0.name != "options" },
                maximumRows: table.maximumRows, isRoot: table.isRoot, indexes: table.indexes)
        }
        var client = ClientHarness.southbound {
            let clause = Condition(SB.AddressSet.Column.options, .notEqual, .empty)
            $0.tables = [.init(SB.AddressSet.self, condition: [clause])]
        }
        try client.learn(
            schema: DatabaseSchema(name: "OVN_Southbound", version: "1.0.0", tables: tables))
        let request = try client.take("monitor_cond_since")
        #expect(request["params"]?[2]?["Address_Set"]?[0]?["where"] == [false])
    }
}

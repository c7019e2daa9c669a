import JSON
import OVSDBEngine
import OVSDBModel
import Testing

@Suite struct TransactionTests {
    @Test(arguments: allCases)
    func repliesAsExpected(_ test: TransactionCase) throws {
        var fixture = try Fixture(testSchema)
        for transaction in test.before {
            let result = try fixture.transact(transaction)
            let failed = result.array?.contains { $0["error"] != nil } ?? true
            #expect(!failed, "\(transaction) gives \(result)")
        }
        let before = fixture.database.contents
        let result = try fixture.transact(test.operations)
        let expected = try JSON.parse(test.expected)
        #expect(result == expected, "\(result) instead of \(expected)")
        if result.array?.contains(where: { $0["error"] != nil }) == true {
            #expect(fixture.lastDelta == nil)
            #expect(fixture.database.contents == before)
        }
    }

    @Test func waitIsParkedUntilTheEarliestTimeout() throws {
        var fixture = try Fixture(testSchema)
        func wait(_ timeout: String) -> String {
            #"{"op":"wait","table":"Root","where":[],"until":"==","columns":["name"],"rows":[{"name":"x"}]\#(timeout)}"#
        }
        let satisfied =
            #"{"op":"wait","table":"Root","where":[],"until":"==","rows":[],"timeout":70}"#
        #expect(try fixture.transact(wait("")) == "wait")
        #expect(try fixture.transact(wait(#","timeout":100"#)) == "wait until 100")
        #expect(try fixture.transact(satisfied + "," + wait("")) == "wait until 70")
        #expect(try fixture.transact(wait(#","timeout":100"#), now: 99) == "wait until 100")
        let late = try fixture.transact(wait(#","timeout":100"#), now: 103)
        #expect(late[0]?["details"] == #""wait" timed out after 103 ms"#)
        try fixture.transact(#"{"op":"insert","table":"Root","row":{"name":"x"}}"#)
        #expect(try fixture.transact(wait("")) == [.object([])])
    }

    @Test func readOnlyRefusesWhatWrites() throws {
        var fixture = try Fixture(testSchema)
        fixture.isReadOnly = true
        let commit = try fixture.transact(#"{"op":"commit","durable":false}"#)
        #expect(
            commit[0]?["details"]
                == "commit operation not allowed when database server is in read only mode")
        let insert = try fixture.transact(#"{"op":"insert","table":"Root","row":{}}"#)
        #expect(insert[0]?["error"] == "not allowed")
        #expect(fixture.database.rowCount == 0)
        let select = try fixture.transact(#"{"op":"select","table":"Root","where":[]}"#)
        #expect(select == [["rows": .array([])]])
    }

    @Test func reservedDatabaseRefusesWhatWrites() throws {
        let schema = DatabaseSchema(
            name: "_Server", version: "1.0.0",
            tables: [TableSchema(name: "T", columns: [ColumnSchema("c", .integer)])])
        var fixture = Fixture(schema)
        let insert = try fixture.transact(#"{"op":"insert","table":"T","row":{}}"#)
        #expect(
            insert[0]?["details"]
                == "insert operation not allowed on table in reserved database _Server")
    }

    @Test func assertAsksForTheLock() throws {
        var fixture = try Fixture(testSchema)
        fixture.locks = ["mine"]
        #expect(try fixture.transact(#"{"op":"assert","lock":"mine"}"#) == [.object([])])
    }

    @Test func versionChangesWithTheRowOnly() throws {
        var fixture = try Fixture(testSchema)
        try fixture.transact(
            #"{"op":"insert","table":"Root","uuid":"\#(id(100))","row":{"name":"a"}}"#)
        let uuid = RowUUID(high: 0, low: 100)
        let first = fixture.database.table("Root")?[uuid]?.version
        try fixture.transact(#"{"op":"update","table":"Root","where":[],"row":{"name":"a"}}"#)
        #expect(fixture.lastDelta == nil)
        #expect(fixture.database.table("Root")?[uuid]?.version == first)
        try fixture.transact(#"{"op":"update","table":"Root","where":[],"row":{"scratch":1}}"#)
        let second = fixture.database.table("Root")?[uuid]?.version
        #expect(second != nil && second != first)
        let change = fixture.lastDelta?.tables.first?.rows.first
        #expect(change?.oldVersion == first)
        #expect(change?.newVersion == second)
    }

    @Test func durabilityAndCommentsAreHandedOn() throws {
        var fixture = try Fixture(testSchema)
        try fixture.transact(
            #"{"op":"comment","comment":"a"},{"op":"commit","durable":true},{"op":"comment","comment":"b"}"#
        )
        #expect(fixture.lastResult?.comment == "a\nb")
        #expect(fixture.lastResult?.isDurable == true)
        try fixture.transact(#"{"op":"commit","durable":false}"#)
        #expect(fixture.lastResult?.comment == nil)
        #expect(fixture.lastResult?.isDurable == false)
    }

    @Test func aCopyIsASnapshot() throws {
        var fixture = try Fixture(testSchema)
        try fixture.transact(#"{"op":"insert","table":"Root","row":{"name":"a"}}"#)
        let snapshot = fixture.database
        let contents = snapshot.contents
        try fixture.transact(#"{"op":"delete","table":"Root","where":[]}"#)
        #expect(fixture.database.rowCount == 0)
        #expect(snapshot.contents == contents)
    }

    /// The delta is all that another copy of the database needs.
    @Test func deltasCarryEverything() throws {
        var fixture = try Fixture(testSchema)
        var copy = fixture.database
        let transactions = [
            #"{"op":"insert","table":"Root","uuid-name":"r","row":{"name":"a","child":["named-uuid","c"]}},{"op":"insert","table":"Child","uuid-name":"c","row":{}},{"op":"insert","table":"Root","row":{"name":"b","friends":["named-uuid","r"]}}"#,
            #"{"op":"update","table":"Root","where":[["name","==","a"]],"row":{"child":["set",[]]}}"#,
            #"{"op":"delete","table":"Root","where":[["name","==","a"]]}"#,
        ]
        for transaction in transactions {
            try fixture.transact(transaction)
            copy.apply(try #require(fixture.lastDelta))
            #expect(copy.contents == fixture.database.contents)
        }
        #expect(copy.rowCount == 1)
    }
}

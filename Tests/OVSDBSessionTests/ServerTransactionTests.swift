import JSON
import OVSDBModel
import Testing

@testable import OVSDBSession

struct ServerDurabilityTests {
    @Test func nothingIsSeenBeforeItIsStored() throws {
        let server = try ServerHarness()
        server.storesAtOnce = false
        let (writer, reader, watcher) = (server.connect(), server.connect(), server.connect())
        _ = server.ask(watcher, "monitor", ["Zoo", "m", ["Animal": ["columns": ["name"]]]])
        server.send(writer, "transact", ["Zoo", ServerHarness.insert("cat")])
        server.send(reader, "transact", ["Zoo", ["op": "select", "table": "Animal", "where": []]])
        #expect(server.take(writer).isEmpty)
        #expect(server.take(reader).isEmpty, "a query that saw it waits, too")
        #expect(server.take(watcher).isEmpty)
        #expect(server.stores.count == 1)
        server.store()
        #expect(server.take(writer).count == 1)
        let rows = server.take(reader).last?["result"]?[0]?["rows"]
        #expect(rows?.array?.count == 1)
        #expect(server.take(watcher).map { $0["method"] } == ["update"])
    }

    @Test func whatCannotBeStoredNeverHappened() throws {
        let server = try ServerHarness()
        #expect(server.transact(server.connect(), ServerHarness.insert("dog")) != nil)
        server.storesAtOnce = false
        let (writer, reader, watcher) = (server.connect(), server.connect(), server.connect())
        _ = server.ask(watcher, "monitor", ["Zoo", "m", ["Animal": ["columns": ["name"]]]])
        server.send(writer, "transact", ["Zoo", ServerHarness.insert("cat")])
        server.send(writer, "transact", ["Zoo", ServerHarness.insert("cow")], id: 2)
        let select: JSON = ["op": "select", "table": "Animal", "where": [], "columns": ["name"]]
        server.send(reader, "transact", ["Zoo", select])
        server.failToStore()
        let replies = server.take(writer)
        #expect(replies.map { $0["id"] } == [1, 2])
        #expect(replies.allSatisfy { $0["result"]?[1]?["error"] == "I/O error" })
        #expect(server.take(reader).last?["result"]?[1]?["error"] == "I/O error")
        #expect(server.take(watcher).isEmpty)
        server.storesAtOnce = true
        #expect(server.transact(reader, select)?[0]?["rows"] == [["name": "dog"]])
        // Reports about records of before the failure come too late to mean anything.
        server.handle(.stored(database: "Zoo", epoch: 0, states: [RowUUID(high: 5, low: 5)]))
        #expect(server.transact(writer, ServerHarness.insert("cow"))?[0]?["uuid"] != nil)
    }

    @Test func whatIsNotKeptIsNotStored() throws {
        let server = try ServerHarness()
        let session = server.connect()
        _ = server.transact(session, ServerHarness.insert("cat"))
        server.storesAtOnce = false
        #expect(
            server.transact(session, ServerHarness.update("cat", ["seen": 5])) == [["count": 1]])
        #expect(server.stores.isEmpty)
    }
}

struct ServerWaitTests {
    private let wait: JSON = [
        "op": "wait", "table": "Animal", "where": [], "columns": ["name"], "until": "==",
        "rows": [["name": "cat"]],
    ]

    @Test func aWaitEndsWhenTheDatabaseChanges() throws {
        let server = try ServerHarness()
        let (waiter, writer) = (server.connect(), server.connect())
        server.send(waiter, "transact", ["Zoo", wait, ServerHarness.insert("dog")])
        #expect(server.take(waiter).isEmpty)
        #expect(server.core.deadline == nil)
        _ = server.transact(writer, ServerHarness.insert("cat"))
        let results = server.take(waiter).last?["result"]
        #expect(results?[0] == [:])
        #expect(results?[1]?["uuid"] != nil)
    }

    @Test func aWaitTimesOut() throws {
        let server = try ServerHarness()
        let waiter = server.connect()
        server.send(
            waiter, "transact",
            ["Zoo", .object((wait.members ?? []) + [.init("timeout", 50)])])
        #expect(server.core.deadline == server.now + 50)
        server.now += 50
        server.handle(.timer)
        #expect(
            server.take(waiter).last?["result"]
                == [["error": "timed out", "details": "\"wait\" timed out after 50 ms"]])
        #expect(server.core.deadline == nil)
    }

    @Test func aWaitCanBeCanceledAndItsNumberIsTaken() throws {
        let server = try ServerHarness()
        let waiter = server.connect()
        server.send(waiter, "transact", ["Zoo", wait], id: 7)
        #expect(
            server.ask(waiter, "transact", ["Zoo"], id: 7).last?["error"]?["details"]
                == "transact: duplicate request ID")
        server.handle(.received(waiter, ["method": "cancel", "params": [7], "id": nil]))
        #expect(
            server.take(waiter) == [["id": 7, "result": nil, "error": "canceled"]])
        #expect(server.ask(waiter, "transact", ["Zoo"], id: 7).last?["result"] == [])
    }

    @Test func aWaitOfAClosedSessionIsForgotten() throws {
        let server = try ServerHarness()
        let (waiter, writer) = (server.connect(), server.connect())
        server.send(waiter, "transact", ["Zoo", wait, ServerHarness.insert("dog")])
        server.handle(.closed(waiter))
        _ = server.transact(writer, ServerHarness.insert("cat"))
        let select: JSON = ["op": "select", "table": "Animal", "where": [], "columns": ["name"]]
        #expect(server.transact(writer, select)?[0]?["rows"] == [["name": "cat"]])
    }
}

struct ServerRequestTests {
    @Test func refusesInTheWordsOfStockServers() throws {
        let server = try ServerHarness()
        let session = server.connect()
        let refusals: [(String, JSON, JSON)] = [
            ("nosuch", [], "unknown method"),
            (
                "transact", ["Ark"],
                [
                    "error": "unknown database",
                    "details": "transact request specifies unknown database Ark",
                    "syntax": "[\"Ark\"]",
                ]
            ),
            (
                "get_schema", [],
                [
                    "error": "syntax error",
                    "details": "get_schema request params must begin with <db-name>",
                    "syntax": "[]",
                ]
            ),
            (
                "set_db_change_aware", [1],
                [
                    "error": "syntax error",
                    "details": "set_db_change_aware: true or false parameter expected",
                    "syntax": "[1]",
                ]
            ),
            ("monitor_cancel", ["m"], "unknown monitor"),
            ("monitor_cancel", [], "invalid parameters"),
        ]
        for (method, parameters, error) in refusals {
            #expect(
                server.ask(session, method, parameters)
                    == [["id": 1, "result": nil, "error": error]])
        }
    }

    @Test func answersWhatNeedsNoDatabase() throws {
        let server = try ServerHarness()
        let session = server.connect()
        #expect(server.ask(session, "list_dbs", []).last?["result"] == ["Zoo", "_Server"])
        #expect(server.ask(session, "echo", [1, "a"]).last?["result"] == [1, "a"])
        let identity = server.ask(session, "get_server_id", []).last?["result"]?.string ?? ""
        #expect(RowUUID(parsing: identity) != nil)
        #expect(server.ask(session, "get_schema", ["Zoo"]).last?["result"]?["name"] == "Zoo")
    }

    @Test func aMessageOfNoKindEndsTheSession() throws {
        for message: JSON in [
            ["id": 3, "result": []], ["method": 5, "params": [], "id": 1],
            ["method": "echo", "params": [:], "id": 1], [1], [:],
        ] {
            let server = try ServerHarness()
            let session = server.connect()
            server.handle(.received(session, message))
            #expect(server.closed[session] != nil, "\(message)")
        }
    }

    @Test func anUnknownNotificationIsIgnored() throws {
        let server = try ServerHarness()
        let session = server.connect()
        server.handle(.received(session, ["method": "nosuch", "params": []]))
        #expect(server.closed.isEmpty)
        #expect(server.take(session).isEmpty)
    }
}

struct ServerDatabaseTests {
    @Test func theServerDescribesItsDatabases() throws {
        let server = try ServerHarness()
        let session = server.connect()
        let reply = server.ask(
            session, "monitor_cond",
            ["_Server", "s", ["Database": [["columns": ["name", "model", "schema", "leader"]]]]])
        let rows = reply.last?["result"]?.rows(of: "Database").compactMap { $0["initial"] } ?? []
        #expect(Set(rows.compactMap { $0["name"]?.string }) == ["Zoo", "_Server"])
        #expect(rows.allSatisfy { $0["model"] == "standalone" && $0["leader"] == true })
        let zoo = rows.first { $0["name"] == "Zoo" }
        let schema = try JSON.parse(Array((zoo?["schema"]?.string ?? "").utf8))
        #expect(schema["tables"]?["Animal"] != nil)
    }

    @Test func theReservedDatabaseIsReadOnly() throws {
        let server = try ServerHarness()
        let session = server.connect()
        let reply = server.ask(
            session, "transact",
            ["_Server", ["op": "delete", "table": "Database", "where": []]])
        #expect(reply.last?["result"]?[0]?["error"] == "not allowed")
    }

    @Test func removalIsToldToTheAwareAndEndsTheOthers() throws {
        let server = try ServerHarness()
        let (aware, unaware) = (server.connect(), server.connect())
        _ = server.ask(aware, "set_db_change_aware", [true])
        _ = server.ask(aware, "monitor", ["Zoo", "m", ["Animal": [:]]])
        _ = server.ask(aware, "monitor", ["_Server", "s", ["Database": ["columns": ["name"]]]])
        server.send(
            aware, "transact",
            ["Zoo", ["op": "wait", "table": "Animal", "where": [], "until": "!=", "rows": []]],
            id: 9)
        server.removeZoo()
        let messages = server.take(aware)
        #expect(messages.contains(["id": nil, "method": "monitor_canceled", "params": ["m"]]))
        #expect(messages.contains(["id": 9, "result": nil, "error": "canceled"]))
        let update = messages.first { $0["method"] == "update" }?.updates
        #expect(update?.rows(of: "Database").first?["old"] == ["name": "Zoo"])
        #expect(server.closed.keys.sorted() == [unaware])
        #expect(server.ask(aware, "list_dbs", []).last?["result"] == ["_Server"])
    }
}

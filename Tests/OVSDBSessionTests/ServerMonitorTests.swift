import JSON
import OVSDBModel
import Testing

@testable import OVSDBSession

struct ServerMonitorTests {
    private typealias H = ServerHarness

    @Test func contentsAreToldOldAndNew() throws {
        let server = try ServerHarness()
        let session = server.connect()
        _ = server.transact(session, H.insert("cat"))
        let reply = server.ask(
            session, "monitor", ["Zoo", "m", ["Animal": ["columns": ["name", "legs"]]]])
        #expect(
            reply.last?["result"]?.rows(of: "Animal") == [["new": ["name": "cat", "legs": 4]]])
        _ = server.ask(session, "transact", ["Zoo", H.update("cat", ["legs": 3])])
        server.send(session, "transact", ["Zoo", H.update("cat", ["legs": 2, "weight": 7])])
        server.send(session, "transact", ["Zoo", H.update("cat", ["weight": 8])])
        server.send(session, "transact", ["Zoo", H.delete("cat")])
        let updates = server.take(session).filter { $0["method"] == "update" }.map(\.updates)
        #expect(
            updates.map { $0?.rows(of: "Animal").first } == [
                ["old": ["legs": 3], "new": ["name": "cat", "legs": 2]],
                ["old": ["name": "cat", "legs": 2]],
            ], "a change of columns that are not monitored is not told")
    }

    @Test func differencesAreToldAsSetsMapsAndScalarsDiffer() throws {
        let server = try ServerHarness()
        let session = server.connect()
        let columns: JSON = ["columns": ["name", "legs", "tags", "notes", "weight"]]
        _ = server.ask(session, "monitor_cond", ["Zoo", "m", ["Animal": [columns]]])
        let row: JSON = [
            "name": "cat", "tags": ["set", ["a", "b"]],
            "notes": ["map", [["k", "1"], ["l", "2"]]],
            "weight": 5,
        ]
        server.send(session, "transact", ["Zoo", ["op": "insert", "table": "Animal", "row": row]])
        server.send(
            session, "transact",
            [
                "Zoo",
                H.update(
                    "cat",
                    [
                        "tags": ["set", ["b", "c"]], "notes": ["map", [["k", "1"], ["l", "3"]]],
                        "weight": ["set", []],
                    ]),
            ])
        server.send(session, "transact", ["Zoo", H.delete("cat")])
        let updates = server.take(session).filter { $0["method"] == "update2" }.map(\.updates)
        #expect(
            updates.map { $0?.rows(of: "Animal").first } == [
                ["insert": row],
                [
                    "modify": [
                        "notes": ["map", [["l", "3"]]], "tags": ["set", ["a", "c"]],
                        "weight": ["set", []],
                    ]
                ], ["delete": nil],
            ])
    }

    @Test func ownUpdatesComeBeforeTheOwnReply() throws {
        let server = try ServerHarness()
        let session = server.connect()
        _ = server.ask(session, "monitor", ["Zoo", "m", ["Animal": ["columns": ["name"]]]])
        let messages = server.ask(session, "transact", ["Zoo", H.insert("cat")], id: 5)
        #expect(messages.map { $0["method"] ?? $0["id"] } == ["update", 5])
    }

    @Test func rowsEnterAndLeaveWithTheCondition() throws {
        let server = try ServerHarness()
        let session = server.connect()
        _ = server.transact(session, H.insert("cat"), H.insert("hen", legs: 2))
        let request: JSON = [
            "columns": ["name"], "where": [["legs", ">", 3], ["name", "==", "eel"]],
        ]
        let reply = server.ask(session, "monitor_cond", ["Zoo", "m", ["Animal": [request]]])
        #expect(reply.last?["result"]?.rows(of: "Animal") == [["initial": ["name": "cat"]]])
        server.send(session, "transact", ["Zoo", H.update("hen", ["legs": 4])])
        server.send(session, "transact", ["Zoo", H.update("cat", ["legs": 1])])
        server.send(session, "transact", ["Zoo", H.insert("eel", legs: 0)])
        server.send(session, "transact", ["Zoo", H.insert("emu", legs: 2)])
        let updates = server.take(session).filter { $0["method"] == "update2" }.map(\.updates)
        #expect(
            updates.map { $0?.rows(of: "Animal").first } == [
                ["insert": ["name": "hen"]], ["delete": nil], ["insert": ["name": "eel"]],
            ])
    }

    @Test func aNewConditionTellsTheDifferenceBeforeItsReply() throws {
        let server = try ServerHarness()
        let session = server.connect()
        _ = server.transact(session, H.insert("cat"), H.insert("hen", legs: 2))
        let request: JSON = ["columns": ["name"], "where": [["name", "==", "cat"]]]
        _ = server.ask(session, "monitor_cond", ["Zoo", "m", ["Animal": [request]]])
        let messages = server.ask(
            session, "monitor_cond_change",
            ["m", "n", ["Animal": [["where": [["name", "==", "hen"]]]]]])
        #expect(messages.map { $0["method"] ?? $0["id"] } == ["update2", 1])
        #expect(messages.first?["params"]?[0] == "n")
        #expect(
            Set(messages.first?.updates?.rows(of: "Animal") ?? [])
                == [["delete": nil], ["insert": ["name": "hen"]]])
        #expect(server.ask(session, "monitor_cancel", ["m"]).last?["error"] == "unknown monitor")
        _ = server.transact(session, H.update("cat", ["legs": 1]))
        #expect(server.ask(session, "monitor_cancel", ["n"]).last?["result"] == [:])
        #expect(
            server.ask(session, "transact", ["Zoo", H.delete("hen")]).map { $0["id"] } == [1],
            "nothing is told after the end of the monitor")
    }

    @Test func selectLimitsWhatIsTold() throws {
        let server = try ServerHarness()
        let session = server.connect()
        _ = server.transact(session, H.insert("cat"))
        let select: JSON = ["initial": false, "delete": false]
        let reply = server.ask(
            session, "monitor",
            ["Zoo", "m", ["Animal": ["columns": ["name"], "select": select]]])
        #expect(reply.last?["result"] == [:])
        server.send(session, "transact", ["Zoo", H.delete("cat")])
        server.send(session, "transact", ["Zoo", H.insert("dog")])
        let updates = server.take(session).filter { $0["method"] == "update" }.map(\.updates)
        #expect(updates.map { $0?.rows(of: "Animal").first } == [["new": ["name": "dog"]]])
    }

    @Test func aTableWithoutColumnsStillTellsItsRows() throws {
        let server = try ServerHarness()
        let session = server.connect()
        _ = server.transact(session, H.insert("cat"))
        let reply = server.ask(
            session, "monitor_cond", ["Zoo", "m", ["Animal": [["columns": []]]]])
        #expect(reply.last?["result"]?.rows(of: "Animal") == [["initial": [:]]])
    }

    @Test func equalWishesShareOneText() throws {
        let server = try ServerHarness()
        let sessions = (0..<3).map { _ in server.connect() }
        let request: JSON = ["Zoo", "m", ["Animal": [["columns": ["name"]]]]]
        for session in sessions { _ = server.ask(session, "monitor_cond", request) }
        _ = server.transact(server.connect(), H.insert("cat"))
        let updates = server.payloads.filter { payload in sessions.contains(payload.session) }
            .suffix(3)
        #expect(updates.map(\.session) == sessions)
        let addresses = updates.map { $0.bytes.withUnsafeBytes(\.baseAddress) }
        #expect(Set(addresses).count == 1)
    }

    @Test func requestsAreRefusedWithTheirFault() throws {
        let server = try ServerHarness()
        let session = server.connect()
        _ = server.ask(session, "monitor", ["Zoo", "m", ["Animal": ["columns": ["name"]]]])
        let refusals: [(String, JSON, String)] = [
            ("monitor", ["Zoo", "m", [:]], "duplicate monitor ID"),
            ("monitor", ["Zoo", "n", []], "monitor-requests must be object"),
            ("monitor", ["Zoo", "n", ["Ark": [:]]], "no table named Ark"),
            (
                "monitor", ["Zoo", "n", ["Animal": ["columns": ["wings"]]]],
                "wings is not a valid column name"
            ),
            (
                "monitor", ["Zoo", "n", ["Animal": ["columns": ["name", "name"]]]],
                "column name mentioned more than once"
            ),
            ("monitor_cond", ["Zoo", "n"], "invalid parameters"),
            ("monitor_cond_since", ["Zoo", "n", [:], 1], "last-txn-id must be string"),
            ("monitor_cond_since", ["Zoo", "n", [:], "x"], "last-txn-id must be UUID format."),
            ("monitor_cond_change", ["x", "x", [:]], "unknown monitor session"),
            (
                "monitor_cond_change", ["m", "m", ["Keeper": [[:]]]],
                "no table named Keeper in monitor session"
            ),
            (
                "monitor_cond_change", ["m", "m", ["Animal": [["columns": ["name"]]]]],
                "changing columns is unsupported"
            ),
        ]
        for (method, parameters, details) in refusals {
            let error = server.ask(session, method, parameters).last?["error"]
            #expect(error?["details"] == .string(details), "\(method) \(parameters)")
        }
    }
}

struct ServerSlowClientTests {
    private typealias H = ServerHarness

    @Test func aSlowClientGetsOneUpdateForAllThatHappened() throws {
        let server = try ServerHarness()
        let (slow, writer) = (server.connect(), server.connect())
        _ = server.transact(writer, H.insert("cat"), H.insert("dog"))
        let columns: JSON = ["columns": ["name", "legs", "tags"]]
        _ = server.ask(slow, "monitor_cond", ["Zoo", "m", ["Animal": [columns]]])
        server.handle(.congested(slow))
        _ = server.transact(writer, H.update("cat", ["tags": ["set", ["a"]]]))
        _ = server.transact(writer, H.update("cat", ["tags": ["set", ["b"]], "legs": 3]))
        _ = server.transact(writer, H.insert("eel"))
        _ = server.transact(writer, H.delete("eel"))
        _ = server.transact(writer, H.delete("dog"))
        #expect(server.take(slow).isEmpty)
        server.handle(.drained(slow))
        let messages = server.take(slow)
        #expect(messages.count == 1)
        #expect(
            Set(messages.first?.updates?.rows(of: "Animal") ?? []) == [
                ["modify": ["legs": 3, "tags": "b"]], ["delete": nil],
            ])
        _ = server.transact(writer, H.insert("hen"))
        #expect(server.take(slow).count == 1)
    }

    @Test func aSlowClientsOwnReplyComesAfterItsUpdates() throws {
        let server = try ServerHarness()
        let (slow, writer) = (server.connect(), server.connect())
        _ = server.ask(slow, "monitor_cond", ["Zoo", "m", ["Animal": [["columns": ["name"]]]]])
        server.handle(.congested(slow))
        _ = server.transact(writer, H.insert("cat"))
        let messages = server.ask(slow, "transact", ["Zoo", H.insert("dog")], id: 5)
        #expect(messages.map { $0["method"] ?? $0["id"] } == ["update2", 5])
        #expect(messages.first?.updates?.rows(of: "Animal").count == 2)
    }

    @Test func nothingHappenedToASlowClientIsNothingTold() throws {
        let server = try ServerHarness()
        let (slow, writer) = (server.connect(), server.connect())
        _ = server.ask(slow, "monitor_cond", ["Zoo", "m", ["Animal": [["columns": ["name"]]]]])
        server.handle(.congested(slow))
        _ = server.transact(writer, H.insert("cat"))
        _ = server.transact(writer, H.delete("cat"))
        server.handle(.drained(slow))
        #expect(server.take(slow).isEmpty)
    }

    @Test func aLargeReplyIsMadeElsewhereWhileTransactionsGoOn() throws {
        var limits = ServerLimits()
        limits.inlineRows = 1
        let server = try ServerHarness(limits: limits)
        let (reader, writer) = (server.connect(), server.connect())
        _ = server.transact(writer, H.insert("cat"), H.insert("dog"))
        server.send(reader, "monitor_cond", ["Zoo", "m", ["Animal": [["columns": ["name"]]]]])
        server.send(reader, "echo", ["after"], id: 2)
        let job = try #require(server.jobs.first)
        _ = server.transact(writer, H.delete("dog"), H.insert("hen"))
        #expect(server.take(reader).isEmpty)
        server.handle(.finished(job.run()))
        let messages = server.take(reader)
        #expect(messages.map { $0["method"] ?? $0["id"] } == [1, "update2", 2])
        #expect(
            Set(messages[0]["result"]?.rows(of: "Animal") ?? [])
                == [["initial": ["name": "cat"]], ["initial": ["name": "dog"]]])
        #expect(
            Set(messages[1].updates?.rows(of: "Animal") ?? [])
                == [["delete": nil], ["insert": ["name": "hen"]]])
    }

    @Test func aResultForAClosedSessionIsDropped() throws {
        var limits = ServerLimits()
        limits.inlineRows = 0
        let server = try ServerHarness(limits: limits)
        let reader = server.connect()
        _ = server.transact(reader, H.insert("cat"))
        server.send(reader, "monitor_cond", ["Zoo", "m", ["Animal": [[:]]]])
        let job = try #require(server.jobs.first)
        server.handle(.closed(reader))
        server.handle(.finished(job.run()))
        #expect(server.take(reader).isEmpty)
    }
}

struct ServerResumeTests {
    private typealias H = ServerHarness
    private let request: JSON = ["Animal": [["columns": ["name", "legs"]]]]

    private func since(
        _ server: ServerHarness, _ session: SessionID, _ state: JSON?
    ) -> JSON? {
        let state = state ?? .string(RowUUID.zero.description)
        return server.ask(session, "monitor_cond_since", ["Zoo", "m", request, state])
            .last?["result"]
    }

    @Test func aClientThatComesBackGetsWhatItMissed() throws {
        let server = try ServerHarness()
        let (first, writer) = (server.connect(), server.connect())
        _ = server.transact(writer, H.insert("cat"), H.insert("dog"))
        let initial = since(server, first, nil)
        #expect(initial?[0] == false)
        #expect(initial?[2]?.rows(of: "Animal").count == 2)
        _ = server.transact(writer, H.update("cat", ["legs": 3]))
        let update = server.take(first).last
        #expect(update?["method"] == "update3")
        let state = update?["params"]?[1]
        #expect(state != initial?[1])
        server.handle(.closed(first))
        _ = server.transact(writer, H.update("cat", ["legs": 2]))
        _ = server.transact(writer, H.update("cat", ["legs": 1]))
        _ = server.transact(writer, H.delete("dog"))
        _ = server.transact(writer, H.insert("eel"))
        _ = server.transact(writer, H.delete("eel"))
        let second = server.connect()
        let resumed = since(server, second, state)
        #expect(resumed?[0] == true)
        #expect(
            Set(resumed?[2]?.rows(of: "Animal") ?? [])
                == [["modify": ["legs": 1]], ["delete": nil]])
        let third = server.connect()
        let again = since(server, third, resumed?[1])
        #expect(again == [true, resumed?[1] ?? nil, [:]])
    }

    @Test func anUnknownStateGetsEverything() throws {
        let server = try ServerHarness()
        let session = server.connect()
        _ = server.transact(session, H.insert("cat"))
        let reply = since(server, session, .string(RowUUID(high: 77, low: 7).description))
        #expect(reply?[0] == false)
        #expect(reply?[2]?.rows(of: "Animal") == [["initial": ["name": "cat", "legs": 4]]])
    }

    @Test func theHistoryIsBounded() throws {
        var limits = ServerLimits()
        limits.historyTransactions = 3
        let server = try ServerHarness(limits: limits)
        let session = server.connect()
        _ = server.transact(session, H.insert("cat"))
        let old = since(server, session, nil)?[1]
        _ = server.ask(session, "monitor_cancel", ["m"])
        for legs: JSON in [1, 2, 3] {
            _ = server.transact(session, H.update("cat", ["legs": legs]))
        }
        #expect(since(server, session, old)?[0] == true)
        _ = server.ask(session, "monitor_cancel", ["m"])
        _ = server.transact(session, H.update("cat", ["legs": 4]))
        #expect(since(server, session, old)?[0] == false)
    }

    @Test func afterARestartOnlyLastingColumnsResume() throws {
        let state = RowUUID(high: 9, low: 0)
        for (columns, isFound): (JSON, JSON) in [
            (["name"], true), (["name", "seen"], false), (["name", "_version"], false),
        ] {
            // The harness's database is one that was opened in the state `9`.
            let server = try ServerHarness()
            let session = server.connect()
            let reply = server.ask(
                session, "monitor_cond_since",
                [
                    "Zoo", "m", ["Animal": [["columns": columns]]],
                    .string(state.description),
                ])
            #expect(reply.last?["result"]?[0] == isFound, "\(columns)")
        }
    }
}

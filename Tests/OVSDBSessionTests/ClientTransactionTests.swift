import JSON
import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@Suite("Transactions of a client session")
struct ClientTransactionTests {
    private typealias Set = SB.AddressSet
    private static let one = ClientHarness.uuid(1)
    private static let two = ClientHarness.uuid(2)

    private func client(lock: String? = nil) throws -> ClientHarness {
        var client = ClientHarness.southbound { $0.lock = lock }
        try client.synchronize()
        if lock != nil { try client.answer("lock", ["locked": true]) }
        return client
    }

    private func submit(_ client: inout ClientHarness, _ builder: TransactionBuilder)
        -> TransactionID
    {
        let (id, actions) = client.session.submit(builder, now: client.now)
        client.perform(actions)
        return id
    }

    private func enqueue(_ client: inout ClientHarness, _ name: String) -> TransactionID {
        var builder = TransactionBuilder()
        builder.insert(Set(name: name), uuid: ClientHarness.uuid(UInt64(name.utf8.first ?? 0)))
        let (id, actions) = client.session.enqueue(builder, now: client.now)
        client.perform(actions)
        return id
    }

    @Test("Every operation, in the order in which servers want them")
    func operations() throws {
        var client = try client(lock: "ovn_northd")
        let old = Set(name: "x", addresses: ["a"], options: ["k": "v"])
        var builder = TransactionBuilder()
        builder.comment("first")
        builder.insert(SB.Chassis(name: "hv1", encaps: [Self.two]), uuid: Self.one)
        builder.insert(SB.Encap(type: "geneve", ip: "192.0.2.1"), placeholder: Self.two)
        builder.update(ClientHarness.uuid(3), from: old, to: Set(name: "y", options: ["k": "v"]))
        builder.mutate(Set.self, ClientHarness.uuid(3), .options, .insert(Datum(["k": "w"])))
        builder.increment(SB.SBGlobal.self, ClientHarness.uuid(5), .nbCfg)
        builder.delete(Set.self, ClientHarness.uuid(4))
        builder.require(ClientHarness.uuid(3), [.name], of: old)
        builder.requireEmpty(SB.FDB.self)
        builder.comment("second")
        let id = submit(&client, builder)
        let receipt: JSON = [
            [:], [:], ["uuid": ["uuid", .string(Self.one.description)]],
            ["uuid": ["uuid", .string(ClientHarness.text(77))]], ["count": 1], ["count": 1],
            ["count": 1], ["count": 1], ["rows": [["nb_cfg": 6]]], [:], [:],
        ]
        let sent = try client.answer("transact", receipt)
        func on(_ number: UInt64) -> JSON {
            [["_uuid", "==", ["uuid", .string(ClientHarness.text(number))]]]
        }
        let name = "row00000000-0000-4000-8000-000000000002".replacingDashes
        let expected: [JSON] = [
            "OVN_Southbound",
            [
                "op": "wait", "table": "Address_Set", "where": on(3), "columns": ["name"],
                "until": "==", "timeout": 0, "rows": [["name": "x"]],
            ],
            [
                "op": "wait", "table": "FDB", "where": [], "until": "==", "timeout": 0, "rows": [],
            ],
            [
                "op": "insert", "table": "Chassis", "uuid": .string(Self.one.description),
                "row": ["encaps": ["named-uuid", .string(name)], "name": "hv1"],
            ],
            [
                "op": "insert", "table": "Encap", "uuid-name": .string(name),
                "row": ["ip": "192.0.2.1", "type": "geneve"],
            ],
            [
                "op": "update", "table": "Address_Set", "where": on(3), "row": ["name": "y"],
            ],
            [
                "op": "mutate", "table": "Address_Set", "where": on(3),
                "mutations": [
                    ["addresses", "delete", "a"], ["options", "delete", "k"],
                    ["options", "insert", ["map", [["k", "w"]]]],
                ],
            ],
            [
                "op": "mutate", "table": "SB_Global", "where": on(5),
                "mutations": [["nb_cfg", "+=", 1]],
            ],
            ["op": "delete", "table": "Address_Set", "where": on(4)],
            ["op": "select", "table": "SB_Global", "where": on(5), "columns": ["nb_cfg"]],
            ["op": "comment", "comment": "first\nsecond"],
            ["op": "assert", "lock": "ovn_northd"],
        ]
        #expect(sent.array?.count == expected.count)
        for (sent, expected) in zip(sent.array ?? [], expected) { #expect(sent == expected) }
        var wanted = TransactionReceipt()
        wanted.inserted = [Self.one: Self.one, Self.two: ClientHarness.uuid(77)]
        wanted.values = [6]
        #expect(client.outcomes[id] == .committed(wanted))
    }

    @Test("Of sets and maps only what differs is written")
    func differences() throws {
        var client = try client()
        let old = Set(addresses: ["a", "b"], options: ["k": "v", "l": "v", "m": "v"])
        let new = Set(addresses: ["b", "c"], options: ["k": "w", "m": "v", "n": "v"])
        var builder = TransactionBuilder()
        builder.update(Self.one, from: old, to: new)
        builder.update(Self.two, from: Set(), to: Set(addresses: ["a"]))
        builder.update(ClientHarness.uuid(3), from: new, to: new)
        _ = submit(&client, builder)
        let sent = try client.answer("transact", [["count": 1], ["count": 1]])
        func on(_ uuid: RowUUID) -> JSON {
            [["_uuid", "==", ["uuid", .string(uuid.description)]]]
        }
        let first: JSON = [
            "op": "mutate", "table": "Address_Set", "where": on(Self.one),
            "mutations": [
                ["addresses", "insert", "c"], ["addresses", "delete", "a"],
                ["options", "delete", ["set", ["k", "n"]]],
                ["options", "insert", ["map", [["k", "w"], ["n", "v"]]]],
                ["options", "delete", "l"],
            ],
        ]
        let second: JSON = [
            "op": "mutate", "table": "Address_Set", "where": on(Self.two),
            "mutations": [["addresses", "insert", "a"]],
        ]
        #expect(sent.array == ["OVN_Southbound", first, second])
    }

    struct Reply: Sendable {
        var result: JSON
        var outcome: String
    }

    @Test(
        "What a reply means",
        arguments: [
            Reply(result: [["count": 1]], outcome: "committed"),
            Reply(result: [["error": "timed out", "details": "x"]], outcome: "again"),
            Reply(result: [nil], outcome: "again"),
            Reply(result: [["error": "unknown database"]], outcome: "again"),
            Reply(result: [["error": "not owner"]], outcome: "not locked"),
            Reply(result: [["error": "aborted"]], outcome: "committed"),
            Reply(result: [["error": "constraint violation"], nil], outcome: "failed"),
            Reply(
                result: [["count": 1], ["error": "referential integrity violation"]],
                outcome: "failed"),
            Reply(result: [["error": "not owner"], ["error": "not allowed"]], outcome: "failed"),
        ])
    func classification(_ reply: Reply) throws {
        var client = try client()
        var builder = TransactionBuilder()
        builder.delete(Set.self, Self.one)
        let id = submit(&client, builder)
        try client.answer("transact", reply.result)
        let kind =
            switch client.outcomes[id] {
            case .committed: "committed"
            case .tryAgain: "again"
            case .notLocked: "not locked"
            case .failed: "failed"
            case nil: "none"
            }
        #expect(kind == reply.outcome)
    }

    @Test("An error names table, row and column")
    func errors() throws {
        var client = try client()
        var builder = TransactionBuilder()
        builder.update(Self.one, [.name], of: Set(name: "x"))
        let first = submit(&client, builder)
        try client.answer(
            "transact",
            [
                [
                    "error": "constraint violation",
                    "details": "Cannot update immutable column name in table Address_Set.",
                ]
            ])
        let second = submit(&client, builder)
        try client.answer(
            "transact",
            [
                ["count": 1],
                [
                    "error": "referential integrity violation",
                    "details": .string(
                        "Table Port_Binding column datapath row \(Self.two) references nonexistent row "
                            + "\(Self.one) in table Datapath_Binding."),
                ],
            ])
        guard case .failed(let update) = client.outcomes[first],
            case .failed(let commit) = client.outcomes[second]
        else { return #expect(Bool(false), "not failed") }
        #expect(update.table == "Address_Set" && update.uuid == Self.one)
        #expect(update.column == "name")
        #expect(commit.uuid == Self.two && commit.column == "datapath")
    }

    @Test("A request that is refused as a whole")
    func refusal() throws {
        var client = try client()
        var builder = TransactionBuilder()
        builder.delete(Set.self, Self.one)
        let canceled = submit(&client, builder)
        try client.refuse("transact", "canceled")
        #expect(client.outcomes[canceled] == .tryAgain("canceled"))
        let other = submit(&client, builder)
        try client.refuse("transact", ["error": "unknown database", "details": "none"])
        guard case .failed = client.outcomes[other] else {
            return #expect(Bool(false), "not failed")
        }
    }

    @Test("Every transaction has an outcome when the server is lost")
    func lost() throws {
        var client = try client()
        var builder = TransactionBuilder()
        builder.delete(Set.self, Self.one)
        let sent = submit(&client, builder)
        let merged = [enqueue(&client, "a"), enqueue(&client, "b")]
        client.handle(.disconnected("gone"))
        for id in [sent] + merged { #expect(client.outcomes[id] == .tryAgain("gone")) }
        let late = submit(&client, builder)
        #expect(client.outcomes[late] == .tryAgain("not connected"))
    }

    @Test("Writes that come while one is under way go together")
    func batch() throws {
        var client = try client()
        let first = enqueue(&client, "a")
        let others = [enqueue(&client, "b"), enqueue(&client, "c")]
        #expect(client.sent.count == 1)
        #expect(try client.answer("transact", [[:]]).array?.count == 2)
        #expect(client.outcomes.keys.sorted() == [first])
        #expect(try client.answer("transact", [[:], [:]]).array?.count == 3)
        #expect(client.outcomes.keys.sorted() == [first] + others)
        #expect(client.sent.isEmpty)
    }

    @Test("What failed in company is tried alone")
    func batchFails() throws {
        var client = try client()
        _ = enqueue(&client, "a")
        let (good, bad) = (enqueue(&client, "b"), enqueue(&client, "c"))
        try client.answer("transact", [[:]])
        try client.answer("transact", [[:], ["error": "constraint violation"]])
        #expect(client.outcomes[good] == nil)
        #expect(try client.answer("transact", [[:]])[1]?["row"] == ["name": "b"])
        try client.answer("transact", [["error": "constraint violation"]])
        guard case .committed = client.outcomes[good], case .failed = client.outcomes[bad] else {
            return #expect(Bool(false), "\(client.outcomes)")
        }
    }

    @Test("Without its lock a client writes nothing")
    func lock() throws {
        var client = ClientHarness.southbound { $0.lock = "l" }
        try client.synchronize()
        _ = client.takeLog()
        var builder = TransactionBuilder()
        builder.delete(Set.self, Self.one)
        #expect(try client.answer("lock", ["locked": false]) == ["l"])
        let early = submit(&client, builder)
        #expect(client.outcomes[early] == .notLocked && client.sent.isEmpty)
        try client.receive(#"{"method":"locked","id":null,"params":["l"]}"#)
        #expect(client.takeLog() == ["lock l awaited", "lock l acquired"])
        #expect(client.session.canWrite)
        _ = submit(&client, builder)
        _ = try client.take("transact")
        try client.receive(#"{"method":"stolen","id":null,"params":["l"]}"#)
        #expect(client.takeLog() == ["lock l lost"])
        #expect(client.outcomes[submit(&client, builder)] == .notLocked)
        try client.receive(#"{"method":"locked","id":null,"params":["l"]}"#)
        client.handle(.disconnected("gone"))
        #expect(client.takeLog() == ["lock l acquired", "unsynchronized", "lock l lost"])
    }

    @Test("A lock that is given up is unlocked, another one asked for")
    func otherLock() throws {
        var client = try client(lock: "l")
        _ = client.takeLog()
        client.perform(client.session.setLock("m", now: 0))
        #expect(client.takeLog() == ["lock l lost"])
        #expect(try client.answer("unlock", [:]) == ["l"])
        #expect(try client.answer("lock", ["locked": true]) == ["m"])
        #expect(client.session.hasLock)
    }

    @Test("Of several locks each has its own holder")
    func severalLocks() throws {
        var client = try client(lock: "l")
        client.perform(client.session.setOtherLocks(["a", "b"], now: 0))
        #expect(try client.answer("lock", ["locked": true]) == ["a"])
        #expect(try client.answer("lock", ["locked": false]) == ["b"])
        let states = ["l", "a", "b", "c"].map { client.session.state(ofLock: $0) }
        #expect(states == [.held, .held, .waiting, .none])
        client.perform(client.session.setOtherLocks(["b"], now: 0))
        #expect(try client.answer("unlock", [:]) == ["a"])
        try client.receive(#"{"method":"locked","id":null,"params":["b"]}"#)
        #expect(client.session.state(ofLock: "b") == .held && client.session.hasLock)
    }

    @Test("A transaction that names locks needs those and no other")
    func namedLock() throws {
        var client = try client(lock: "l")
        client.perform(client.session.setOtherLocks(["a"], now: 0))
        var builder = TransactionBuilder()
        builder.delete(Set.self, Self.one)
        builder.require(lock: "a")
        #expect(client.outcomes[submit(&client, builder)] == .notLocked)
        #expect(try client.answer("lock", ["locked": true]) == ["a"])
        try client.receive(#"{"method":"stolen","id":null,"params":["l"]}"#)
        _ = submit(&client, builder)
        let operations = try client.take("transact")["params"]?.array ?? []
        #expect(operations.last == ["op": "assert", "lock": "a"])
        #expect(!client.session.canWrite)
    }

    @Test("A transaction that relies on a row asks for one whose column includes the value")
    func requiredRow() throws {
        var client = try client()
        var builder = TransactionBuilder()
        builder.delete(Set.self, Self.one)
        builder.require(Set.self, .options, includes: Datum(["n": "5"] as [String: String]))
        _ = submit(&client, builder)
        let operations = try client.take("transact")["params"]?.array ?? []
        #expect(
            operations.dropFirst().first == [
                "op": "wait", "table": "Address_Set",
                "where": [["options", "includes", ["map", [["n", "5"]]]]], "columns": ["options"],
                "until": "!=", "timeout": 0, "rows": [],
            ])
    }
}

extension String {
    fileprivate var replacingDashes: String { String(map { $0 == "-" ? "_" : $0 }) }
}

@Suite("Merging writes")
struct ClientTransactionBuilderTests {
    private typealias Set = SB.AddressSet
    private static let one = ClientHarness.uuid(1)

    /// The operations that a transaction becomes.
    private func operations(_ builder: TransactionBuilder) throws -> [JSON] {
        var client = ClientHarness.southbound()
        try client.synchronize()
        client.perform(client.session.submit(builder, now: 0).actions)
        if client.sent.isEmpty { return [] }
        return Array((try client.take("transact")["params"]?.array ?? []).dropFirst())
    }

    @Test("The last write to a column wins")
    func lastWrite() throws {
        var builder = TransactionBuilder()
        builder.update(Self.one, [.name], of: Set(name: "x"))
        var other = TransactionBuilder()
        other.update(Self.one, [.name, .addresses], of: Set(name: "y", addresses: ["a"]))
        builder.merge(other)
        let sent = try operations(builder)
        #expect(sent.count == 1)
        #expect(sent[0]["row"] == ["name": "y", "addresses": "a"])
    }

    @Test("Element changes on top of a write change what is written")
    func mutateAfterWrite() throws {
        var builder = TransactionBuilder()
        builder.insert(Set(name: "x", addresses: ["a", "b"]), uuid: Self.one)
        builder.mutate(Set.self, Self.one, .addresses, .insert(Datum(["c"])))
        builder.mutate(Set.self, Self.one, .addresses, .delete(Datum(["a"])))
        builder.mutate(Set.self, Self.one, .options, .insert(Datum(["k": "v"])))
        builder.mutate(Set.self, Self.one, .options, .insert(Datum(["k": "w"])))
        let sent = try operations(builder)
        #expect(sent.count == 1)
        #expect(
            sent[0]["row"] == [
                "name": "x", "addresses": ["set", ["b", "c"]], "options": ["map", [["k", "w"]]],
            ])
    }

    @Test("A row that is inserted and deleted never was; one deleted and inserted is replaced")
    func insertAndDelete() throws {
        var builder = TransactionBuilder()
        builder.insert(Set(name: "x"), uuid: Self.one)
        builder.delete(Set.self, Self.one)
        #expect(builder.isEmpty)
        #expect(try operations(builder) == [])

        var replacing = TransactionBuilder()
        replacing.delete(Set.self, Self.one)
        var insertion = TransactionBuilder()
        insertion.insert(Set(name: "y"), uuid: Self.one)
        replacing.merge(insertion)
        let sent = try operations(replacing)
        #expect(sent.count == 1)
        #expect(sent[0]["op"] == "update")
        #expect(
            sent[0]["row"] == ["name": "y", "addresses": ["set", []], "options": ["map", []]])
    }

    @Test("Nothing to write is a success without asking the server")
    func empty() throws {
        var client = ClientHarness.southbound()
        try client.synchronize()
        let (id, actions) = client.session.submit(TransactionBuilder(), now: 0)
        client.perform(actions)
        #expect(client.outcomes[id] == .committed(TransactionReceipt()))
        #expect(client.sent.isEmpty)
    }
}

import JSON
import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@Suite("A client session follows a database")
struct ClientSessionTests {
    private typealias Set = SB.AddressSet

    @Test("The first conversation, message by message")
    func transcript() throws {
        var client = ClientHarness.southbound {
            $0.tables = [
                .init(
                    SB.Chassis.self, columns: [.name, .nbCfg],
                    condition: [Condition(SB.Chassis.Column.name, .equal, .one(.string("hv1")))])
            ]
        }
        #expect(client.takeLog() == ["connect a"])
        client.handle(.connected)
        #expect(try client.answer("get_schema", ClientHarness.serverSchema) == ["_Server"])
        let row = ClientHarness.serverRow(schema: SB.schema)
        let server = try client.answer(
            "monitor_cond", ["Database": [ClientHarness.serverUUID: ["initial": row]]])
        #expect(
            server == [
                "_Server", ["monid", "_Server"],
                [
                    "Database": [
                        [
                            "columns": ["connected", "index", "leader", "model", "name", "schema"]
                        ]
                    ]
                ],
            ])
        #expect(try client.answer("set_db_change_aware", [:]) == [true])
        let dump: JSON = ["Chassis": [.init(ClientHarness.text(1)): ["initial": ["name": "hv1"]]]]
        let monitor = try client.answer(
            "monitor_cond_since", [false, .string(ClientHarness.since), dump])
        #expect(
            monitor == [
                "OVN_Southbound", ["monid", "OVN_Southbound"],
                ["Chassis": [["columns": ["name", "nb_cfg"], "where": [["name", "==", "hv1"]]]]],
                "00000000-0000-0000-0000-000000000000",
            ])
        #expect(client.takeLog() == ["synchronized", "conditions 0"])
        #expect(client.session.replica.rows(SB.Chassis.self).map(\.row) == [.init(name: "hv1")])
        #expect(
            client.takeChanges().of(SB.Chassis.self) == [
                TypedChange(uuid: ClientHarness.uuid(1), old: nil, new: SB.Chassis(name: "hv1"))
            ])
    }

    @Test("Updates in all three forms", arguments: ["update3", "update2"])
    func updates(_ method: String) throws {
        var client = ClientHarness.southbound()
        try client.synchronize(
            ClientHarness.addressSets([
                (1, "initial", ["name": "x", "addresses": ["set", ["a", "b"]]]),
                (2, "initial", ["name": "y"]),
            ]))
        _ = client.takeChanges()
        let updates = ClientHarness.addressSets([
            (
                1, "modify",
                ["addresses": ["set", ["b", "c"]], "options": ["map", [["k", "v"]]]]
            ),
            (2, "delete", nil),
            (3, "insert", ["name": "z", "addresses": "d"]),
        ])
        let id: JSON = ["monid", "OVN_Southbound"]
        client.handle(
            .received([
                "method": .string(method), "id": nil,
                "params": method == "update2"
                    ? [id, updates] : [id, .string(ClientHarness.since), updates],
            ]))
        let changes = client.takeChanges().of(Set.self)
        #expect(changes.map(\.uuid) == [1, 2, 3].map(ClientHarness.uuid))
        #expect(
            changes.map(\.new) == [
                Set(name: "x", addresses: ["a", "c"], options: ["k": "v"]), nil,
                Set(name: "z", addresses: ["d"]),
            ])
        #expect(
            changes.map(\.old) == [Set(name: "x", addresses: ["a", "b"]), Set(name: "y"), nil])
    }

    @Test("A server without the newer methods gets the older ones")
    func fallback() throws {
        var client = ClientHarness.southbound()
        client.handle(.connected)
        try client.refuse("get_schema", ["error": "unknown database"])
        #expect(try client.answer("get_schema", SB.schema.json) == ["OVN_Southbound"])
        try client.refuse("monitor_cond_since")
        try client.refuse("monitor_cond")
        let request = try client.answer(
            "monitor", ["Address_Set": [.init(ClientHarness.text(1)): ["new": ["name": "x"]]]])
        #expect(request.array?.count == 3)
        #expect(client.session.isSynchronized)
        _ = client.takeChanges()
        client.handle(
            .received([
                "method": "update", "id": nil,
                "params": [
                    ["monid", "OVN_Southbound"],
                    [
                        "Address_Set": [
                            .init(ClientHarness.text(1)): [
                                "old": ["name": "x"], "new": ["name": "y"],
                            ],
                            .init(ClientHarness.text(2)): ["old": ["name": "never seen"]],
                        ]
                    ],
                ],
            ]))
        #expect(client.takeChanges().of(Set.self).map(\.new) == [Set(name: "y")])
    }

    @Test("After a reconnect the server is asked for what happened since")
    func resume() throws {
        var client = ClientHarness.southbound()
        try client.synchronize(ClientHarness.addressSets([(1, "initial", ["name": "x"])]))
        client.now += 10_000
        client.handle(.disconnected("gone"))
        #expect(client.session.replica.count(Set.self) == 1)
        _ = client.takeChanges()
        client.waitForDeadline()
        try client.learn()
        let updates = ClientHarness.addressSets([(2, "insert", ["name": "y"])])
        let request = try client.answer(
            "monitor_cond_since", [true, .string(ClientHarness.text(9)), updates])
        #expect(request[3]?.string == ClientHarness.since)
        #expect(client.takeChanges().of(Set.self).map(\.new) == [Set(name: "y")])
        #expect(client.session.replica.count(Set.self) == 2)
    }

    @Test("A dump instead of a difference is reported as the difference")
    func dumpAfterReconnect() throws {
        var client = ClientHarness.southbound()
        try client.synchronize(
            ClientHarness.addressSets([
                (1, "initial", ["name": "x"]), (2, "initial", ["name": "y"]),
                (3, "initial", ["name": "z"]),
            ]))
        client.handle(.disconnected("gone"))
        _ = client.takeChanges()
        client.waitForDeadline()
        try client.synchronize(
            ClientHarness.addressSets([
                (1, "initial", ["name": "x"]), (3, "initial", ["name": "changed"]),
                (4, "initial", ["name": "new"]),
            ]))
        let changes = client.takeChanges().of(Set.self)
        #expect(changes.map(\.uuid) == [2, 3, 4].map(ClientHarness.uuid))
        #expect(changes.map(\.new) == [nil, Set(name: "changed"), Set(name: "new")])
    }

    @Test(
        "An update that makes no sense changes nothing, and everything is read again",
        arguments: [
            #"{"Address_Set":{"00000000-0000-4000-8000-00000000ffff":{"modify":{"name":"x"}}}}"#,
            #"{"Address_Set":{"no uuid":{"insert":{"name":"x"}}}}"#,
            #"{"Address_Set":{"00000000-0000-4000-8000-00000000ffff":{"insert":{"name":7}}}}"#,
        ])
    func nonsense(_ updates: String) throws {
        var client = ClientHarness.southbound()
        try client.synchronize(ClientHarness.addressSets([(1, "initial", ["name": "x"])]))
        _ = (client.takeLog(), client.takeChanges())
        let before = client.session.replica
        try client.receive(
            """
            {"method":"update3","id":null,"params":[["monid","OVN_Southbound"],
            "\(ClientHarness.text(5))",\(updates)]}
            """)
        #expect(client.takeLog() == ["disconnect", "unsynchronized"])
        #expect(client.session.replica.hasSameRows(as: before))
        #expect(client.takeChanges().isEmpty)
        client.waitForDeadline()
        try client.learn()
        let request = try client.take("monitor_cond_since")
        #expect(request["params"]?[3]?.string == RowUUID.zero.description)
    }

    @Test("What the server lacks is left out, once reported, and read as default")
    func gaps() throws {
        let tables = SB.schema.tables.filter { $0.name != "FDB" }.map { table in
            TableSchema(
                name: table.name, columns: table.columns.filter { $0.name != "options" },
                maximumRows: table.maximumRows, isRoot: table.isRoot, indexes: table.indexes)
        }
        let old = DatabaseSchema(name: "OVN_Southbound", version: "20.0.0", tables: tables)
        var client = ClientHarness.southbound {
            $0.tables = [.init(SB.FDB.self), .init(SB.AddressSet.self)]
        }
        try client.learn(schema: old)
        let request = try client.answer(
            "monitor_cond_since",
            [
                false, .string(ClientHarness.since),
                ClientHarness.addressSets([(1, "initial", ["name": "x"])]),
            ])
        #expect(request[2] == ["Address_Set": [["columns": ["addresses", "name"]]]])
        #expect(client.session.replica.rows(Set.self).map(\.row) == [Set(name: "x")])
        #expect(!client.session.replica.serverHas(SB.FDB.self))
        #expect(!client.session.replica.serverHas(Set.self, .options))
        #expect(client.session.replica.serverHas(Set.self, .name))

        var transaction = TransactionBuilder()
        transaction.insert(Set(name: "y", options: ["k": "v"]), uuid: ClientHarness.uuid(2))
        transaction.insert(SB.FDB(mac: "00:00:00:00:00:01"), uuid: ClientHarness.uuid(3))
        client.perform(client.session.submit(transaction, now: 0).actions)
        let sent = try client.take("transact")
        #expect(sent["params"]?.array?.count == 2)
        #expect(sent["params"]?[1]?["row"] == ["name": "y"])
    }

    @Test("Values outside the client's own schema are read as they are")
    func unknownValues() throws {
        var client = ClientHarness.southbound { $0.tables = [.init(SB.Encap.self)] }
        try client.synchronize([
            "Encap": [
                .init(ClientHarness.text(1)): ["initial": ["type": "stt", "ip": "192.0.2.1"]]
            ]
        ])
        #expect(client.session.replica.only(SB.Encap.self)?.row.type == "stt")
    }

    @Test("Rows are found by the columns of an index, through every change")
    func indexes() throws {
        var client = ClientHarness.southbound { $0.indexes = ["Address_Set": [["name"]]] }
        try client.synchronize(
            ClientHarness.addressSets([
                (1, "initial", ["name": "x"]), (2, "initial", ["name": "x"]),
            ]))
        func found(_ name: String) -> [RowUUID] {
            client.session.replica.rows(like: Set(name: name), in: [.name]).map(\.uuid)
        }
        #expect(found("x") == [ClientHarness.uuid(1), ClientHarness.uuid(2)])
        client.handle(
            .received([
                "method": "update2", "id": nil,
                "params": [
                    ["monid", "OVN_Southbound"],
                    ClientHarness.addressSets([(1, "modify", ["name": "y"]), (2, "delete", nil)]),
                ],
            ]))
        #expect(found("x").isEmpty)
        #expect(found("y") == [ClientHarness.uuid(1)])
    }
}

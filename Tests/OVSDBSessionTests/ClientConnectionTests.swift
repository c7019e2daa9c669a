import JSON
import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@Suite("A client session finds the right server and keeps it")
struct ClientConnectionTests {
    @Test("The wait grows from one second to eight, less a little chance")
    func backoff() {
        var client = ClientHarness.southbound()
        var waits: [Int64] = []
        for _ in 0..<6 {
            client.handle(.disconnected("refused"))
            waits.append((client.session.deadline ?? 0) - client.now)
            client.waitForDeadline()
        }
        for (wait, full) in zip(waits, [1000, 2000, 4000, 8000, 8000, 8000] as [Int64]) {
            #expect(wait <= full && wait >= full - full / 8)
        }
        #expect(Swift.Set(waits.suffix(3)).count > 1, "the chance is missing")
    }

    @Test("A connection that lasted starts the wait over")
    func lasting() throws {
        var client = ClientHarness.southbound()
        for _ in 0..<4 {
            client.handle(.disconnected("refused"))
            client.waitForDeadline()
        }
        client.handle(.connected)
        client.now += 60_000
        client.handle(.disconnected("gone"))
        #expect((client.session.deadline ?? 0) - client.now <= 1000)
    }

    @Test("Several remotes are tried at once, one after the other, before there is a wait")
    func remotes() {
        var client = ClientHarness.southbound(remotes: ["a", "b", "c"])
        client.handle(.disconnected("refused"))
        client.handle(.disconnected("refused"))
        #expect(client.takeLog() == ["connect a", "connect b", "connect c"])
        client.handle(.disconnected("refused"))
        #expect(client.takeLog() == [])
        client.waitForDeadline()
        #expect(client.takeLog() == ["connect a"])
    }

    @Test("An attempt that takes too long is given up")
    func timeout() {
        var client = ClientHarness.southbound(remotes: ["a", "b"])
        client.waitForDeadline()
        #expect(client.takeLog() == ["connect a", "disconnect", "connect b"])
    }

    struct Server: Sendable {
        var model = "clustered"
        var leader = true
        var connected = true
        var fits: Bool
    }

    @Test(
        "Which servers will do for a client that wants the leader",
        arguments: [
            Server(fits: true), Server(leader: false, fits: false),
            Server(connected: false, fits: false), Server(model: "relay", fits: false),
            Server(model: "standalone", leader: false, fits: true),
        ])
    func leaderOnly(_ server: Server) throws {
        var client = ClientHarness.southbound(remotes: ["a", "b"])
        try client.learn(
            model: server.model, leader: server.leader, connected: server.connected)
        #expect((client.session.remote == "a") == server.fits)
        #expect(client.takeLog().contains("connect b") == !server.fits)
    }

    @Test("A server that is behind what was seen before won't do, nor one without the database")
    func staleServer() throws {
        var client = ClientHarness.southbound(remotes: ["a", "b"])
        try client.learn(model: "clustered", index: 7)
        client.handle(.disconnected("gone"))
        client.sent = []
        try client.learn(model: "clustered", index: 6)
        #expect(client.session.remote == "b" && !client.session.isConnected)
        client.waitForDeadline()
        client.sent = []
        try client.learn(schema: NB.schema)
        #expect(!client.session.isConnected)
    }

    @Test("A leader that loses the lead is left")
    func leadershipLost() throws {
        var client = ClientHarness.southbound(remotes: ["a", "b"])
        try client.learn(model: "clustered")
        try client.answer("monitor_cond_since", [false, .string(ClientHarness.since), [:]])
        try client.receive(
            """
            {"method":"update2","id":null,"params":[["monid","_Server"],{"Database":
            {"\(ClientHarness.serverUUID)":{"modify":{"leader":false}}}}]}
            """)
        #expect(client.takeLog().suffix(3) == ["disconnect", "unsynchronized", "connect b"])
    }

    @Test("A database that was converted is read again with its new schema")
    func conversion() throws {
        var client = ClientHarness.southbound()
        try client.synchronize(ClientHarness.addressSets([(1, "initial", ["name": "x"])]))
        _ = (client.takeLog(), client.takeChanges())
        try client.receive(
            #"{"method":"monitor_canceled","id":null,"params":[["monid","OVN_Southbound"]]}"#)
        #expect(client.takeLog() == ["unsynchronized"])
        #expect(try client.answer("monitor_cancel", [:]) == [["monid", "_Server"]])
        let row = ClientHarness.serverRow(schema: SB.schema)
        let server = try client.answer(
            "monitor_cond", ["Database": [ClientHarness.serverUUID: ["initial": row]]])
        #expect(server[1] == ["monid", "_Server", 2])
        let request = try client.answer(
            "monitor_cond_since",
            [
                false, .string(ClientHarness.since),
                ClientHarness.addressSets([(1, "initial", ["name": "y"])]),
            ])
        #expect(request[3]?.string == RowUUID.zero.description)
        #expect(client.takeChanges().of(SB.AddressSet.self).map(\.new) == [.init(name: "y")])
        #expect(client.takeLog() == ["synchronized", "conditions 0"])
    }

    @Test("A silent server is probed once, then left; any byte is life")
    func probes() throws {
        var client = ClientHarness.southbound { $0.probeInterval = 5000 }
        client.handle(.connected)
        _ = try client.take("get_schema")
        client.now = 4000
        client.handle(.activity)
        #expect(client.session.deadline == 9000)
        client.waitForDeadline()
        #expect(try client.take("echo")["id"] == "echo")
        client.handle(.received(["id": "echo", "result": [], "error": nil]))
        #expect(client.session.deadline == 14_000)
        client.waitForDeadline()
        _ = try client.take("echo")
        client.waitForDeadline()
        #expect(client.takeLog() == ["connect a", "disconnect"])
    }

    @Test("The server's probes are answered")
    func echo() throws {
        var client = ClientHarness.southbound()
        try client.synchronize()
        try client.receive(#"{"method":"echo","id":"p","params":[1]}"#)
        #expect(client.sent == [["id": "p", "result": [1], "error": nil]])
    }

    @Test("New remotes: the connection stays if it is one of them")
    func newRemotes() throws {
        var client = ClientHarness.southbound(remotes: ["a", "b"])
        try client.synchronize()
        _ = client.takeLog()
        client.perform(client.session.setRemotes(["c", "a"], now: 0))
        #expect(client.takeLog() == [])
        client.perform(client.session.setRemotes(["d"], now: 0))
        #expect(client.takeLog() == ["disconnect", "unsynchronized", "connect d"])
    }

    @Test("Events of a connection that was dropped are ignored, and a stopped session is quiet")
    func stopped() throws {
        var client = ClientHarness.southbound()
        try client.synchronize()
        _ = client.takeLog()
        client.perform(client.session.stop())
        #expect(client.takeLog() == ["unsynchronized", "disconnect"])
        client.handle(.disconnected("late"))
        client.handle(.received(["id": 1, "result": [], "error": nil]))
        client.handle(.timer)
        #expect(client.takeLog() == [])
        #expect(client.session.deadline == nil)
        client.perform(client.session.start(now: 0))
        #expect(client.takeLog() == ["connect a"])
    }
}

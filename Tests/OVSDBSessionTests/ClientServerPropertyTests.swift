import OVSDBEngine
import OVSDBModel
import OVSDBSession
import Schemas
import Testing

/// Whatever happens between a server and its clients, in the end every replica is what the server
/// has, the changes that were reported lead there, and every transaction had one outcome.
@Suite("Clients and a server under random faults")
struct ClientServerPropertyTests {
    @Test("Replicas equal the database", arguments: 0..<16 as Range<UInt64>)
    func replicas(seed: UInt64) throws {
        var world = ClientServerWorld(seed: seed, clients: 4)
        for _ in 0..<1500 { _ = world.step() }
        world.settle()
        let database = try #require(world.server.snapshot(of: ClientServerWorld.database))
        for client in world.clients { check(client, database) }
        checkLocks(world)
        #expect(world.clients.map(\.committed).reduce(0, +) > 20)
    }

    /// Every lock that somebody wants is held by one of those, and all others wait for it.
    private func checkLocks(_ world: ClientServerWorld) {
        #expect(world.clients.prefix(2).filter(\.session.hasLock).count == 1)
        for name in ["lock", "a", "b", "c"] {
            let states = world.clients.map { $0.session.state(ofLock: name) }
            let held = world.clients.map { $0.held.contains(name) }
            #expect(states.map { $0 == .held } == held, "\(name)")
            let wanted = world.clients.enumerated().map { index, client in
                name == "lock" ? index < 2 : client.wantedLocks.contains(name)
            }
            #expect(states.map { $0 == .held || $0 == .waiting } == wanted, "\(name)")
            #expect(held.filter { $0 }.count == (wanted.contains(true) ? 1 : 0), "\(name)")
        }
    }

    private func check(_ client: ClientServerWorld.Client, _ database: Database) {
        #expect(client.session.isSynchronized)
        #expect(client.open.isEmpty, "transactions without outcome")
        let monitored: Set = [
            "Address_Set", "Chassis", "Encap", "Datapath_Binding", "Port_Binding",
        ]
        for (position, table) in SB.schema.tables.enumerated() {
            var expected: [RowUUID: Row] = [:]
            if monitored.contains(table.name) {
                let condition = table.name == "Address_Set" ? client.condition : []
                for (uuid, stored) in database.tables[position].rows
                where condition.matchesAny(uuid: uuid, version: stored.version, row: stored.row) {
                    expected[uuid] = stored.row
                }
            }
            #expect(client.session.replica.rows(in: position) == expected, "\(table.name)")
            #expect(client.mirror[position] == expected, "\(table.name) as reported")
        }
        for row in client.session.replica.rows(SB.AddressSet.self) {
            let found = client.session.replica.rows(like: row.row, in: [.name])
            #expect(found == [row], "the index has each name once")
        }
    }
}

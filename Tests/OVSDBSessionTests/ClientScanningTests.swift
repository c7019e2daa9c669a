import JSON
import OVSDBModel
import OVSDBSession
import Schemas
import Testing

/// Reading updates from their text has the outcome of parsing them and reading the tree.
@Suite("Updates read from their text")
struct ClientScanningTests {
    private static let tables = [SB.PortBinding.table, SB.AddressSet.table, SB.SBGlobal.table]

    /// An update that fits `replica`: rows inserted, changed and deleted.
    private func update(of replica: Replica, _ random: inout SeededRandom) -> JSON {
        let tables = ClientScanningTests.tables.map { table -> JSON.Member in
            let position = replica.schema.tableIndex(table.name) ?? 0
            let old = replica.rows(in: position).sorted { $0.key < $1.key }
            var rows = old.prefix(8).map { uuid, row -> JSON.Member in
                if random.oneIn(4) { return .init(uuid.description, ["delete": nil]) }
                let new = random.row(of: table)
                let differences = new.differences(from: row, table: table).map {
                    JSON.Member(
                        table.columns[$0.column].name,
                        $0.difference.json(table.columns[$0.column].type))
                }
                return .init(uuid.description, ["modify": .object(differences)])
            }
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                let row = random.row(of: table)
                let columns = zip(table.columns, row.values)
                    .filter { $0.type.defaultDatum != $1 }
                    .map { JSON.Member($0.name, $1.json($0.type)) }
                let kind = random.oneIn(2) ? "insert" : "initial"
                rows.append(
                    .init(
                        RowUUID(using: &random).description,
                        .object([.init(kind, .object(columns))])))
            }
            return .init(table.name, .object(rows))
        }
        return .object(tables)
    }

    @Test("Random updates and dumps")
    func random() throws {
        var random = SeededRandom(state: 5)
        var parsed = Replica(schema: SB.schema)
        var scanned = Replica(schema: SB.schema, packed: [SB.PortBinding.table.name])
        var decoder = scanned.makeDecoder()
        for round in 0..<200 {
            let update = update(of: round % 20 == 0 ? Replica(schema: SB.schema) : parsed, &random)
            let text = update.bytes[...]
            if round % 20 == 0 {
                let changes = try parsed.replace(with: update, .differences)
                #expect(try scanned.replace(scanning: text, with: &decoder) == changes)
            } else {
                let changes = try parsed.apply(update, .differences)
                #expect(try scanned.apply(scanning: text, with: &decoder) == changes)
            }
            #expect(parsed.hasSameRows(as: scanned))
        }
        #expect(parsed.count(SB.PortBinding.self) > 0)
    }

    @Test("Damaged updates: the same is refused, and nothing changes")
    func damaged() throws {
        var random = SeededRandom(state: 9)
        var replica = Replica(schema: SB.schema)
        _ = try replica.replace(with: update(of: replica, &random), .differences)
        var accepted = 0
        var decoder = replica.makeDecoder()
        for _ in 0..<400 {
            var text = update(of: replica, &random).bytes
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let position = Int.random(in: 0..<text.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: text.remove(at: position)
                case 1:
                    text[position] = Array("[]{},:\"0ua\\".utf8).randomElement(using: &random) ?? 0
                default: text.removeSubrange(position...)
                }
                if text.isEmpty { break }
            }
            var parsed = replica
            var scanned = replica
            let tree = try? JSON.parse(text)
            let changes = tree.flatMap { try? parsed.apply($0, .differences) }
            let found = try? scanned.apply(scanning: text[...], with: &decoder)
            #expect(changes == found, "\(String(decoding: text, as: UTF8.self))")
            if found == nil { #expect(scanned.hasSameRows(as: replica)) } else { accepted += 1 }
        }
        #expect(accepted > 0)
    }

    @Test("A session takes large messages as text, small ones parsed, in any order of members")
    func session() throws {
        var client = ClientHarness.southbound()
        try client.learn()
        let request = try client.take("monitor_cond_since")
        let dump = ClientHarness.addressSets([(1, "initial", ["name": "x"])])
        client.receiveText([
            "result": [false, .string(ClientHarness.since), dump], "error": nil,
            "id": request["id"] ?? nil,
        ])
        #expect(client.takeLog() == ["connect a", "synchronized", "conditions 0"])
        let update = ClientHarness.addressSets([(1, "modify", ["name": "y"])])
        client.receiveText([
            "params": [["monid", "OVN_Southbound"], .string(ClientHarness.text(8)), update],
            "method": "update3", "id": nil,
        ])
        #expect(client.session.replica.rows(SB.AddressSet.self).map(\.row) == [.init(name: "y")])
        client.receiveText(["method": "echo", "params": ["x"], "id": 4])
        #expect(try #require(client.sent.first) == ["id": 4, "result": ["x"], "error": nil])
        client.handle(.receivedText(Array("{\"id\":".utf8)[...]))
        #expect(client.takeLog() == ["disconnect", "unsynchronized"])
    }
}

extension ClientHarness {
    fileprivate mutating func receiveText(_ message: JSON) {
        handle(.receivedText(message.bytes[...]))
    }
}

import JSON
import OVSDBModel
import Schemas
import Testing

@testable import OVSDBSession

@Suite("Columns that a client session asks for row by row")
struct ClientLookUpTests {
    private let one = RowUUID(high: 0x4000, low: 0x8000_0000_0000_0001)
    private let two = RowUUID(high: 0x4000, low: 0x8000_0000_0000_0002)

    private func ask(_ client: inout ClientHarness, _ rows: [RowUUID]) -> LookUpID {
        let (id, actions) = client.session.lookUp(
            [.addresses], of: SB.AddressSet.self, rows)
        client.perform(actions)
        return id
    }

    @Test("Each row is selected by its UUID; what isn't there is left out")
    func answer() throws {
        var client = ClientHarness.southbound()
        try client.synchronize()
        let id = ask(&client, [one, two])
        let request = try client.answer(
            "transact",
            [
                [
                    "rows": [
                        ["_uuid": ["uuid", .string(one.description)], "addresses": "10.0.0.1"]
                    ]
                ],
                ["rows": []],
            ])
        #expect(
            request[1] == [
                "op": "select", "table": "Address_Set",
                "where": [["_uuid", "==", ["uuid", .string(one.description)]]],
                "columns": ["_uuid", "addresses"],
            ])
        #expect(
            client.found[id]?.mapValues(SB.AddressSet.init(row:))
                == [one: SB.AddressSet(addresses: ["10.0.0.1"])])
        #expect(client.session.replica.count(SB.AddressSet.self) == 0)
    }

    @Test("A question that nobody can answer has no rows", arguments: [true, false])
    func noAnswer(_ isAsked: Bool) throws {
        var client = ClientHarness.southbound()
        if isAsked { try client.synchronize() }
        let id = ask(&client, [one])
        #expect(client.sent.isEmpty == !isAsked)
        if isAsked {
            #expect(client.found[id] == nil)
            client.handle(.disconnected("gone"))
        }
        #expect(client.found[id] == [:])
    }

    @Test("An answer that makes no sense has no rows, and the session goes on")
    func nonsense() throws {
        var client = ClientHarness.southbound()
        try client.synchronize()
        for answer: JSON in [
            [["error": "not supported"]], ["rows"], [["rows": [["_uuid": 5]]]], [:],
        ] {
            let id = ask(&client, [one])
            try client.answer("transact", answer)
            #expect(client.found[id] == [:])
        }
        #expect(client.session.isSynchronized)
    }

    @Test("Nothing is asked about no rows")
    func nothing() throws {
        var client = ClientHarness.southbound()
        try client.synchronize()
        let id = ask(&client, [])
        #expect(client.found[id] == [:])
        #expect(client.sent.isEmpty)
    }
}

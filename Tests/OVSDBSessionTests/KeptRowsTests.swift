import JSON
import OVSDBModel
import Schemas
import Testing

@testable import OVSDBSession

/// Rows that are kept as structs are those that would be made of the data.
@Suite struct KeptRowsTests {
    private func uuid(_ number: UInt64) -> RowUUID { RowUUID(high: 0, low: number) }

    private func replica(kept: [any TypedRow.Type]) -> Replica {
        Replica(schema: SB.schema, kept: kept)
    }

    private func changes(
        _ replica: Replica, _ random: inout SeededRandom, count: Int
    ) -> [[RowChange]] {
        var numbers: Set<UInt64> = []
        for _ in 0..<count { numbers.insert(.random(in: 1...40, using: &random)) }
        let rows = numbers.sorted().map { number -> RowChange in
            let new = SB.Encap(type: "geneve", ip: "\(UInt64.random(in: 0...3, using: &random))")
            return RowChange(
                uuid: uuid(number),
                old: replica[SB.Encap.self, uuid(number)]?.row(),
                new: Bool.random(using: &random) ? new.row() : nil)
        }
        var changes = [[RowChange]](repeating: [], count: SB.schema.tables.count)
        changes[SB.schema.tableIndex("Encap") ?? 0] = rows.filter { $0.old != $0.new }
        return changes
    }

    @Test(arguments: 0..<30 as Range<UInt64>)
    func followChanges(_ seed: UInt64) {
        var random = SeededRandom(state: seed)
        var kept = replica(kept: [SB.Encap.self])
        var plain = replica(kept: [])
        for step in 0..<60 {
            let changes = changes(plain, &random, count: step % 10 == 0 ? 30 : 3)
            let before = kept
            let rowsBefore = kept.rows(SB.Encap.self)
            _ = kept.commit(changes)
            _ = plain.commit(changes)
            if step % 3 != 0 { #expect(kept.rows(SB.Encap.self) == plain.rows(SB.Encap.self)) }
            #expect(before.rows(SB.Encap.self) == rowsBefore, "a copy stays as it was")
        }
        #expect(kept.rows(SB.Encap.self) == plain.rows(SB.Encap.self))
        #expect(kept.empty().rows(SB.Encap.self).isEmpty)
    }

    /// A faulty server may name a row twice, as with letters of both cases.
    @Test func aRowThatIsNamedTwiceIsThereOnce() throws {
        var kept = replica(kept: [SB.Encap.self])
        let updates: JSON = [
            "Encap": [
                "aaaaaaaa-0000-4000-8000-000000000001": ["insert": ["ip": "192.0.2.1"]],
                "AAAAAAAA-0000-4000-8000-000000000001": ["insert": ["ip": "192.0.2.2"]],
            ]
        ]
        let changes = try kept.apply(updates, .differences)
        #expect(changes.of(SB.Encap.self).map(\.new?.ip) == ["192.0.2.2"])
        #expect(kept.rows(SB.Encap.self).map(\.row.ip) == ["192.0.2.2"])
        #expect(kept.count(SB.Encap.self) == 1)
    }
}

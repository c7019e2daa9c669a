import OVSDBModel
import OVSDBTransport
import Testing

@testable import DatabaseServer

struct RemoteSourceTests {
    @Test func parsesMethodsAndColumns() throws {
        #expect(
            try RemoteSource(parsing: "db:OVN_Northbound,NB_Global,connections")
                == .column(
                    database: "OVN_Northbound", table: "NB_Global", column: "connections"))
        #expect(
            try RemoteSource(parsing: "punix:x").description == "punix:x")
        for text in ["db:", "db:a,b", "db:a,b,c,d", "db:a,,c", "nosuch:x"] {
            #expect(throws: ConnectionMethodError.self) { try RemoteSource(parsing: text) }
        }
    }
}

struct CompactionRuleTests {
    private func statistics(
        _ transactions: Int, _ bytes: Int, from compacted: Int
    ) -> StorageStatistics {
        var statistics = StorageStatistics()
        statistics.transactions = transactions
        statistics.bytes = bytes
        statistics.compactedBytes = compacted
        return statistics
    }

    @Test func aLogIsCompactedWhenItHasGrownALot() {
        let rule = CompactionRule()
        let grown = statistics(100, 20 << 20, from: 10 << 20)
        #expect(rule.isDue(grown, since: .seconds(600)))
        #expect(!rule.isDue(grown, since: .seconds(599)))
        #expect(!rule.isDue(statistics(99, 20 << 20, from: 1), since: .seconds(600)))
        #expect(!rule.isDue(statistics(100, 19 << 20, from: 10 << 20), since: .seconds(600)))
        #expect(!rule.isDue(statistics(100, 9 << 20, from: 1), since: .seconds(600)))
    }

    @Test func onceADayAnythingWrittenSuffices() {
        let rule = CompactionRule()
        #expect(rule.isDue(statistics(1, 10, from: 5), since: .seconds(86400)))
        #expect(!rule.isDue(statistics(0, 5, from: 5), since: .seconds(86400)))
    }
}

struct StateNameTests {
    private let hash = Array("0123456789abcdef0123456789abcdef01234567".utf8)

    @Test func namesDependOnEveryRecordAndTheirOrder() {
        var a = StateName(schemaHash: hash)
        var b = a
        a.advance(hash: hash)
        #expect(a != b)
        b.advance(hash: hash.reversed())
        #expect(a != b)
        a.advance(hash: hash.reversed())
        b.advance(hash: hash)
        #expect(a != b)
        var c = StateName(schemaHash: hash)
        c.advance(hash: hash)
        c.advance(hash: hash.reversed())
        #expect(a == c)
    }

    @Test func commentsCarryThem() {
        let name = StateName(RowUUID(high: 1, low: 2))
        #expect(StateName(comment: name.comment) == name)
        #expect(StateName(comment: "compacting database online") == nil)
    }
}

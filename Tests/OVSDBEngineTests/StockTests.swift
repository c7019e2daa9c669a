import Glibc
import JSON
import OVSDBEngine
import OVSDBModel
import Testing

/// Comparisons with the stock tool.
@Suite struct StockTests {
    /// What we expect of ourselves is what the stock tool does.
    @Test func casesAreTheStockToolsToo() throws {
        guard StockTool.isInstalled else { return StockTool.explainAbsence() }
        let stock = try StockTool()
        defer { stock.remove() }
        let empty = LogWriter(schema: try schema()).schemaRecord()
        for test in allCases where !test.hasNewWords {
            try stock.write(empty, to: "db")
            for transaction in test.before {
                _ = try stock.transact("db", database: "test", transaction)
            }
            let result = try stock.transact("db", database: "test", test.operations)
            let expected = try JSON.parse(test.expected)
            #expect(result == expected, "\(test.name): \(result) instead of \(expected)")
        }
    }

    /// The same random transactions here and there have the same results and leave the same rows,
    /// and each side reads the file that the other one wrote.
    @Test(arguments: [1, 2])
    func randomTransactionsAgree(seed: UInt64) throws {
        guard StockTool.isInstalled else { return StockTool.explainAbsence() }
        let stock = try StockTool()
        defer { stock.remove() }
        var fixture = Fixture(try schema())
        let writer = LogWriter(schema: fixture.database.schema)
        var log = writer.schemaRecord()
        try stock.write(log, to: "db")
        var source = RandomTransactions(seed: seed)
        var effective = 0
        for number in 0..<150 {
            let operations = source.next(fixture.database)
            let theirs = try stock.transact("db", database: "test", operations)
            let ours = try fixture.transact(operations)
            let agree = StockTests.comparable(ours) == StockTests.comparable(theirs)
            #expect(agree, "\(number): \(operations)\nours   \(ours)\ntheirs \(theirs)")
            guard agree else { return }
            if let delta = fixture.lastDelta {
                effective += 1
                log += writer.transactionRecord(delta, date: 1_700_000_000_000) ?? []
            }
        }
        #expect(effective > 40)
        try compareFiles(stock, fixture.database, log)
    }

    private func schema() throws -> DatabaseSchema {
        try DatabaseSchema(json: try JSON.parse(testSchema))
    }

    private func compareFiles(_ stock: StockTool, _ database: Database, _ log: [UInt8]) throws {
        let counter = Counter()
        let theirs = try LogReplay(try stock.read("db"), makeUUID: counter.next)
        #expect(theirs.database.persistentRows == database.persistentRows)
        #expect(!theirs.isTorn)
        let ours = try LogReplay(log, makeUUID: counter.next)
        #expect(ours.database.persistentRows == database.persistentRows)
        try stock.write(log, to: "ours")
        for table in database.schema.tables {
            let columns = table.columns.filter { !$0.isEphemeral }.map { "\"\($0.name)\"" }
            let select =
                #"{"op":"select","table":"\#(table.name)","where":[],"sort":["_uuid"],"columns":["_uuid",\#(columns.joined(separator: ","))]}"#
            var copy = Fixture(database.schema)
            copy.database = ours.database
            let expected = try copy.transact(select)
            #expect(try stock.transact("ours", database: "test", select) == expected)
        }
        _ = try stock.run(["compact", stock.path("ours")])
        let compacted = try LogReplay(try stock.read("ours"), makeUUID: counter.next)
        #expect(compacted.database.persistentRows == database.persistentRows)
    }

    /// A result without what depends on the order in which a server happens to look at rows: which
    /// of several violations of one kind it reports.
    private static func comparable(_ result: JSON) -> JSON {
        .array(
            (result.array ?? []).map { element in
                element["error"].map { .object([JSON.Member("error", $0)]) } ?? element
            })
    }
}

extension Database {
    /// All rows without what isn't kept in the log.
    var persistentRows: [String: [RowUUID: [Datum]]] {
        Dictionary(
            uniqueKeysWithValues: tables.map { table in
                let kept = table.schema.columns.indices.filter {
                    !table.schema.columns[$0].isEphemeral
                }
                let rows = table.rows.map { ($0, kept.map { [row = $1.row] in row[$0] }) }
                return (table.schema.name, Dictionary(uniqueKeysWithValues: rows))
            })
    }
}

import JSON
import OVSDBModel
import Testing

@testable import OVSDBEngine

@Suite struct LogTests {
    /// A log with some of everything, and the database that it makes.
    private func sample() throws -> (log: [UInt8], database: Database, ends: [Int]) {
        var fixture = try Fixture(testSchema)
        let writer = LogWriter(schema: fixture.database.schema)
        var log = writer.schemaRecord()
        var ends = [log.count]
        for transaction in [
            #"{"op":"insert","table":"Root","uuid":"\#(id(500))","row":{"name":"a","tags":["set",["x","y"]],"options":["map",[["k","v"],["l","w"]]],"maybe":1,"child":\#(u(501))}},{"op":"insert","table":"Child","uuid":"\#(id(501))","row":{"label":"é\"\n"}}"#,
            #"{"op":"mutate","table":"Root","where":[],"mutations":[["tags","insert","z"],["tags","delete","x"],["options","delete",["set",["k"]]],["maybe","delete",1]]}"#,
            #"{"op":"update","table":"Root","where":[],"row":{"child":["set",[]],"ratio":0.5}}"#,
            #"{"op":"insert","table":"Root","uuid":"\#(id(502))","row":{"name":"b"}}"#,
        ] {
            try fixture.transact(transaction)
            let lastDelta = fixture.lastDelta
            let delta = try #require(lastDelta)
            log += try #require(writer.transactionRecord(delta, date: 1_700_000_000_123))
            ends.append(log.count)
        }
        return (log, fixture.database, ends)
    }

    private func replay(_ log: [UInt8]) throws(LogError) -> LogReplay {
        let counter = Counter()
        return try LogReplay(log, makeUUID: { counter.next() })
    }

    @Test func recordsAreThoseOfTheFormat() throws {
        let (log, _, ends) = try sample()
        let third = String(decoding: log[ends[1]..<ends[2]], as: UTF8.self)
        let body =
            #"{"_date":1700000000123,"_is_diff":true,"Root":{"\#(id(500))":{"maybe":["set",[]],"options":["map",[["k","v"]]],"tags":["set",["x","z"]]}}}"#
            + "\n"
        let hash = Array(body.utf8).withUnsafeBytes { SHA1.hexadecimal(of: $0) }
        #expect(
            third
                == "OVSDB JSON \(body.utf8.count) \(String(decoding: hash, as: UTF8.self))\n\(body)"
        )
        let fourth = String(decoding: log[ends[2]..<ends[3]], as: UTF8.self)
        #expect(
            fourth.contains(
                #""Child":{"\#(id(501))":null},"Root":{"\#(id(500))":{"child":["set",[]],"ratio":0.5}}}"#
            ))
    }

    @Test func replayGivesTheDatabase() throws {
        let (log, database, _) = try sample()
        let result = try replay(log)
        #expect(result.database.persistentRows == database.persistentRows)
        #expect(result.database.faults() == [])
        #expect(result.records == 5)
        #expect(!result.isTorn && result.goodOffset == log.count)
    }

    @Test func snapshotGivesTheDatabase() throws {
        let (_, database, _) = try sample()
        let writer = LogWriter(schema: database.schema)
        let log =
            writer.schemaRecord()
            + writer.snapshotRecord(database, date: 1, comment: "compacting")
        #expect(try replay(log).database.persistentRows == database.persistentRows)
    }

    @Test func nothingKeptIsNoRecord() throws {
        var fixture = try Fixture(testSchema)
        try fixture.transact(#"{"op":"insert","table":"Root","row":{"scratch":1}}"#)
        try fixture.transact(#"{"op":"update","table":"Root","where":[],"row":{"scratch":2}}"#)
        let writer = LogWriter(schema: fixture.database.schema)
        let lastDelta = fixture.lastDelta
        let delta = try #require(lastDelta)
        #expect(writer.transactionRecord(delta, date: 1, comment: "c") == nil)
    }

    /// Cut anywhere, the log gives the records that are whole, and says where they end.
    @Test func tornTailIsCut() throws {
        let (log, _, ends) = try sample()
        let sizes = (ends[0]...log.count).filter { size in
            size % 5 == 0 || ends.contains { abs($0 - size) < 3 }
        }
        for size in sizes {
            let result = try replay(Array(log[..<size]))
            let whole = ends.filter { $0 <= size }
            if result.goodOffset != whole.last || result.records != whole.count
                || result.isTorn == ends.contains(size)
            {
                Issue.record("cut to \(size): \(result.records) records to \(result.goodOffset)")
            }
        }
    }

    /// Bytes of the last record that a crash left wrong are like a cut.
    @Test(arguments: [0, 0xff, 0x0a] as [UInt8])
    func damagedTailIsCut(byte: UInt8) throws {
        var (log, _, ends) = try sample()
        for index in ends[3]..<log.count { log[index] = byte }
        let result = try replay(log)
        #expect(result.goodOffset == ends[3])
        #expect(result.isTorn)
    }

    @Test func damagedMiddleIsAnError() throws {
        let (log, _, ends) = try sample()
        var damaged = log
        damaged[ends[2] - 10] ^= 1
        #expect(
            throws: LogError.damaged(.hash, record: 3, offset: ends[1], nextSound: ends[2])
        ) { try replay(damaged) }
        damaged = log
        damaged[ends[1]] = UInt8(ascii: "X")
        #expect(
            throws: LogError.damaged(.header, record: 3, offset: ends[1], nextSound: ends[2])
        ) { try replay(damaged) }
        let error = LogError.damaged(.hash, record: 3, offset: 700, nextSound: 900)
        #expect(error.description.contains("truncate -s 700 FILE"))
    }

    @Test func withoutASchemaThereIsNoDatabase() throws {
        #expect(throws: LogError.noSchema(nil)) { try replay([]) }
        #expect(throws: LogError.noSchema(nil)) { try replay(Array("hello\n".utf8)) }
        let body = Array("{\"name\":\"x\"}\n".utf8)
        #expect {
            try replay(LogHeader.text(for: body) + body)
        } throws: { error in
            guard case .noSchema(let inner?) = error as? LogError else { return false }
            return inner.details?.contains("Required 'tables' member is missing.") == true
        }
    }

    static let rejected: [(String, String)] = [
        (#"{"Nix":{}}"#, "No table named Nix."),
        (#"{"Root":{"\#(id(1))":{"nix":1}}}"#, "No column nix in table Root."),
        (#"{"Root":{"\#(id(1))":{"few":10}}}"#, "10 is not in the valid range 0 to 9 (inclusive)"),
        (#"{"Root":{"\#(id(1))":null}}"#, "transaction deletes row \(id(1)) that does not exist"),
        (#"{"Root":{"x":null}}"#, #""x" is not a valid UUID"#),
        (#"{"Root":{"\#(id(1))":{"child":\#(u(2))}}}"#, "references nonexistent row"),
        (#"{"_is_diff":true,"Root":{"\#(id(500))":{"few":["set",[1,2,3,4]]}}}"#, "size error"),
        ("[]", "object expected"), ("{", "unexpected end of input"),
    ]

    @Test(arguments: rejected)
    func recordThatDoesNotFitIsAnError(_ text: String, _ details: String) throws {
        let (log, _, _) = try sample()
        let body = Array((text + "\n").utf8)
        #expect {
            try replay(log + LogHeader.text(for: body) + body)
        } throws: { error in
            guard case .rejected(let inner, 6, log.count) = error as? LogError else { return false }
            return inner.details?.contains(details) == true
        }
    }

    /// A difference can have more elements than the column may; stock servers of some years ago
    /// don't read that, so the record has the values themselves.
    @Test func tooLargeDifferencesAreWrittenAsValues() throws {
        var fixture = try Fixture(testSchema)
        let writer = LogWriter(schema: fixture.database.schema)
        var log = writer.schemaRecord()
        for values in ["[1,2]", "[1,3]", "[4,5]"] {
            try fixture.transact(
                values == "[1,2]"
                    ? #"{"op":"insert","table":"Root","uuid":"\#(id(500))","row":{"few":["set",[1,2]]}}"#
                    : #"{"op":"update","table":"Root","where":[],"row":{"few":["set",\#(values)]}}"#
            )
            let lastDelta = fixture.lastDelta
            let delta = try #require(lastDelta)
            log += try #require(writer.transactionRecord(delta, date: 7))
        }
        let text = String(decoding: log, as: UTF8.self)
        #expect(text.contains(#""_is_diff":true,"Root":{"\#(id(500))":{"few":["set",[2,3]]}}"#))
        #expect(text.contains(#"{"_date":7,"Root":{"\#(id(500))":{"few":["set",[4,5]]}}}"#))
        #expect(try replay(log).database.persistentRows == fixture.database.persistentRows)
    }

    /// Whether modified rows are differences may be said behind them, and change between records.
    @Test func differencesAndFullValues() throws {
        let (log, _, _) = try sample()
        func record(_ text: String) -> [UInt8] {
            let body = Array((text + "\n").utf8)
            return LogHeader.text(for: body) + body
        }
        let result = try replay(
            log
                + record(#"{"Root":{"\#(id(500))":{"tags":["set",["q","r"]]}},"_date":5}"#)
                + record(#"{"Root":{"\#(id(500))":{"tags":["set",["r","s"]]}},"_is_diff":true}"#)
                + record(#"{"Root":{"\#(id(500))":{"options":["map",[]]}},"_is_diff":false}"#)
                + record(#"{"_is_diff":true,"Root":{"\#(id(500))":{"number":7}}}"#))
        let row = try #require(result.database.table("Root")?[RowUUID(high: 0, low: 500)]?.row)
        let schema = try #require(result.database.schema.table("Root"))
        #expect(row[try #require(schema.columnIndex("tags"))] == Datum(["q", "s"]))
        #expect(row[try #require(schema.columnIndex("options"))] == .empty)
        #expect(row[try #require(schema.columnIndex("number"))] == Datum(7))
    }

    @Test(arguments: [
        ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
        ),
        (String(repeating: "a", count: 1_000), "291e9a6c66994949b57ba5e650361e98fc36b1ba"),
    ])
    func sha1(_ text: String, _ hash: String) {
        let bytes = Array(text.utf8).withUnsafeBytes { SHA1.hexadecimal(of: $0) }
        #expect(String(decoding: bytes, as: UTF8.self) == hash)
    }
}

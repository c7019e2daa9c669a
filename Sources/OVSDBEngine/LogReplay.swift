// A database out of its log. Records are decoded straight into rows; only what fails is parsed a
// second time into a tree, for an explanation. Every record goes through the same commit as a
// transaction of a client, so what is replayed obeys the same rules.

import JSON
import OVSDBModel

/// What replaying a log gave.
public struct LogReplay: Sendable {
    public var database: Database
    /// The records replayed, the schema included.
    public var records: Int
    /// The bytes up to the end of the last record replayed: where the next one has to go. If the
    /// file is longer, its last record was torn by a crash and has to be cut off first.
    public var goodOffset: Int
    public var fileSize: Int

    public var isTorn: Bool { goodOffset < fileSize }

    /// Replays the bytes of a whole file. `makeUUID` makes the `_version` of each row; `visit` is
    /// told of each record and what it changed, the schema's included.
    public init(
        _ bytes: UnsafeRawBufferPointer, makeUUID: () -> RowUUID,
        visit: (LogRecord, DatabaseDelta) -> Void = { _, _ in }
    ) throws(LogError) {
        var reader = LogReader(bytes)
        guard let first = try reader.next() else { throw .noSchema(nil) }
        visit(first, DatabaseDelta())
        var database = Database(schema: try LogReplay.schema(bytes, first))
        var decoder = LogDecoder(database.schema)
        records = 1
        while let record = try reader.next() {
            visit(record, try database.replay(bytes, record, &decoder, makeUUID))
            records += 1
        }
        self.database = database
        self.goodOffset = reader.goodOffset
        self.fileSize = bytes.count
    }

    public init(_ bytes: [UInt8], makeUUID: () -> RowUUID) throws(LogError) {
        self = try bytes.withUnsafeBufferPointer { (buffer) throws(LogError) -> LogReplay in
            try LogReplay(UnsafeRawBufferPointer(buffer), makeUUID: makeUUID)
        }
    }

    private static func schema(
        _ bytes: UnsafeRawBufferPointer, _ record: LogRecord
    ) throws(LogError) -> DatabaseSchema {
        let json: JSON
        do throws(JSONError) {
            json = try JSON.parse(UnsafeRawBufferPointer(rebasing: bytes[record.body]))
        } catch {
            throw .notJSON(error, record: record.number, offset: record.offset)
        }
        do throws(OVSDBError) {
            return try DatabaseSchema(json: json)
        } catch {
            throw .noSchema(error)
        }
    }
}

extension Database {
    fileprivate mutating func replay(
        _ bytes: UnsafeRawBufferPointer, _ record: LogRecord, _ decoder: inout LogDecoder,
        _ makeUUID: () -> RowUUID
    ) throws(LogError) -> DatabaseDelta {
        let body = UnsafeRawBufferPointer(rebasing: bytes[record.body])
        do throws(OVSDBError) {
            let delta = try delta(body, &decoder, makeUUID)
            apply(delta)
            return delta
        } catch {
            throw .rejected(error, record: record.number, offset: record.offset)
        }
    }

    private func delta(
        _ body: UnsafeRawBufferPointer, _ decoder: inout LogDecoder, _ makeUUID: () -> RowUUID
    ) throws(OVSDBError) -> DatabaseDelta {
        var transaction = Transaction(self)
        do throws(JSONError) {
            try decoder.decode(body, into: &transaction)
        } catch {
            transaction = Transaction(self)
            try transaction.replay(try Database.tree(body))
        }
        var commit = Commit(transaction)
        return try commit.run(makeUUID: makeUUID)
    }

    private static func tree(_ body: UnsafeRawBufferPointer) throws(OVSDBError) -> JSON {
        do throws(JSONError) {
            return try JSON.parse(body)
        } catch {
            throw .syntax("\(error)", in: nil)
        }
    }
}

/// Reads transaction records of one database; it learns the writer's order of columns.
struct LogDecoder {
    private var rows: [RowDecoder]
    private let defaults: [Row]
    private var strings = StringCache()
    /// Whether modified rows hold differences, by the last record that said so. The word on it can
    /// stand behind the rows that it is about.
    private var isDifference = true

    init(_ schema: DatabaseSchema) {
        rows = schema.tables.map { RowDecoder($0) }
        defaults = schema.tables.map(\.defaultRow)
    }

    /// Reads the body of a record; what it does is done to `transaction`, which has no effects yet.
    mutating func decode(
        _ body: UnsafeRawBufferPointer, into transaction: inout Transaction
    ) throws(JSONError) {
        let base = transaction.base
        let said = try decodeOnce(body, into: &transaction) ?? false
        guard said != isDifference else { return }
        isDifference = said
        transaction = Transaction(base)
        _ = try decodeOnce(body, into: &transaction)
    }

    /// Returns whether the record says that it holds differences; nil if it says nothing.
    private mutating func decodeOnce(
        _ body: UnsafeRawBufferPointer, into transaction: inout Transaction
    ) throws(JSONError) -> Bool? {
        try JSONScanner.scan(body) { (scanner) throws(JSONError) -> Bool? in
            let said = try record(&scanner, &transaction)
            try scanner.expectEnd()
            return said
        }
    }

    private mutating func record(
        _ scanner: inout JSONScanner, _ transaction: inout Transaction
    ) throws(JSONError) -> Bool? {
        var said: Bool?
        try scanner.expect("{")
        if scanner.accept("}") { return said }
        repeat {
            scanner.skipWhitespace()
            let name = try scanner.string(&strings)
            try scanner.expect(":")
            switch name {
            case "_date": _ = try scanner.integer()
            case "_comment": try scanner.skipValue()
            case "_is_diff":
                said = scanner.peek() == UInt8(ascii: "t")
                try scanner.skipValue()
            default:
                guard let table = transaction.base.schema.tableIndex(name) else {
                    throw scanner.failure(.unexpectedValue)
                }
                try self.table(table, &scanner, &transaction)
            }
        } while scanner.accept(",")
        try scanner.expect("}")
        return said
    }

    private mutating func table(
        _ table: Int, _ scanner: inout JSONScanner, _ transaction: inout Transaction
    ) throws(JSONError) {
        try scanner.expect("{")
        if scanner.accept("}") { return }
        repeat {
            scanner.skipWhitespace()
            let location = RowLocation(table: table, uuid: try scanner.rowUUID())
            try scanner.expect(":")
            try row(location, &scanner, &transaction)
        } while scanner.accept(",")
        try scanner.expect("}")
    }

    private mutating func row(
        _ location: RowLocation, _ scanner: inout JSONScanner, _ transaction: inout Transaction
    ) throws(JSONError) {
        let table = location.table
        let old = transaction.row(location)
        if scanner.peek() == UInt8(ascii: "n") {
            try scanner.expectLiteral("null")
            guard old != nil else { throw scanner.failure(.unexpectedValue) }
            transaction.delete(location)
        } else if let old {
            let new = try modified(old, table, &scanner)
            transaction.modify(location, new)
        } else {
            guard transaction.isFree(location) else { throw scanner.failure(.unexpectedValue) }
            let row = try rows[table].row(
                &scanner, &strings, unknown: .refused, defaults: defaults[table])
            transaction.insert(location, row)
        }
    }

    private mutating func modified(
        _ old: Row, _ table: Int, _ scanner: inout JSONScanner
    ) throws(JSONError) -> Row {
        var row = old
        let types = rows[table].table.columns
        let isDifference = isDifference
        try rows[table].columns(
            &scanner, &strings, isDifference: isDifference, unknown: .refused
        ) { (column, datum) throws(JSONError) in
            guard isDifference else {
                row[column] = datum
                return
            }
            do throws(OVSDBError) {
                row[column] = try old[column].applying(diff: datum, type: types[column].type)
            } catch {
                throw JSONError(.unexpectedValue, at: 0)
            }
        }
        return row
    }
}

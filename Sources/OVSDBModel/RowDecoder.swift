import JSON

// The columns of rows straight from bytes. A sender prints the columns of every row in the same
// order, so the name that followed last time is compared first and a search is rare.

/// Reads objects whose members are columns of one table.
public struct RowDecoder: Sendable {
    public let table: TableSchema
    private let columns: ColumnDecoders
    /// For each column, the one that came after it when it was last seen. The last entry is for
    /// the beginning of a row.
    private var successors: [Int]

    public init(_ table: TableSchema) {
        self.table = table
        self.columns = ColumnDecoders(table)
        self.successors = table.columns.indices.map { $0 + 1 } + [0]
    }

    /// What to do about a name that isn't a column: an error, or nothing.
    public enum UnknownColumns: Sendable { case refused, skipped }

    /// Reads an object and passes the position and the value of each column in it.
    ///
    /// `_uuid` and `_version` are skipped.
    public mutating func columns(
        _ scanner: inout JSONScanner, _ strings: inout StringCache, isDifference: Bool,
        unknown: UnknownColumns, _ body: (Int, Datum) throws(JSONError) -> Void
    ) throws(JSONError) {
        try scanner.expect("{")
        if scanner.accept("}") { return }
        let columns = columns
        var last = columns.names.count
        repeat {
            let column = try name(&scanner, after: last, columns)
            try scanner.expect(":")
            if let column {
                last = column
                let datum = try columns.datums[column].decode(
                    &scanner, &strings, isDifference: isDifference)
                try body(column, datum)
            } else {
                guard unknown == .skipped else { throw scanner.failure(.unexpectedValue) }
                try scanner.skipValue()
            }
        } while scanner.accept(",")
        try scanner.expect("}")
    }

    /// Reads an object into a row in which every other column has its default.
    public mutating func row(
        _ scanner: inout JSONScanner, _ strings: inout StringCache, unknown: UnknownColumns,
        defaults: Row
    ) throws(JSONError) -> Row {
        var row = defaults
        try columns(&scanner, &strings, isDifference: false, unknown: unknown) {
            (column, datum) throws(JSONError) in row[column] = datum
        }
        return row
    }

    /// Reads a member's name; nil if it isn't a column.
    private mutating func name(
        _ scanner: inout JSONScanner, after last: Int, _ columns: ColumnDecoders
    ) throws(JSONError) -> Int? {
        scanner.skipWhitespace()
        let guess = successors[last]
        let column = try scanner.withStringBytes { (bytes) throws(JSONError) -> Int? in
            columns.column(bytes, guess: guess)
        }
        if let column, column != guess { successors[last] = column }
        return column
    }
}

/// What a `RowDecoder` knows about the columns; it never changes.
private final class ColumnDecoders: Sendable {
    let datums: [DatumDecoder]
    let names: [ColumnName]

    init(_ table: TableSchema) {
        datums = table.columns.map { DatumDecoder($0.type) }
        names = table.columns.map { ColumnName($0.name) }
    }

    func column(_ name: UnsafeRawBufferPointer, guess: Int) -> Int? {
        let head = ColumnName.head(name)
        if guess < names.count, names[guess].matches(name, head) { return guess }
        return names.firstIndex { $0.matches(name, head) }
    }
}

/// A name that is compared eight bytes at a time.
struct ColumnName: Sendable {
    private let bytes: [UInt8]
    /// The first eight bytes, zeros behind a shorter name.
    private let head: UInt64

    init(_ name: String) {
        bytes = Array(name.utf8)
        head = bytes.withUnsafeBytes { ColumnName.head($0) }
    }

    /// `head` is that of `other`.
    func matches(_ other: UnsafeRawBufferPointer, _ head: UInt64) -> Bool {
        guard head == self.head, other.count == bytes.count else { return false }
        var index = 8
        while index < bytes.count {
            guard bytes[index] == other[index] else { return false }
            index &+= 1
        }
        return true
    }

    static func head(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        if bytes.count >= 8 { return bytes.loadUnaligned(as: UInt64.self) }
        var head: UInt64 = 0
        for (index, byte) in bytes.enumerated() { head |= UInt64(byte) << UInt64(8 * index) }
        return UInt64(littleEndian: head)
    }
}

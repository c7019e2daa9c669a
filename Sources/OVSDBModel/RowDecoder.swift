import JSON

// The columns of rows straight from bytes. A sender prints the columns of every row in the same
// order, so the name that followed last time is compared first and a search is rare.

/// Reads objects whose members are columns of one table.
public struct RowDecoder: Sendable {
    public let table: TableSchema
    /// One for each of the table's columns.
    private let datums: [DatumDecoder]
    private let names: [ColumnName]
    /// For each column, the one that came after it when it was last seen. The last entry is for
    /// the beginning of a row.
    private var successors: [Int]

    public init(_ table: TableSchema) {
        self.table = table
        self.datums = table.columns.map { DatumDecoder($0.type) }
        self.names = table.columns.map { ColumnName($0.name) }
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
        var last = names.count
        repeat {
            let column = try name(&scanner, after: last)
            try scanner.expect(":")
            if let column {
                last = column
                let datum = try datums[column].decode(
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
        _ scanner: inout JSONScanner, after last: Int
    ) throws(JSONError) -> Int? {
        scanner.skipWhitespace()
        let guess = successors[last]
        let names = names
        let column = try scanner.withStringBytes { (bytes) throws(JSONError) -> Int? in
            if guess < names.count, names[guess].matches(bytes) { return guess }
            return names.firstIndex { $0.matches(bytes) }
        }
        if let column, column != guess { successors[last] = column }
        return column
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

    func matches(_ other: UnsafeRawBufferPointer) -> Bool {
        guard other.count == bytes.count, ColumnName.head(other) == head else { return false }
        var index = 8
        while index < bytes.count {
            guard bytes[index] == other[index] else { return false }
            index &+= 1
        }
        return true
    }

    private static func head(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        if bytes.count >= 8 { return bytes.loadUnaligned(as: UInt64.self) }
        var head: UInt64 = 0
        for (index, byte) in bytes.enumerated() { head |= UInt64(byte) << UInt64(8 * index) }
        return UInt64(littleEndian: head)
    }
}

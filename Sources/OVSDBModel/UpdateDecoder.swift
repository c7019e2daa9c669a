import JSON

// The contents of `update2` and `update3` notifications and of the replies that start a monitor
// (the `table-updates2` of ovsdb-server(7)), straight from bytes: what a client of a large database
// reads hundreds of megabytes of.

/// What an update says about one row.
public enum RowUpdate: Hashable, Sendable {
    /// The row was there when the monitor began; columns that aren't mentioned have defaults.
    case initial(Row)
    /// The row was inserted, or began to satisfy the monitor's condition.
    case insert(Row)
    /// Columns, ascending as they came, with differences to apply to them.
    case modify([ColumnDifference])
    case delete

    public struct ColumnDifference: Hashable, Sendable {
        /// A position in `TableSchema.columns`.
        public var column: Int
        public var difference: Datum

        public init(column: Int, difference: Datum) {
            self.column = column
            self.difference = difference
        }
    }
}

/// What an update says about one table, rows in the order of the text.
public struct TableUpdate: Hashable, Sendable {
    /// A position in `DatabaseSchema.tables`.
    public var table: Int
    public var rows: [(uuid: RowUUID, update: RowUpdate)]

    public static func == (left: TableUpdate, right: TableUpdate) -> Bool {
        left.table == right.table && left.rows.count == right.rows.count
            && zip(left.rows, right.rows).allSatisfy {
                $0.uuid == $1.uuid && $0.update == $1.update
            }
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(table)
        hasher.combine(rows.count)
    }
}

/// Reads updates of one database; it learns the sender's order of columns.
public struct UpdateDecoder: Sendable {
    public let schema: DatabaseSchema
    private var decoders: [RowDecoder]
    private let defaults: [Row]
    private var strings: StringCache

    public init(schema: DatabaseSchema, strings: StringCache = StringCache()) {
        self.schema = schema
        self.decoders = schema.tables.map { RowDecoder($0) }
        self.defaults = schema.tables.map(\.defaultRow)
        self.strings = strings
    }

    /// Reads an object {table: {uuid: {kind: row}}}. Tables and columns that the schema doesn't
    /// have are skipped.
    public mutating func tableUpdates(
        _ scanner: inout JSONScanner
    ) throws(JSONError) -> [TableUpdate] {
        var updates: [TableUpdate] = []
        try scanner.expect("{")
        if scanner.accept("}") { return updates }
        repeat {
            scanner.skipWhitespace()
            let name = try scanner.string()
            try scanner.expect(":")
            if let table = schema.tableIndex(name) {
                updates.append(TableUpdate(table: table, rows: try rows(&scanner, table)))
            } else {
                try scanner.skipValue()
            }
        } while scanner.accept(",")
        try scanner.expect("}")
        return updates
    }

    /// Reads a whole text that is such an object.
    public mutating func tableUpdates(
        _ bytes: ArraySlice<UInt8>
    ) throws(JSONError) -> [TableUpdate] {
        try JSONScanner.scan(bytes) { (scanner) throws(JSONError) in
            let updates = try tableUpdates(&scanner)
            try scanner.expectEnd()
            return updates
        }
    }

    private mutating func rows(
        _ scanner: inout JSONScanner, _ table: Int
    ) throws(JSONError) -> [(uuid: RowUUID, update: RowUpdate)] {
        var rows: [(uuid: RowUUID, update: RowUpdate)] = []
        try scanner.expect("{")
        if scanner.accept("}") { return rows }
        repeat {
            scanner.skipWhitespace()
            let uuid = try scanner.rowUUID()
            try scanner.expect(":")
            rows.append((uuid, try update(&scanner, table)))
        } while scanner.accept(",")
        try scanner.expect("}")
        return rows
    }

    private enum Kind { case initial, insert, modify, delete }

    private mutating func update(
        _ scanner: inout JSONScanner, _ table: Int
    ) throws(JSONError) -> RowUpdate {
        try scanner.expect("{")
        scanner.skipWhitespace()
        let kind = try scanner.withStringBytes { (bytes) throws(JSONError) -> Kind? in
            if bytes.elementsEqual("modify".utf8) { return .modify }
            if bytes.elementsEqual("insert".utf8) { return .insert }
            if bytes.elementsEqual("initial".utf8) { return .initial }
            return bytes.elementsEqual("delete".utf8) ? .delete : nil
        }
        guard let kind else { throw scanner.failure(.unexpectedValue) }
        try scanner.expect(":")
        let update = try self.update(kind, &scanner, table)
        try scanner.expect("}")
        return update
    }

    private mutating func update(
        _ kind: Kind, _ scanner: inout JSONScanner, _ table: Int
    ) throws(JSONError) -> RowUpdate {
        switch kind {
        case .initial: return .initial(try row(&scanner, table))
        case .insert: return .insert(try row(&scanner, table))
        case .delete:
            try scanner.skipValue()
            return .delete
        case .modify:
            var differences: [RowUpdate.ColumnDifference] = []
            try decoders[table].columns(
                &scanner, &strings, isDifference: true, unknown: .skipped
            ) { (column, difference) throws(JSONError) in
                differences.append(.init(column: column, difference: difference))
            }
            return .modify(differences)
        }
    }

    private mutating func row(
        _ scanner: inout JSONScanner, _ table: Int
    ) throws(JSONError) -> Row {
        try decoders[table].row(
            &scanner, &strings, unknown: .skipped, defaults: defaults[table])
    }
}

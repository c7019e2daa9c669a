// The schema of a database as values. Tables and columns are sorted by name: their positions are
// stable identifiers within one schema, and everything printed from them comes out in one order.

/// One column of a table.
public struct ColumnSchema: Hashable, Sendable {
    public let name: String
    public let type: ColumnType
    /// May be changed after the row was inserted. Weak references always can be: a row that goes
    /// away is removed from them.
    public let isMutable: Bool
    /// Not kept across restarts.
    public let isEphemeral: Bool

    public init(
        _ name: String, _ type: ColumnType, isMutable: Bool = true, isEphemeral: Bool = false
    ) {
        self.name = name
        self.type = type
        self.isMutable = isMutable || type.hasWeakReference
        self.isEphemeral = isEphemeral
    }
}

/// One table. A `Row` has its values in the order of `columns`.
public struct TableSchema: Hashable, Sendable {
    public let name: String
    /// Sorted by name.
    public let columns: [ColumnSchema]
    public let isMutable: Bool
    /// At least 1; nil means no limit.
    public let maximumRows: Int?
    /// Rows live until they are deleted; others as long as a strong reference names them.
    public let isRoot: Bool
    /// Each a list of column names whose values together are unique in the table.
    public let indexes: [[String]]
    /// The same as positions in `columns`.
    public let indexColumns: [[Int]]
    private let positions: [String: Int]

    public init(
        name: String, columns: [ColumnSchema], isMutable: Bool = true, maximumRows: Int? = nil,
        isRoot: Bool = true, indexes: [[String]] = []
    ) {
        self.name = name
        self.columns = columns.sorted { $0.name < $1.name }
        self.isMutable = isMutable
        self.maximumRows = maximumRows
        self.isRoot = isRoot
        self.indexes = indexes
        let positions = Dictionary(
            self.columns.enumerated().map { ($0.element.name, $0.offset) }
        ) { first, _ in first }
        self.positions = positions
        self.indexColumns = indexes.map { $0.compactMap { positions[$0] } }
    }

    /// The position of the column called `name` in `columns` and in every row.
    public func columnIndex(_ name: String) -> Int? { positions[name] }

    public func column(_ name: String) -> ColumnSchema? {
        columnIndex(name).map { columns[$0] }
    }

    /// A row in which every column has its default.
    public var defaultRow: Row { Row(columns.map(\.type.defaultDatum)) }

    public static func == (left: TableSchema, right: TableSchema) -> Bool {
        left.name == right.name && left.columns == right.columns
            && left.isMutable == right.isMutable && left.maximumRows == right.maximumRows
            && left.isRoot == right.isRoot && left.indexes == right.indexes
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(columns)
    }
}

/// A whole database.
public struct DatabaseSchema: Hashable, Sendable {
    public let name: String
    /// "x.y.z", or empty in very old files.
    public let version: String
    /// Opaque; empty if there is none.
    public let checksum: String
    /// Sorted by name.
    public let tables: [TableSchema]
    private let positions: [String: Int]

    /// `tables` in any order. If none of them is a root, all are taken to be (the rule for schemas
    /// older than garbage collection).
    public init(name: String, version: String, checksum: String = "", tables: [TableSchema]) {
        self.name = name
        self.version = version
        self.checksum = checksum
        self.tables = DatabaseSchema.normalized(tables)
        self.positions = Dictionary(
            self.tables.enumerated().map { ($0.element.name, $0.offset) }
        ) { first, _ in first }
    }

    /// The position of the table called `name` in `tables`.
    public func tableIndex(_ name: String) -> Int? { positions[name] }

    public func table(_ name: String) -> TableSchema? {
        tableIndex(name).map { tables[$0] }
    }

    public static func == (left: DatabaseSchema, right: DatabaseSchema) -> Bool {
        left.name == right.name && left.version == right.version
            && left.checksum == right.checksum && left.tables == right.tables
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(version)
    }
}

// A database as a value. Tables are persistent hash maps, so that a copy is a snapshot that costs
// nothing and can be read by another thread while the original goes on; a transaction changes only
// the nodes on the way to the rows that it touches.
//
// Properties that hold between transactions: every strong reference leads to a row and every row
// knows how many strong references lead to it from other rows; every weak reference leads to a row
// and every row knows the rows that refer to it weakly; every index has exactly one entry per row.
// All are maintained from what changes, never recomputed from the whole.

import HashTreeCollections
import OVSDBModel

/// A row as it stands in its table.
public struct StoredRow: Sendable {
    public internal(set) var row: Row
    public internal(set) var version: RowUUID
    /// The strong references to this row from other rows.
    public internal(set) var references: Int

    init(row: Row, version: RowUUID, references: Int) {
        self.row = row
        self.version = version
        self.references = references
    }
}

/// Where a row is: the position of its table and its identity.
public struct RowLocation: Hashable, Comparable, Sendable {
    public var table: Int
    public var uuid: RowUUID

    public init(table: Int, uuid: RowUUID) {
        self.table = table
        self.uuid = uuid
    }

    public static func < (left: RowLocation, right: RowLocation) -> Bool {
        left.table != right.table ? left.table < right.table : left.uuid < right.uuid
    }
}

/// The values of the columns of an index in one row.
struct IndexKey: Hashable, Sendable {
    var values: [Datum]
}

/// The rows of one table.
public struct Table: Sendable {
    public let schema: TableSchema
    public internal(set) var rows: TreeDictionary<RowUUID, StoredRow> = [:]
    /// For each of `schema.indexes`, the row with the given values.
    var indexes: [TreeDictionary<IndexKey, RowUUID>]
    /// For each row, the other rows that have weak references to it, with how many each.
    var weakReferrers: TreeDictionary<RowUUID, TreeDictionary<RowLocation, Int>> = [:]

    init(_ schema: TableSchema) {
        self.schema = schema
        self.indexes = schema.indexes.map { _ in [:] }
    }

    public var count: Int { rows.count }

    public subscript(uuid: RowUUID) -> StoredRow? { rows[uuid] }

    /// The identities of all rows, sorted.
    public var sortedUUIDs: [RowUUID] { rows.keys.sorted() }

    func key(ofIndex index: Int, _ row: Row) -> IndexKey {
        IndexKey(values: schema.indexColumns[index].map { row[$0] })
    }
}

/// A database: its schema and its rows.
public struct Database: Sendable {
    public let schema: DatabaseSchema
    /// In the order of `schema.tables`.
    public internal(set) var tables: [Table]
    /// For each table, the columns that refer to rows.
    let references: [TableReferences]

    /// An empty database.
    public init(schema: DatabaseSchema) {
        self.schema = schema
        self.tables = schema.tables.map { Table($0) }
        self.references = schema.tables.map { TableReferences($0, in: schema) }
    }

    public func table(_ name: String) -> Table? {
        schema.tableIndex(name).map { tables[$0] }
    }

    public subscript(location: RowLocation) -> StoredRow? { tables[location.table][location.uuid] }

    /// The rows of all tables together.
    public var rowCount: Int { tables.reduce(0) { $0 + $1.count } }

    /// Everything that is in the database, as the difference from an empty one.
    public var contents: DatabaseDelta {
        var delta = DatabaseDelta()
        for (index, table) in tables.enumerated() where table.count > 0 {
            let rows = table.rows.map { uuid, stored in
                RowChange(uuid: uuid, old: nil, new: stored.row, newVersion: stored.version)
            }
            delta.tables.append(
                TableChanges(table: index, rows: rows.sorted { $0.uuid < $1.uuid }))
        }
        return delta
    }
}

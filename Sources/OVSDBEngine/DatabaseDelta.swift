import OVSDBModel

/// What happened to one row.
public struct RowChange: Hashable, Sendable {
    public var uuid: RowUUID
    /// nil if the row is inserted.
    public var old: Row?
    /// nil if the row is deleted.
    public var new: Row?
    /// The row's `_version` before and after; zero where there is no row.
    public var oldVersion: RowUUID
    public var newVersion: RowUUID

    public init(
        uuid: RowUUID, old: Row?, new: Row?, oldVersion: RowUUID = .zero,
        newVersion: RowUUID = .zero
    ) {
        self.uuid = uuid
        self.old = old
        self.new = new
        self.oldVersion = oldVersion
        self.newVersion = newVersion
    }
}

/// What happened to the rows of one table.
public struct TableChanges: Hashable, Sendable {
    /// A position in `DatabaseSchema.tables`.
    public var table: Int
    /// Sorted by UUID, at least one; none has `old == new`.
    public var rows: [RowChange]

    public init(table: Int, rows: [RowChange]) {
        self.table = table
        self.rows = rows
    }
}

/// The difference between a database before and after a transaction.
///
/// It is what monitors report, what the log stores and what `Database.apply` takes. Everything
/// that the commit did is in it: collected garbage, removed weak references.
public struct DatabaseDelta: Hashable, Sendable {
    /// Sorted by table.
    public var tables: [TableChanges]

    public init(tables: [TableChanges] = []) { self.tables = tables }

    public var isEmpty: Bool { tables.isEmpty }

    /// The changes of the table at the position `table`; empty if there are none.
    public func rows(ofTable table: Int) -> [RowChange] {
        tables.first { $0.table == table }?.rows ?? []
    }
}

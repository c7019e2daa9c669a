import OVSDBModel

// A client's copy of a database, as a value.
//
// Properties that must hold:
// - what `apply` returns leads exactly from the contents before to the contents after: no row that
//   stayed equal is reported, and no row is reported twice;
// - an update that can't be applied changes nothing;
// - rows are always in the column order of the client's own schema. What the server doesn't have,
//   or the client didn't ask for, holds its default, so a reader never meets a missing column.

/// The rows that a client has been told of.
package struct Replica: Sendable {
    /// The client's own schema.
    package let schema: DatabaseSchema
    /// What of `schema` the server has, as of the last connection that got that far.
    package private(set) var coverage: SchemaCoverage
    /// The client's schema as the server prints its values.
    private(set) var wireSchema: DatabaseSchema
    var tables: [ReplicaTable]
    /// The tables that may be read; nil is all. Only checked in debug builds.
    private(set) var readable: Set<String>?

    /// `indexes` are the lists of columns that `uuids(in:where:)` can look up, by table. The rows of
    /// the tables in `packed` take less memory, and more time to read; those of the tables in `kept`
    /// more memory, and no time when they are read again.
    package init(
        schema: DatabaseSchema, indexes: [String: [[String]]] = [:], packed: Set<String> = [],
        kept: [any TypedRow.Type] = []
    ) {
        self.schema = schema
        coverage = SchemaCoverage(client: schema, server: schema)
        wireSchema = coverage.wireSchema(schema)
        tables = schema.tables.map { table in
            ReplicaTable(
                indexes: (indexes[table.name] ?? []).map { columns in
                    ReplicaIndex(columns: columns.compactMap { table.columnIndex($0) })
                }, isPacked: packed.contains(table.name),
                kept: kept.first { $0.table.name == table.name }?.keptRows)
        }
    }

    /// Prepares for updates of a server that has this much.
    mutating func cover(_ coverage: SchemaCoverage) {
        guard coverage != self.coverage else { return }
        self.coverage = coverage
        wireSchema = coverage.wireSchema(schema)
        for position in tables.indices { tables[position].revision += 1 }
    }

    /// How often these tables have changed so far: as long as the answer is the same, whoever reads
    /// them finds the same.
    package func revisions(of types: [any TypedRow.Type]) -> TableRevisions {
        TableRevisions(
            numbers: types.map { type in
                schema.tableIndex(type.table.name).map { tables[$0].revision } ?? 0
            })
    }

    /// The same for a reader of these tables, who stops in a debug build if it reads another.
    package func limited(to types: [any TypedRow.Type]) -> Replica {
        var limited = self
        limited.readable = Set(types.map { $0.table.name })
        return limited
    }

    /// The rows of the table at position `table` of `schema`, in no order.
    package func rows(in table: Int) -> [RowUUID: Row] { tables[table].rows.all }

    package func row(in table: Int, _ uuid: RowUUID) -> Row? { tables[table].rows[uuid] }

    /// The rows whose values in `columns` are `values`, sorted; `columns` has to be one of the
    /// indexes that the replica was made with.
    package func uuids(in table: Int, where columns: [Int], equal values: [Datum]) -> [RowUUID] {
        let index = tables[table].indexes.first { $0.columns == columns }
        precondition(index != nil, "no such index")
        return index?.entries[values] ?? []
    }

    /// Whether `other` holds the same rows.
    package func hasSameRows(as other: Replica) -> Bool {
        zip(tables, other.tables).allSatisfy { $0.rows == $1.rows }
    }
}

/// Of some tables, in the order in which they were asked for. Only revisions of one replica compare.
package struct TableRevisions: Hashable, Sendable {
    let numbers: [UInt64]
}

struct ReplicaTable: Sendable {
    /// How often anything of it has changed.
    var revision: UInt64 = 0
    var rows: ReplicaRows
    var indexes: [ReplicaIndex]
    /// The rows as structs; nil if they are made each time.
    var kept: (any KeptRows)?

    init(indexes: [ReplicaIndex], isPacked: Bool, kept: (any KeptRows)?) {
        rows = ReplicaRows(isPacked: isPacked)
        self.indexes = indexes
        self.kept = kept
    }

    /// `changes` are sorted by uuid.
    mutating func apply(_ changes: [RowChange]) {
        for change in changes {
            rows[change.uuid] = change.new
            for position in indexes.indices { indexes[position].apply(change) }
        }
        kept = kept?.applying(changes)
        revision += 1
    }

    mutating func removeAll() {
        rows.removeAll()
        kept = kept?.emptied()
        revision += 1
    }
}

/// The rows of a table by the values of some columns.
struct ReplicaIndex: Sendable {
    let columns: [Int]
    /// Never an empty list; each list sorted.
    private(set) var entries: [[Datum]: [RowUUID]] = [:]

    init(columns: [Int]) { self.columns = columns }

    mutating func apply(_ change: RowChange) {
        let old = change.old.map(key)
        let new = change.new.map(key)
        if old == new { return }
        if let old {
            entries[old]?.remove(sorted: change.uuid)
            if entries[old]?.isEmpty == true { entries[old] = nil }
        }
        if let new { entries[new, default: []].insert(sorted: change.uuid) }
    }

    private func key(_ row: Row) -> [Datum] { columns.map { row[$0] } }
}

extension [RowUUID] {
    /// Where a row is, or would be.
    private func place(of uuid: RowUUID) -> Int {
        var places = 0..<count
        while !places.isEmpty {
            let middle = places.lowerBound + places.count / 2
            places =
                self[middle] < uuid
                ? middle + 1..<places.upperBound : places.lowerBound..<middle
        }
        return places.lowerBound
    }

    fileprivate mutating func insert(sorted uuid: RowUUID) { insert(uuid, at: place(of: uuid)) }

    fileprivate mutating func remove(sorted uuid: RowUUID) {
        let place = place(of: uuid)
        if place < count, self[place] == uuid { remove(at: place) }
    }
}

/// One row before and after; nil is a row that isn't there. The two differ.
package struct RowChange: Hashable, Sendable {
    package let uuid: RowUUID
    package let old: Row?
    package let new: Row?

    package init(uuid: RowUUID, old: Row?, new: Row?) {
        self.uuid = uuid
        self.old = old
        self.new = new
    }
}

/// What happened to one table: at least one row, sorted by uuid, each once.
package struct TableChange: Hashable, Sendable {
    /// The table's position in the client's schema.
    package let table: Int
    package let name: String
    package let rows: [RowChange]

    package init(table: Int, name: String, rows: [RowChange]) {
        self.table = table
        self.name = name
        self.rows = rows
    }
}

import OVSDBModel

// The same rows as structs. A `TypedRow` belongs to this replica if its table has the same columns;
// asking for a table that the replica's schema doesn't have is a mistake of the caller.

/// A typed row and its identity.
package struct Identified<Value: TypedRow>: Hashable, Sendable {
    package let uuid: RowUUID
    package let row: Value

    package init(uuid: RowUUID, row: Value) {
        self.uuid = uuid
        self.row = row
    }
}

/// A typed row before and after; nil is a row that isn't there.
package struct TypedChange<Value: TypedRow>: Hashable, Sendable {
    package let uuid: RowUUID
    package let old: Value?
    package let new: Value?

    package init(uuid: RowUUID, old: Value?, new: Value?) {
        self.uuid = uuid
        self.old = old
        self.new = new
    }
}

extension Replica {
    private func position<T: TypedRow>(_ type: T.Type) -> Int {
        guard let position = schema.tableIndex(T.table.name) else {
            preconditionFailure("\(schema.name) has no table \(T.table.name)")
        }
        assert(
            readable?.contains(T.table.name) ?? true,
            "\(T.table.name) is none of the tables that this reader names")
        return position
    }

    package func count<T: TypedRow>(_ type: T.Type) -> Int {
        tables[position(type)].rows.count
    }

    /// Of all rows, sorted.
    package func uuids<T: TypedRow>(_ type: T.Type) -> [RowUUID] {
        tables[position(type)].rows.uuids.sorted()
    }

    package func contains<T: TypedRow>(_ type: T.Type, _ uuid: RowUUID) -> Bool {
        tables[position(type)].rows.contains(uuid)
    }

    /// All rows, sorted by uuid.
    package func rows<T: TypedRow>(_ type: T.Type) -> [Identified<T>] {
        let table = tables[position(type)]
        if let kept = table.kept as? TypedRows<T> { return kept.rows }
        return table.rows.uuids.sorted().compactMap { uuid in
            table.rows[uuid].map { Identified(uuid: uuid, row: T(row: $0)) }
        }
    }

    /// Hands out all rows, sorted by uuid, one at a time: those of a large table are large together.
    package func forEachRow<T: TypedRow>(_ type: T.Type, _ body: (RowUUID, Row) -> Void) {
        let rows = tables[position(type)].rows
        for uuid in rows.uuids.sorted() {
            if let row = rows[uuid] { body(uuid, row) }
        }
    }

    /// The row of a table that has at most one.
    package func only<T: TypedRow>(_ type: T.Type) -> Identified<T>? {
        let rows = tables[position(type)].rows
        guard let uuid = rows.uuids.min(), let row = rows[uuid] else { return nil }
        return Identified(uuid: uuid, row: T(row: row))
    }

    package subscript<T: TypedRow>(_ type: T.Type, _ uuid: RowUUID) -> T? {
        tables[position(type)].rows[uuid].map { T(row: $0) }
    }

    /// The rows whose values in `columns` are those of `example`, sorted by uuid; `columns` has to
    /// be one of the indexes that the replica was made with.
    package func rows<T: TypedRow>(
        like example: T, in columns: [T.Column]
    ) -> [Identified<T>] {
        let row = example.row()
        let indexes = columns.map(\.rawValue)
        let uuids = uuids(
            in: position(T.self), where: indexes, equal: indexes.map { row[$0] })
        return uuids.compactMap { uuid in
            self[T.self, uuid].map { Identified(uuid: uuid, row: $0) }
        }
    }

    /// How many these are.
    package func count<T: TypedRow>(like example: T, in columns: [T.Column]) -> Int {
        let row = example.row()
        let indexes = columns.map(\.rawValue)
        return uuids(in: position(T.self), where: indexes, equal: indexes.map { row[$0] }).count
    }

    /// Whether the server has `column`, so that it is worth writing and means something read.
    package func serverHas<T: TypedRow>(_ type: T.Type, _ column: T.Column) -> Bool {
        coverage.tables[position(type)]?.columns[column.rawValue] != nil
    }

    package func serverHas<T: TypedRow>(_ type: T.Type) -> Bool {
        coverage.tables[position(type)] != nil
    }
}

extension [TableChange] {
    /// The changes of one table, sorted by uuid.
    package func of<T: TypedRow>(_ type: T.Type) -> [TypedChange<T>] {
        rows(of: type).map { row in
            TypedChange(uuid: row.uuid, old: row.old.map(T.init), new: row.new.map(T.init))
        }
    }

    /// The same as they came, for who needs few columns of many rows.
    package func rows<T: TypedRow>(of type: T.Type) -> [RowChange] {
        first { $0.name == T.table.name }?.rows ?? []
    }
}

import OVSDBModel

// A transaction as the set of rows it touches, each with what happens to its columns. Several
// logical writes can so be merged into one transaction without their operations meeting in an
// order that the server would see differently: the last write to a column wins, an element change
// on top of a write changes what is written, a row that is inserted and deleted again never was.

/// What a client wants written, all or nothing.
package struct TransactionBuilder: Hashable, Sendable {
    package struct RowKey: Hashable, Sendable {
        package var table: String
        package var uuid: RowUUID
    }

    /// A change of some elements of a column, whatever else it holds when the server executes it.
    package enum Mutation: Hashable, Sendable {
        /// Adds atoms to a set, or pairs to a map; a key that exists gets the new value.
        case insert(Datum)
        /// Removes atoms from a set, or keys from a map.
        case delete(Datum)
        /// Adds to an integer.
        case add(Int64)
    }

    enum ColumnEdit: Hashable, Sendable {
        case value(Datum)
        case mutations([Mutation])
    }

    enum Fate: Hashable, Sendable {
        case changed
        case deleted
        /// A new row; its UUID is the caller's if `isChosen`, else a placeholder within this
        /// transaction.
        case inserted(isChosen: Bool)
        /// Deleted and inserted again: every column is written.
        case replaced
    }

    struct RowEdit: Hashable, Sendable {
        var fate: Fate
        /// By column name.
        var columns: [String: ColumnEdit] = [:]
        /// The columns in the order of their first edit.
        var order: [String] = []
        /// Where the row is in the builder's `order`.
        var position: Int
    }

    /// An integer to read back after it was added to.
    struct Read: Hashable, Sendable {
        var key: RowKey
        var column: String
    }

    /// What the transaction relies on; it is tried again later if that doesn't hold.
    enum Requirement: Hashable, Sendable {
        case equal(RowKey, [ColumnValue])
        case emptyTable(String)
    }

    private(set) var rows: [RowKey: RowEdit] = [:]
    /// Keys in the order of their first edit; an entry counts if its row has that position.
    private var order: [RowKey] = []
    private(set) var requirements: [Requirement] = []
    private(set) var comments: [String] = []
    private(set) var reads: [Read] = []

    package init() {}

    /// True if there is nothing to write.
    package var isEmpty: Bool { rows.isEmpty }

    /// How many rows are touched.
    package var rowCount: Int { rows.count }

    /// The rows in the order of their first edit.
    var orderedRows: some Sequence<(key: RowKey, edit: RowEdit)> {
        order.enumerated().lazy.compactMap { position, key in
            rows[key].flatMap { $0.position == position ? (key, $0) : nil }
        }
    }
}

// MARK: - Rows as structs

extension TransactionBuilder {
    /// Inserts a row whose UUID will be `uuid`, which no row has had.
    package mutating func insert<T: TypedRow>(_ row: T, uuid: RowUUID) {
        insert(into: T.table.name, uuid, row.insertedColumns, isChosen: true)
    }

    /// Inserts a row whose UUID the server chooses. Within this transaction `placeholder` stands
    /// for it, and the receipt says what it became.
    package mutating func insert<T: TypedRow>(_ row: T, placeholder: RowUUID) {
        insert(into: T.table.name, placeholder, row.insertedColumns, isChosen: false)
    }

    /// Writes the columns in which `new` differs from `old`.
    package mutating func update<T: TypedRow>(_ uuid: RowUUID, from old: T, to new: T) {
        let changes = new.changes(from: old)
        if changes.isEmpty { return }
        set(changes, in: RowKey(table: T.table.name, uuid: uuid))
    }

    /// Writes `columns` of `row` and no others.
    package mutating func update<T: TypedRow>(
        _ uuid: RowUUID, _ columns: [T.Column], of row: T
    ) {
        set(values(columns, of: row), in: RowKey(table: T.table.name, uuid: uuid))
    }

    package mutating func mutate<T: TypedRow>(
        _ type: T.Type, _ uuid: RowUUID, _ column: T.Column, _ mutation: Mutation
    ) {
        let name = T.table.columns[column.rawValue].name
        mutate(RowKey(table: T.table.name, uuid: uuid), name, mutation)
    }

    /// Adds `amount` to a column and reads it back: the receipt has the result.
    package mutating func increment<T: TypedRow>(
        _ type: T.Type, _ uuid: RowUUID, _ column: T.Column, by amount: Int64 = 1
    ) {
        mutate(type, uuid, column, .add(amount))
        let name = T.table.columns[column.rawValue].name
        reads.append(Read(key: RowKey(table: T.table.name, uuid: uuid), column: name))
    }

    package mutating func delete<T: TypedRow>(_ type: T.Type, _ uuid: RowUUID) {
        delete(RowKey(table: T.table.name, uuid: uuid))
    }

    /// Makes the transaction depend on `columns` of the row still being those of `row`.
    package mutating func require<T: TypedRow>(
        _ uuid: RowUUID, _ columns: [T.Column], of row: T
    ) {
        let key = RowKey(table: T.table.name, uuid: uuid)
        requirements.append(.equal(key, values(columns, of: row)))
    }

    /// Makes the transaction depend on the table having no row.
    package mutating func requireEmpty<T: TypedRow>(_ type: T.Type) {
        requirements.append(.emptyTable(T.table.name))
    }

    /// A line for the server's log; several are joined.
    package mutating func comment(_ text: String) { comments.append(text) }

    private func values<T: TypedRow>(_ columns: [T.Column], of row: T) -> [ColumnValue] {
        let values = row.row()
        return columns.map { column in
            ColumnValue(
                column: T.table.columns[column.rawValue].name, value: values[column.rawValue])
        }
    }
}

// MARK: - Rows by name

extension TransactionBuilder {
    package mutating func insert(
        into table: String, _ uuid: RowUUID, _ columns: [ColumnValue], isChosen: Bool
    ) {
        let key = RowKey(table: table, uuid: uuid)
        let known = rows[key]
        precondition(known == nil || known?.fate == .deleted, "the row exists")
        let fate: Fate = known == nil ? .inserted(isChosen: isChosen) : .replaced
        put(fate, key)
        set(columns, in: key)
    }

    package mutating func set(_ columns: [ColumnValue], in key: RowKey) {
        for column in columns {
            edit(key) { $0.edit(column.column) { $0 = .value(column.value) } }
        }
    }

    package mutating func mutate(_ key: RowKey, _ column: String, _ mutation: Mutation) {
        edit(key) { row in
            let isNew = row.fate != .changed
            row.edit(column) { $0.add(mutation, isNew: isNew) }
        }
    }

    package mutating func delete(_ key: RowKey) {
        if case .inserted = rows[key]?.fate {
            rows[key] = nil
        } else {
            put(.deleted, key)
        }
    }

    /// Begins the row anew.
    private mutating func put(_ fate: Fate, _ key: RowKey) {
        if rows[key] == nil { order.append(key) }
        let position = rows[key]?.position ?? order.count - 1
        rows[key] = RowEdit(fate: fate, position: position)
    }

    private mutating func edit(_ key: RowKey, _ change: (inout RowEdit) -> Void) {
        if rows[key] == nil { put(.changed, key) }
        // What is deleted stays deleted.
        if rows[key]?.fate == .deleted { return }
        rows[key].map { old in
            var row = old
            rows[key] = nil
            change(&row)
            rows[key] = row
        }
    }
}

// MARK: - Merging

extension TransactionBuilder {
    /// Appends what `other` does after what this does.
    package mutating func merge(_ other: TransactionBuilder) {
        requirements += other.requirements.filter { !isAnswered($0) }
        for (key, row) in other.orderedRows { merge(row, key) }
        comments += other.comments
        reads += other.reads
    }

    /// Whether this transaction writes what `requirement` compares, so that the comparison would
    /// see the database before the write.
    private func isAnswered(_ requirement: Requirement) -> Bool {
        switch requirement {
        case .equal(let key, let columns):
            guard let row = rows[key] else { return false }
            return columns.contains { row.columns[$0.column] != nil }
        case .emptyTable(let table): return rows.keys.contains { $0.table == table }
        }
    }

    private mutating func merge(_ row: RowEdit, _ key: RowKey) {
        switch (row.fate, rows[key]?.fate) {
        case (.deleted, _): return delete(key)
        case (.changed, _): break
        case (_, nil): put(row.fate, key)
        case (_, .inserted(let isChosen)): put(.inserted(isChosen: isChosen), key)
        case (_, .changed), (_, .deleted), (_, .replaced): put(.replaced, key)
        }
        for name in row.order {
            switch row.columns[name] {
            case .value(let value): set([ColumnValue(column: name, value: value)], in: key)
            case .mutations(let mutations):
                for mutation in mutations { mutate(key, name, mutation) }
            case nil: continue
            }
        }
    }
}

extension TransactionBuilder.RowEdit {
    fileprivate mutating func edit(
        _ column: String, _ change: (inout TransactionBuilder.ColumnEdit) -> Void
    ) {
        if columns[column] == nil { order.append(column) }
        change(&columns[column, default: .mutations([])])
    }
}

extension TransactionBuilder.ColumnEdit {
    /// On a value that is known, because this transaction writes it, the mutation is carried out.
    fileprivate mutating func add(_ mutation: TransactionBuilder.Mutation, isNew: Bool) {
        switch self {
        case .value(let value): self = .value(value.applying(mutation))
        case .mutations(let earlier) where isNew && earlier.isEmpty:
            self = .value(Datum.empty.applying(mutation))
        case .mutations(let earlier): self = .mutations(earlier + [mutation])
        }
    }
}

extension Datum {
    /// What the server would make of this value.
    fileprivate func applying(_ mutation: TransactionBuilder.Mutation) -> Datum {
        switch mutation {
        case .add(let amount): return .one(.integer((integer ?? 0) &+ amount))
        case .insert(.map(let added)):
            return Datum(entries: added + entries)
        case .insert(let added): return Datum(set: atoms + added.atoms)
        case .delete(let removed):
            if case .map(let own) = self {
                return Datum(entries: own.filter { !removed.contains($0.key) })
            }
            return Datum(set: atoms.filter { !removed.contains($0) })
        }
    }
}

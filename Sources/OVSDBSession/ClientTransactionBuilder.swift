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

        /// Rows of different tables hardly ever share a UUID.
        package func hash(into hasher: inout Hasher) { hasher.combine(uuid) }
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
        struct Column: Hashable, Sendable {
            var name: String
            var edit: ColumnEdit
        }

        let key: RowKey
        var fate: Fate
        /// In the order of their first edit, each once; few enough to be searched one by one.
        var columns: [Column] = []
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
        /// The key's table has a row whose column includes the value.
        case someRow(RowKey, ColumnValue)
    }

    /// In the order of their first edit; nil is a row that was inserted and deleted again.
    private var edits: [RowEdit?] = []
    /// Positions in `edits`.
    private var positions: [RowKey: Int] = [:]
    private(set) var requirements: [Requirement] = []
    private(set) var comments: [String] = []
    private(set) var reads: [Read] = []
    private(set) var locks: Set<String> = []

    package init() {}

    /// True if there is nothing to write.
    package var isEmpty: Bool { positions.isEmpty }

    /// How many rows are touched.
    package var rowCount: Int { positions.count }

    /// In the order of their first edit.
    var rows: some Sequence<RowEdit> { edits.lazy.compactMap { $0 } }

    private func row(_ key: RowKey) -> RowEdit? { positions[key].flatMap { edits[$0] } }
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

    /// Writes what differs between `old` and `new`: scalars, elements of sets, keys of maps. What
    /// somebody else adds to a set or map in the meantime stays.
    package mutating func update<T: TypedRow>(_ uuid: RowUUID, from old: T, to new: T) {
        let changes = new.changes(from: old)
        if changes.isEmpty { return }
        let key = RowKey(table: T.table.name, uuid: uuid)
        let before = old.row()
        var scalars: [ColumnValue] = []
        for change in changes {
            guard let column = T.table.columnIndex(change.column),
                T.table.columns[column].type.isComposite
            else {
                scalars.append(change)
                continue
            }
            for mutation in Mutation.leading(from: before[column], to: change.value) {
                mutate(key, change.column, mutation)
            }
        }
        if !scalars.isEmpty { set(scalars, in: key) }
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

    /// Makes the transaction depend on a row of the table whose `column` includes `value`.
    package mutating func require<T: TypedRow>(
        _ type: T.Type, _ column: T.Column, includes value: Datum
    ) {
        let name = T.table.columns[column.rawValue].name
        requirements.append(
            .someRow(
                RowKey(table: T.table.name, uuid: .zero), ColumnValue(column: name, value: value)))
    }

    /// Makes the transaction depend on this lock instead of the session's main one.
    package mutating func require(lock: String) { locks.insert(lock) }

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

extension TransactionBuilder.Mutation {
    /// What leads from one value of a set or map to another: first what comes, as a column may have
    /// to have something.
    fileprivate static func leading(from old: Datum, to new: Datum) -> [Self] {
        let (added, removed) = (new.subtracting(old), old.keys.subtracting(new.keys))
        return (added == .empty ? [] : [.insert(added)])
            + (removed == .empty ? [] : [.delete(removed)])
    }
}

extension Datum {
    /// The keys of a map, the elements of a set.
    fileprivate var keys: Datum {
        if case .map(let entries) = self { Datum(set: entries.map(\.key)) } else { self }
    }
}

// MARK: - Rows by name

extension TransactionBuilder {
    package mutating func insert(
        into table: String, _ uuid: RowUUID, _ columns: [ColumnValue], isChosen: Bool
    ) {
        let key = RowKey(table: table, uuid: uuid)
        let known = row(key)
        precondition(known == nil || known?.fate == .deleted, "the row exists")
        put(
            RowEdit(
                key: key, fate: known == nil ? .inserted(isChosen: isChosen) : .replaced,
                columns: columns.map { .init(name: $0.column, edit: .value($0.value)) }))
    }

    package mutating func set(_ columns: [ColumnValue], in key: RowKey) {
        edit(key) { row in
            for column in columns { row.edit(column.column) { $0 = .value(column.value) } }
        }
    }

    package mutating func mutate(_ key: RowKey, _ column: String, _ mutation: Mutation) {
        edit(key) { row in
            let isNew = row.fate != .changed
            row.edit(column) { $0.add(mutation, isNew: isNew) }
        }
    }

    package mutating func delete(_ key: RowKey) {
        if case .inserted = row(key)?.fate {
            if let position = positions.removeValue(forKey: key) { edits[position] = nil }
        } else {
            put(RowEdit(key: key, fate: .deleted))
        }
    }

    /// Takes the place of what was to happen to the row.
    private mutating func put(_ row: RowEdit) {
        if let position = positions[row.key] {
            edits[position] = row
        } else {
            positions[row.key] = edits.count
            edits.append(row)
        }
    }

    private mutating func edit(_ key: RowKey, _ change: (inout RowEdit) -> Void) {
        guard let position = positions[key], var row = edits[position] else {
            var row = RowEdit(key: key, fate: .changed)
            change(&row)
            return put(row)
        }
        // What is deleted stays deleted.
        if row.fate == .deleted { return }
        edits[position] = nil
        change(&row)
        edits[position] = row
    }
}

// MARK: - Merging

extension TransactionBuilder {
    /// Appends what `other` does after what this does.
    package mutating func merge(_ other: TransactionBuilder) {
        requirements += other.requirements.filter { !isAnswered($0) }
        for row in other.rows { merge(row) }
        comments += other.comments
        reads += other.reads
        locks.formUnion(other.locks)
    }

    /// Whether this transaction writes what `requirement` compares, so that the comparison would
    /// see the database before the write.
    private func isAnswered(_ requirement: Requirement) -> Bool {
        switch requirement {
        case .equal(let key, let columns):
            guard let row = row(key) else { return false }
            return columns.contains { row[$0.column] != nil }
        case .emptyTable(let table): return positions.keys.contains { $0.table == table }
        case .someRow: return false
        }
    }

    private mutating func merge(_ row: RowEdit) {
        switch (row.fate, self.row(row.key)?.fate) {
        case (_, nil): return put(row)
        case (.deleted, _): return delete(row.key)
        case (.changed, _): break
        case (_, .inserted(let isChosen)?):
            put(RowEdit(key: row.key, fate: .inserted(isChosen: isChosen)))
        case (_, .changed?), (_, .deleted?), (_, .replaced?):
            put(RowEdit(key: row.key, fate: .replaced))
        }
        for column in row.columns {
            switch column.edit {
            case .value(let value):
                set([ColumnValue(column: column.name, value: value)], in: row.key)
            case .mutations(let mutations):
                for mutation in mutations { mutate(row.key, column.name, mutation) }
            }
        }
    }
}

extension TransactionBuilder.RowEdit {
    subscript(column: String) -> TransactionBuilder.ColumnEdit? {
        columns.first { $0.name == column }?.edit
    }

    fileprivate mutating func edit(
        _ column: String, _ change: (inout TransactionBuilder.ColumnEdit) -> Void
    ) {
        if let position = columns.firstIndex(where: { $0.name == column }) {
            change(&columns[position].edit)
        } else {
            var new = Column(name: column, edit: .mutations([]))
            change(&new.edit)
            columns.append(new)
        }
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

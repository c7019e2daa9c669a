// A transaction works on the database it started from and remembers the rows that it touched, so
// that each operation sees the effects of the earlier ones and giving up costs nothing.
//
// Property: work is proportional to the rows touched and to the rows that a `where` without a
// usable key has to look at; nothing is copied up front. Touched rows are visited in the order in
// which they were first touched, so that the same transaction always fails for the same reason.

import OVSDBModel

/// A row that a transaction has touched.
struct TouchedRow {
    let uuid: RowUUID
    /// The row before the transaction; nil if the transaction inserted it.
    let old: StoredRow?
    /// The row now; nil if it has been deleted.
    var new: Row?
    /// The strong references to it, as far as counted.
    var references: Int

    init(_ uuid: RowUUID, old: StoredRow?, new: Row?) {
        self.uuid = uuid
        self.old = old
        self.new = new
        self.references = old?.references ?? 0
    }

    var isChanged: Bool { old?.row != new }
    var isInserted: Bool { old == nil && new != nil }
    var isDeleted: Bool { old != nil && new == nil }
}

/// The rows of one table that a transaction has touched.
struct TouchedTable {
    /// In the order in which they were first touched.
    private(set) var rows: [TouchedRow] = []
    private var positions: [RowUUID: Int] = [:]
    /// For those of the table's indexes that have been searched: the touched rows by their values.
    var indexes: [Int: [IndexKey: Set<RowUUID>]] = [:]

    func position(_ uuid: RowUUID) -> Int? { positions[uuid] }

    subscript(uuid: RowUUID) -> TouchedRow? { positions[uuid].map { rows[$0] } }

    mutating func append(_ row: TouchedRow) {
        assert(positions[row.uuid] == nil)
        positions[row.uuid] = rows.count
        rows.append(row)
    }

    mutating func setNew(_ row: Row?, at position: Int) { rows[position].new = row }

    mutating func addReferences(_ count: Int, at position: Int) {
        rows[position].references += count
    }

    mutating func forgetUnchanged() {
        guard rows.contains(where: { !$0.isChanged }) else { return }
        rows.removeAll { !$0.isChanged }
        positions.removeAll(keepingCapacity: true)
        for (position, row) in rows.enumerated() { positions[row.uuid] = position }
    }
}

struct Transaction {
    let base: Database
    /// In the order of the schema's tables.
    var touched: [TouchedTable?]

    init(_ base: Database) {
        self.base = base
        self.touched = Array(repeating: nil, count: base.tables.count)
    }
}

extension Transaction {
    subscript(touched location: RowLocation) -> TouchedRow? {
        touched[location.table]?[location.uuid]
    }

    /// The row as the transaction sees it.
    func row(_ location: RowLocation) -> Row? {
        if let touched = self[touched: location] { return touched.new }
        return base[location]?.row
    }

    func exists(_ location: RowLocation) -> Bool {
        if let touched = self[touched: location] { return touched.new != nil }
        return base[location] != nil
    }

    /// The `_version` of a row: rows that the transaction inserted have none yet.
    func version(_ location: RowLocation) -> RowUUID { base[location]?.version ?? .zero }

    /// Whether a row may be inserted under this identity: it must not exist now, nor may it have
    /// existed before the transaction deleted it.
    func isFree(_ location: RowLocation) -> Bool {
        if let touched = self[touched: location] { return touched.old == nil && touched.new == nil }
        return base[location] == nil
    }

    mutating func insert(_ location: RowLocation, _ row: Row) {
        assert(isFree(location))
        update(location, to: row)
    }

    mutating func modify(_ location: RowLocation, _ row: Row) {
        assert(exists(location))
        update(location, to: row)
    }

    mutating func delete(_ location: RowLocation) { update(location, to: nil) }

    /// Brings a row into the transaction without changing it.
    mutating func touch(_ location: RowLocation, _ stored: StoredRow) {
        append(TouchedRow(location.uuid, old: stored, new: stored.row), to: location.table)
        index(location, from: nil, to: stored.row)
    }

    private mutating func update(_ location: RowLocation, to new: Row?) {
        if let position = touched[location.table]?.position(location.uuid) {
            let before = touched[location.table]?.rows[position].new
            touched[location.table]?.setNew(new, at: position)
            index(location, from: before, to: new)
        } else {
            append(TouchedRow(location.uuid, old: base[location], new: new), to: location.table)
            index(location, from: nil, to: new)
        }
    }

    private mutating func append(_ row: TouchedRow, to table: Int) {
        if touched[table] == nil { touched[table] = TouchedTable() }
        touched[table]?.append(row)
    }

    /// Keeps the indexes of touched rows that have been built.
    private mutating func index(_ location: RowLocation, from old: Row?, to new: Row?) {
        guard let indexes = touched[location.table]?.indexes, !indexes.isEmpty else { return }
        let table = base.tables[location.table]
        for index in indexes.keys {
            if let old {
                let key = table.key(ofIndex: index, old)
                touched[location.table]?.indexes[index]?[key]?.remove(location.uuid)
            }
            if let new {
                let key = table.key(ofIndex: index, new)
                touched[location.table]?.indexes[index]?[key, default: []].insert(location.uuid)
            }
        }
    }

    /// The positions of the tables that have touched rows, ascending.
    var touchedTables: [Int] { touched.indices.filter { touched[$0] != nil } }

    /// The rows of a table that have been touched, in order.
    func touchedRows(_ table: Int) -> [TouchedRow] { touched[table]?.rows ?? [] }
}

import OVSDBModel

/// The rules between rows written down once more in the plainest way: after each transaction the
/// whole database is looked at. Slow, and with nothing in common with the engine's commit.
struct NaiveDatabase {
    let schema: DatabaseSchema
    var rows: [[RowUUID: Row]]

    init(_ schema: DatabaseSchema) {
        self.schema = schema
        self.rows = schema.tables.map { _ in [:] }
    }

    enum Operation {
        case insert(table: Int, uuid: RowUUID, row: Row)
        case set(table: Int, uuid: RowUUID, column: Int, value: Datum)
        case delete(table: Int, uuid: RowUUID)
    }

    /// Performs a transaction; false if it isn't allowed and nothing has changed.
    mutating func transact(_ operations: [Operation]) -> Bool {
        var next = self
        for operation in operations {
            switch operation {
            case .insert(let table, let uuid, let row):
                guard next.rows[table][uuid] == nil, rows[table][uuid] == nil else { return false }
                next.rows[table][uuid] = row
            case .set(let table, let uuid, let column, let value):
                next.rows[table][uuid]?[column] = value
            case .delete(let table, let uuid): next.rows[table][uuid] = nil
            }
        }
        guard next.settle() else { return false }
        self = next
        return true
    }

    private mutating func settle() -> Bool {
        guard !hasDanglingReference() else { return false }
        while collectOnce() {}
        for (index, table) in schema.tables.enumerated() {
            if let limit = table.maximumRows, rows[index].count > limit { return false }
        }
        return removeWeakReferences() && indexesAreUnique()
    }

    /// Calls `body` with every strong reference between two rows.
    private func forEachStrongReference(_ body: (_ table: Int, _ target: RowUUID) -> Void) {
        for (index, table) in schema.tables.enumerated() {
            for (uuid, row) in rows[index] {
                for (position, column) in table.columns.enumerated() {
                    for (base, atoms) in NaiveDatabase.sides(column.type, row[position]) {
                        guard let reference = base.reference, reference.strength == .strong,
                            let target = schema.tableIndex(reference.table)
                        else { continue }
                        for case .uuid(let other) in atoms where other != uuid {
                            body(target, other)
                        }
                    }
                }
            }
        }
    }

    private static func sides(_ type: ColumnType, _ datum: Datum) -> [(BaseType, [Atom])] {
        var sides = [(type.key, datum.atoms)]
        if let value = type.value { sides.append((value, datum.entries.map(\.value))) }
        return sides
    }

    private func hasDanglingReference() -> Bool {
        var found = false
        forEachStrongReference { table, target in
            if rows[table][target] == nil { found = true }
        }
        return found
    }

    private mutating func collectOnce() -> Bool {
        var referenced: [Set<RowUUID>] = schema.tables.map { _ in [] }
        forEachStrongReference { table, target in referenced[table].insert(target) }
        var collected = false
        for (index, table) in schema.tables.enumerated() where !table.isRoot {
            for uuid in rows[index].keys where !referenced[index].contains(uuid) {
                rows[index][uuid] = nil
                collected = true
            }
        }
        return collected
    }

    private mutating func removeWeakReferences() -> Bool {
        for (index, table) in schema.tables.enumerated() {
            for (uuid, row) in rows[index] {
                for (position, column) in table.columns.enumerated() {
                    let kept = alive(row[position], column.type)
                    guard kept.count >= column.type.minimum else { return false }
                    rows[index][uuid]?[position] = kept
                }
            }
        }
        return true
    }

    private func alive(_ datum: Datum, _ type: ColumnType) -> Datum {
        func isAlive(_ atom: Atom, _ base: BaseType?) -> Bool {
            guard case .uuid(let uuid) = atom, let reference = base?.reference,
                reference.strength == .weak, let target = schema.tableIndex(reference.table)
            else { return true }
            return rows[target][uuid] != nil
        }
        guard type.isMap else { return Datum(set: datum.atoms.filter { isAlive($0, type.key) }) }
        return Datum(
            entries: datum.entries.filter {
                isAlive($0.key, type.key) && isAlive($0.value, type.value)
            })
    }

    private func indexesAreUnique() -> Bool {
        for (index, table) in schema.tables.enumerated() {
            for columns in table.indexColumns {
                let keys = rows[index].values.map { row in columns.map { row[$0] } }
                guard Set(keys).count == keys.count else { return false }
            }
        }
        return true
    }
}

import OVSDBModel

/// The columns of a table whose values refer to rows of tables.
struct TableReferences: Sendable {
    /// One side of a column: the elements of a set, the keys or the values of a map.
    struct Part: Sendable {
        enum Side: Sendable { case key, value }

        let column: Int
        let side: Side
        /// The position of the table referred to.
        let target: Int
    }

    let strong: [Part]
    let weak: [Part]
    /// The columns that have weak parts, each once.
    let weakColumns: [Int]

    init(_ table: TableSchema, in schema: DatabaseSchema) {
        var strong: [Part] = []
        var weak: [Part] = []
        func add(_ base: BaseType?, _ column: Int, _ side: Part.Side) {
            guard let reference = base?.reference,
                let target = schema.tableIndex(reference.table)
            else { return }
            let part = Part(column: column, side: side, target: target)
            switch reference.strength {
            case .strong: strong.append(part)
            case .weak: weak.append(part)
            }
        }
        for (index, column) in table.columns.enumerated() {
            add(column.type.key, index, .key)
            add(column.type.value, index, .value)
        }
        self.strong = strong
        self.weak = weak
        self.weakColumns = weak.map(\.column).reduce(into: []) { columns, column in
            if columns.last != column { columns.append(column) }
        }
    }
}

extension TableReferences.Part {
    /// The UUIDs that `datum` has on this side, in the order of its elements.
    private func uuids(in datum: Datum) -> [RowUUID] {
        guard side == .value else {
            return datum.atoms.compactMap { if case .uuid(let uuid) = $0 { uuid } else { nil } }
        }
        return datum.entries.compactMap {
            if case .uuid(let uuid) = $0.value { uuid } else { nil }
        }
    }

    /// How many more references `new` has than `old` to each UUID; sorted, none of them zero.
    func countDifferences(from old: Datum, to new: Datum) -> [(uuid: RowUUID, count: Int)] {
        if old == new { return [] }
        // What most inserts and deletes are.
        if old.isEmpty, case .one(.uuid(let uuid)) = new { return [(uuid, 1)] }
        if new.isEmpty, case .one(.uuid(let uuid)) = old { return [(uuid, -1)] }
        let before = uuids(in: old)
        let after = uuids(in: new)
        return side == .key
            ? Self.merge(before, after) : Self.merge(before.sorted(), after.sorted())
    }

    /// Both lists are sorted and may have duplicates.
    private static func merge(
        _ old: [RowUUID], _ new: [RowUUID]
    ) -> [(uuid: RowUUID, count: Int)] {
        var result: [(uuid: RowUUID, count: Int)] = []
        func add(_ uuid: RowUUID, _ count: Int) {
            if let last = result.last, last.uuid == uuid {
                result[result.count - 1].count += count
            } else {
                result.append((uuid, count))
            }
        }
        var (i, j) = (0, 0)
        while i < old.count || j < new.count {
            if i < old.count, j < new.count, old[i] == new[j] {
                i += 1
                j += 1
            } else if j == new.count || i < old.count && old[i] < new[j] {
                add(old[i], -1)
                i += 1
            } else {
                add(new[j], 1)
                j += 1
            }
        }
        return result
    }

    /// `datum` without the elements or pairs whose UUID on this side doesn't satisfy `isAlive`.
    func filter(_ datum: Datum, _ isAlive: (RowUUID) -> Bool) -> Datum {
        func keeps(_ atom: Atom) -> Bool {
            if case .uuid(let uuid) = atom { isAlive(uuid) } else { true }
        }
        switch datum {
        case .empty: return datum
        case .one(let atom): return keeps(atom) ? datum : .empty
        case .many(let atoms):
            let kept = atoms.filter(keeps)
            return kept.count == atoms.count ? datum : Datum(set: kept)
        case .map(let entries):
            let kept = entries.filter { keeps(side == .key ? $0.key : $0.value) }
            return kept.count == entries.count ? datum : Datum(entries: kept)
        }
    }
}

import OVSDBModel

// Rows as structs, for tables whose rows are read again and again: making them of data takes longer than
// most of what is done with them.

/// All rows of one table as structs of one type.
protocol KeptRows: Sendable {
    /// Those after `changes`, which are sorted by uuid.
    func applying(_ changes: [RowChange]) -> any KeptRows
    /// None.
    func emptied() -> any KeptRows
}

extension TypedRow {
    static var keptRows: any KeptRows { TypedRows<Self>(rows: []) }
}

struct TypedRows<T: TypedRow>: KeptRows {
    /// Sorted by uuid.
    let rows: [Identified<T>]

    func emptied() -> any KeptRows { T.keptRows }

    func applying(_ changes: [RowChange]) -> any KeptRows {
        var new: [Identified<T>] = []
        new.reserveCapacity(rows.count + changes.count)
        var next = rows.startIndex
        for change in changes {
            let end = firstIndex(notBefore: change.uuid, from: next)
            new += rows[next..<end]
            next = end
            if next < rows.count, rows[next].uuid == change.uuid { next += 1 }
            if let row = change.new { new.append(Identified(uuid: change.uuid, row: T(row: row))) }
        }
        new += rows[next...]
        return TypedRows(rows: new)
    }

    private func firstIndex(notBefore uuid: RowUUID, from start: Int) -> Int {
        var (low, high) = (start, rows.count)
        while low < high {
            let middle = (low + high) / 2
            if rows[middle].uuid < uuid { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

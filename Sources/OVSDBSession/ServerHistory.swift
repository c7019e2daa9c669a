// The last transactions of a database, so that a client that comes back gets what it missed instead
// of everything (monitor_cond_since). Each transaction has an identifier, and so has the state after
// it; a client names the last state that it has seen.

import DequeModule
import OVSDBEngine
import OVSDBModel

struct TransactionHistory: Sendable {
    private struct Entry: Sendable {
        /// The state after the transaction.
        let id: RowUUID
        let delta: DatabaseDelta
        let rows: Int
        /// From before this start of the server.
        let isRecovered: Bool
    }

    private let limits: ServerLimits
    private var entries: Deque<Entry> = []
    private var rows = 0
    /// The state before the first entry.
    private var base: RowUUID
    private var isBaseRecovered = true

    /// `base` is the state that the database is in; zero if it has no name.
    init(base: RowUUID, limits: ServerLimits) {
        self.base = base
        self.limits = limits
    }

    /// The current state.
    var last: RowUUID { entries.last?.id ?? base }

    mutating func append(_ id: RowUUID, _ delta: DatabaseDelta, isRecovered: Bool = false) {
        let count = delta.tables.reduce(0) { $0 + $1.rows.count }
        entries.append(Entry(id: id, delta: delta, rows: count, isRecovered: isRecovered))
        rows += count
        while isOverLimit { dropFirst() }
    }

    private var isOverLimit: Bool {
        entries.count > limits.historyTransactions
            || rows > limits.historyRows && entries.count > limits.historyMinimum
    }

    private mutating func dropFirst() {
        guard let first = entries.popFirst() else { return }
        base = first.id
        isBaseRecovered = first.isRecovered
        rows -= first.rows
    }

    /// What changed since the state `id`, merged into one delta; nil if that isn't known.
    ///
    /// `isRecovered` tells that the state is from before this start of the server, whose ephemeral
    /// contents are gone.
    func changes(since id: RowUUID) -> (delta: DatabaseDelta, isRecovered: Bool)? {
        if id == .zero { return nil }
        if let index = entries.lastIndex(where: { $0.id == id }) {
            return (merge(entries[(index + 1)...]), entries[index].isRecovered)
        }
        return id == base ? (merge(entries[...]), isBaseRecovered) : nil
    }

    private func merge(_ entries: Deque<Entry>.SubSequence) -> DatabaseDelta {
        var merger = DeltaMerger()
        for entry in entries { merger.add(entry.delta) }
        return merger.delta
    }
}

/// Adds up deltas that follow each other.
struct DeltaMerger {
    private var tables: [Int: [RowUUID: StoredRowChange]] = [:]

    mutating func add(_ delta: DatabaseDelta) {
        for changes in delta.tables {
            for change in changes.rows { add(change, table: changes.table) }
        }
    }

    private mutating func add(_ change: StoredRowChange, table: Int) {
        guard let before = tables[table]?[change.uuid] else {
            tables[table, default: [:]][change.uuid] = change
            return
        }
        tables[table]?[change.uuid] = StoredRowChange(
            uuid: change.uuid, old: before.old, new: change.new, oldVersion: before.oldVersion,
            newVersion: change.newVersion)
    }

    /// The sum: rows that came and went are not in it.
    var delta: DatabaseDelta {
        var delta = DatabaseDelta()
        for (table, rows) in tables.sorted(by: { $0.key < $1.key }) {
            let changes = rows.values.filter { $0.old != nil || $0.new != nil }
                .sorted { $0.uuid < $1.uuid }
            if !changes.isEmpty { delta.tables.append(TableChanges(table: table, rows: changes)) }
        }
        return delta
    }
}

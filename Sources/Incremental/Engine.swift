// The incremental engine: what a changed input costs is what depends on it, and nobody writes
// a change handler.
//
// A program registers stores in order: input tables, functions over their keys, memoised
// functions, indexes, relations that many functions contribute rows to, allocators. Every store
// has an ordinal, and a derivation reads only stores of a lower ordinal. Order of registration
// is therefore a topological order, and one pass over the stores settles a change: a store takes
// its dirty cells, re-runs each once, and marks the readers of those whose value differs.
//
// Properties that must hold (IncrementalTests checks each on random graphs and edits):
// * after `run`, every value and every output row equals what a fresh engine derives from the
//   same inputs and the same allocations;
// * a cell runs at most once per revision, and only if something that it read has changed;
// * a cell whose result is equal wakes nobody (early cut-off).
//
// What is absent: no clocks, no threads, no recursion through cells, no order of evaluation that
// a derivation could observe. The design and its alternatives: Docs/decisions/0001.

/// Limits of one engine. A program that meets one has a design error, so they are preconditions.
public enum EngineLimits {
    /// Stores of one engine.
    public static let stores = 1 << CellID.storeBits
    /// Cells of one store, and rows of one relation.
    public static let cells = 1 << CellID.slotBits
}

/// Counts revisions; 0 before the first run.
public struct Revision: Hashable, Comparable, Sendable, CustomStringConvertible {
    public internal(set) var number: UInt64 = 0

    public static func < (left: Revision, right: Revision) -> Bool { left.number < right.number }

    public var description: String { "r\(number)" }
}

/// One graph of derivations with its inputs and outputs. Owned by one thread.
public final class Engine {
    public private(set) var revision = Revision()

    /// What re-ran, if somebody wants to know; nil costs nothing.
    public var log: EventLog?

    @usableFromInline var stores: [Store] = []
    @usableFromInline var arena = WordArena()
    @usableFromInline var isRunning = false
    private var contexts: [Context] = []
    private var garbage: [CellID] = []

    public init() {}

    /// Settles all changes since the last run, and returns how many cells ran.
    @discardableResult
    public func run() -> Int {
        precondition(!isRunning, "a derivation may not run its engine")
        revision.number += 1
        isRunning = true
        var runs = 0
        var ordinal = 0
        while ordinal < stores.count {
            let store = stores[ordinal]
            if !store.dirty.isEmpty { runs += store.settle() }
            ordinal += 1
        }
        isRunning = false
        sweep()
        return runs
    }

    /// Forgets cells that nothing refers to any more; a memoised value dies with its last reader.
    private func sweep() {
        while let cell = garbage.popLast() {
            let store = stores[cell.store]
            store.heads.flags[cell.slot].remove(.candidate)
            guard store.heads.flags[cell.slot].contains(.occupied) else { continue }
            if store.isUnused(cell.slot) { store.reclaim(cell.slot) }
        }
    }

    @usableFromInline func nominate(_ store: Store, _ slot: Int) {
        guard !store.heads.flags[slot].contains(.candidate) else { return }
        store.heads.flags[slot].insert(.candidate)
        garbage.append(CellID(store: store.ordinal, slot: slot))
    }

    @usableFromInline func register(_ store: Store) {
        precondition(stores.count < EngineLimits.stores, "too many stores in one engine")
        precondition(revision.number == 0, "stores are registered before the first run")
        stores.append(store)
    }

    @usableFromInline var nextOrdinal: Int { stores.count }

    @usableFromInline func borrowContext(for store: Store, _ slot: Int) -> Context {
        let context = contexts.popLast() ?? Context(engine: self)
        context.begin(store, slot)
        return context
    }

    @usableFromInline func giveBack(_ context: Context) { contexts.append(context) }
}

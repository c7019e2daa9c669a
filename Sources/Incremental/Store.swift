// A store is a column of cells. This file has what all kinds share: cells that know what they
// read and who reads them.

/// The untyped part of a store. Subclasses add keys and values.
public class Store {
    public final let name: String
    @usableFromInline final let ordinal: Int
    @usableFromInline final unowned let engine: Engine
    @usableFromInline final let durability: Durability
    @usableFromInline final var heads = CellColumns()
    @usableFromInline final var dirty: [UInt32] = []
    /// Whose slots the cells have, if a cell lives as long as its key is in a domain.
    @usableFromInline final var domainSpace: ObjectIdentifier?
    /// Functions over the same keys that read this store's cell in their own slot. Such reads are
    /// known per function instead of per cell: they are most of all reads, and nearly all cells of
    /// a function have them or none has.
    @usableFromInline final var alignedReaders: [Store] = []

    /// How often cells of this store ran, and how often the result was equal to the last.
    public final internal(set) var runs = 0
    public final internal(set) var cutOffs = 0

    @usableFromInline init(name: String, engine: Engine, durability: Durability = .ordinary) {
        self.name = name
        self.engine = engine
        self.durability = durability
        ordinal = engine.nextOrdinal
        engine.register(self)
    }

    /// Brings all dirty cells up to date and returns how many ran.
    @usableFromInline func settle() -> Int { 0 }

    /// Whether the cell can be forgotten.
    @usableFromInline func isUnused(_ slot: Int) -> Bool {
        references(to: slot) == 0 && heads.flags[slot].isDisjoint(with: [.live, .pinned])
    }

    /// Forgets an unused cell.
    @usableFromInline func reclaim(_ slot: Int) {
        heads.flags[slot] = CellFlags()
        if durability == .ordinary { engine.arena.releaseReaders(heads.audiences[slot]) }
        heads.audiences[slot] = 0
        letGo(slot)
    }

    /// The slot's hold on the key space, taken with the first use of a cell.
    @usableFromInline func hold(_ slot: Int) {}
    @usableFromInline func letGo(_ slot: Int) {}

    @usableFromInline func describe(_ slot: Int) -> String { "\(name)[\(slot)]" }

    /// One contribution more to a relation's row, or one fewer.
    @usableFromInline func contribute(_ slot: Int, _ change: Int) {
        preconditionFailure("\(name) takes no contributions")
    }

    /// Bytes of bookkeeping, without keys' and values' own contents.
    @usableFromInline var bytes: Int {
        heads.bytes + dirty.capacity * 4
    }

    // MARK: Cells

    /// Makes sure that the column reaches `slot` and that the cell holds its key.
    @usableFromInline final func touch(_ slot: Int) {
        heads.reach(slot)
        guard !heads.flags[slot].contains(.occupied) else { return }
        heads.flags[slot].insert(.occupied)
        hold(slot)
        engine.nominate(self, slot)
    }

    @usableFromInline final func markDirty(_ slot: Int) {
        guard !heads.flags[slot].contains(.dirty) else { return }
        heads.flags[slot].insert(.dirty)
        dirty.append(UInt32(slot))
    }

    @usableFromInline final func takeDirty() -> [UInt32] {
        let work = dirty
        dirty.removeAll()
        return work
    }

    /// The value of the cell differs: its readers must run.
    @usableFromInline final func markReaders(of slot: Int) {
        let cell = CellID(store: ordinal, slot: slot)
        switch durability {
        case .ordinary:
            engine.arena.forEachReader(heads.audiences[slot]) {
                wake(CellID(raw: $0), ifReads: cell)
            }
        case .durable:
            guard references(to: slot) > 0 else { return }
            engine.wakeAll(reading: cell)
        }
    }

    private func wake(_ reader: CellID, ifReads cell: CellID) {
        let store = engine.stores[reader.store]
        if store.reads(reader.slot, cell) { store.markDirty(reader.slot) }
    }

    /// Whether the cell's last run read `cell`. Reads are sorted.
    @usableFromInline final func reads(_ slot: Int, _ cell: CellID) -> Bool {
        guard slot < heads.count else { return false }
        return engine.arena.contains(cell.raw, in: heads.reads[slot])
    }

    /// A cell of the same key, in a store that this one reads, differs.
    @usableFromInline final func wakeAligned(_ slot: Int) {
        guard slot < heads.count, heads.flags[slot].contains(.pinned) else { return }
        markDirty(slot)
    }

    @usableFromInline final func addAlignedReader(_ reader: Store) {
        guard !alignedReaders.contains(where: { $0 === reader }) else { return }
        alignedReaders.append(reader)
    }

    // MARK: Edges

    /// How many cells read this one now, those in their own slot not counted; exact.
    @usableFromInline final func references(to slot: Int) -> Int {
        let audience = heads.audiences[slot]
        return switch durability {
        case .ordinary: engine.arena.liveReaders(audience)
        case .durable: Int(audience)
        }
    }

    @usableFromInline final func addReader(_ reader: UInt32, to slot: Int) {
        let audience = heads.audiences[slot]
        switch durability {
        case .ordinary:
            heads.audiences[slot] = engine.arena.addReader(reader, to: audience)
        case .durable: heads.audiences[slot] = audience + 1
        }
    }

    @usableFromInline final func removeReader(_ reader: UInt32, from slot: Int) {
        let audience = heads.audiences[slot]
        switch durability {
        case .ordinary:
            if engine.arena.removeReader(reader, from: audience) { forgetStaleReaders(of: slot) }
        case .durable: heads.audiences[slot] = audience - 1
        }
        if references(to: slot) == 0 { engine.nominate(self, slot) }
    }

    private func forgetStaleReaders(of slot: Int) {
        let list = heads.audiences[slot]
        let cell = CellID(store: ordinal, slot: slot)
        let stores = engine.stores
        var seen = Set<UInt32>()
        engine.arena.forEachReader(list) { word in
            let entry = CellID(raw: word)
            if stores[entry.store].reads(entry.slot, cell) { seen.insert(word) }
        }
        engine.arena.releaseReaders(list)
        heads.audiences[slot] = seen.sorted().reduce(0) { engine.arena.addReader($1, to: $0) }
    }
}

extension Engine {
    /// Marks every cell that read `cell`, by looking at the reads of all later cells.
    fileprivate func wakeAll(reading cell: CellID) {
        for ordinal in cell.store + 1..<stores.count {
            let store = stores[ordinal]
            for slot in 0..<store.heads.count where store.reads(slot, cell) {
                store.markDirty(slot)
            }
        }
    }

    /// Records what a run of the cell read and contributed, and moves the edges that differ.
    @usableFromInline func commit(_ context: Context, to store: Store, _ slot: Int) {
        context.finish()
        let cell = CellID(store: store.ordinal, slot: slot).raw
        let block = store.heads.reads[slot]
        if arena.holds(context.reads, context.contributions, in: block) {
            context.clear()
            return
        }
        let oldReads = arena.first(block).map { arena[$0] }
        let oldRows = arena.second(block).map { arena[$0] }
        store.heads.reads[slot] = arena.store(
            context.reads, context.contributions, replacing: block)
        forEachDifference(oldReads, context.reads) { word, added in
            let source = CellID(raw: word)
            if added {
                stores[source.store].addReader(cell, to: source.slot)
            } else {
                stores[source.store].removeReader(cell, from: source.slot)
            }
        }
        forEachDifference(oldRows, context.contributions) { word, added in
            let row = CellID(raw: word)
            stores[row.store].contribute(row.slot, added ? 1 : -1)
        }
        context.clear()
    }

    /// Takes back everything that the cell read and contributed.
    @usableFromInline func withdraw(_ store: Store, _ slot: Int) {
        let context = borrowContext(for: store, slot)
        commit(context, to: store, slot)
        giveBack(context)
    }

    /// Walks two sorted lists and reports what only one of them has.
    private func forEachDifference(
        _ old: [UInt32], _ new: [UInt32], _ body: (_ word: UInt32, _ added: Bool) -> Void
    ) {
        var left = 0
        var right = 0
        while left < old.count || right < new.count {
            if right == new.count || left < old.count && old[left] < new[right] {
                body(old[left], false)
                left += 1
            } else if left == old.count || new[right] < old[left] {
                body(new[right], true)
                right += 1
            } else {
                left += 1
                right += 1
            }
        }
    }
}

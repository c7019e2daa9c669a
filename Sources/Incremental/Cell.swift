/// The 4-byte name of a cell: its store's ordinal and its slot there. Reads, readers and
/// contributions are lists of these.
@frozen
public struct CellID: Hashable, Comparable, Sendable {
    public static let storeBits = 10
    public static let slotBits = 22

    @usableFromInline let raw: UInt32

    @inlinable init(raw: UInt32) { self.raw = raw }

    @inlinable init(store: Int, slot: Int) {
        assert(slot < EngineLimits.cells && store < EngineLimits.stores)
        raw = UInt32(truncatingIfNeeded: store << CellID.slotBits | slot)
    }

    @inlinable var store: Int { Int(raw >> UInt32(CellID.slotBits)) }
    @inlinable var slot: Int { Int(raw & (1 << UInt32(CellID.slotBits) - 1)) }

    @inlinable public static func < (left: CellID, right: CellID) -> Bool { left.raw < right.raw }
}

/// What the engine keeps of a store's cells besides keys and values. A column reaches only as far as
/// some cell needs it: a cell that nobody reads but those of its own key costs five bytes, one that
/// reads nothing either costs one.
@usableFromInline struct CellColumns {
    private struct Audience {
        /// Block in the arena: who may have read the cell; 0 if nobody. May hold stale entries.
        var readers: UInt32 = 0
        /// How many read it now.
        var count: UInt32 = 0
    }

    @usableFromInline var flags: [CellFlags] = []
    /// Blocks in the arena: what the cells read and contributed; 0 if nothing.
    private var blocks: [UInt32] = []
    private var audiences: [Audience] = []

    @usableFromInline init() {}

    @usableFromInline var count: Int { flags.count }

    @usableFromInline var bytes: Int {
        flags.capacity + blocks.capacity * 4 + audiences.capacity * MemoryLayout<Audience>.stride
    }

    @usableFromInline mutating func reach(_ slot: Int) {
        while flags.count <= slot { flags.appendTightly(CellFlags()) }
    }

    /// What the cell read and contributed.
    @usableFromInline func reads(of slot: Int) -> UInt32 {
        slot < blocks.count ? blocks[slot] : 0
    }

    @usableFromInline mutating func setReads(_ block: UInt32, of slot: Int) {
        if slot >= blocks.count {
            guard block != 0 else { return }
            while blocks.count <= slot { blocks.appendTightly(0) }
        }
        blocks[slot] = block
    }

    /// Who may have read the cell.
    @usableFromInline func readers(of slot: Int) -> UInt32 {
        slot < audiences.count ? audiences[slot].readers : 0
    }

    @usableFromInline mutating func setReaders(_ block: UInt32, of slot: Int) {
        if slot >= audiences.count, block == 0 { return }
        reachAudience(slot)
        audiences[slot].readers = block
    }

    /// How many cells read this one now, those in their own slot not counted; exact.
    @usableFromInline func references(to slot: Int) -> Int {
        slot < audiences.count ? Int(audiences[slot].count) : 0
    }

    @usableFromInline mutating func addReference(to slot: Int) {
        reachAudience(slot)
        audiences[slot].count += 1
    }

    @usableFromInline mutating func removeReference(to slot: Int) { audiences[slot].count -= 1 }

    private mutating func reachAudience(_ slot: Int) {
        while audiences.count <= slot { audiences.appendTightly(Audience()) }
    }
}

@usableFromInline struct CellFlags: OptionSet, Sendable {
    @usableFromInline let rawValue: UInt8

    @usableFromInline init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Holds its slot in the key space.
    @usableFromInline static let occupied = CellFlags(rawValue: 1)
    /// Has a value.
    @usableFromInline static let live = CellFlags(rawValue: 2)
    /// Its key is in the domain of the function.
    @usableFromInline static let pinned = CellFlags(rawValue: 4)
    /// Waits in its store's list.
    @usableFromInline static let dirty = CellFlags(rawValue: 8)
    /// Waits for the sweep.
    @usableFromInline static let candidate = CellFlags(rawValue: 16)
}

/// How often a table changes, as far as memory is concerned.
public enum Durability: Sendable {
    /// Every cell knows its readers, so a change costs its readers.
    case ordinary
    /// Cells don't know their readers: nothing is stored per read, and a change looks through
    /// the reads of all later cells. For configuration that nearly everything reads.
    case durable
}

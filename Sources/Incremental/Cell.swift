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
    @usableFromInline var flags: [CellFlags] = []
    /// Blocks in the arena: what the cells read and contributed; 0 if nothing.
    @usableFromInline var reads = WordColumn()
    /// Those that read the cells, the ones in their own slot not counted: the list in the arena, or
    /// how many they are, where changes look for them (`Durability`); 0 if nobody.
    @usableFromInline var audiences = WordColumn()

    @usableFromInline init() {}

    @usableFromInline var count: Int { flags.count }

    @usableFromInline var bytes: Int { flags.capacity + reads.bytes + audiences.bytes }

    @usableFromInline mutating func reach(_ slot: Int) {
        while flags.count <= slot { flags.appendTightly(CellFlags()) }
    }
}

/// A word for each cell, 0 beyond the last that has another.
@usableFromInline struct WordColumn {
    private var words: [UInt32] = []

    @usableFromInline init() {}

    @usableFromInline var bytes: Int { words.capacity * 4 }

    @usableFromInline subscript(slot: Int) -> UInt32 {
        get { slot < words.count ? words[slot] : 0 }
        set {
            if slot >= words.count {
                guard newValue != 0 else { return }
                while words.count <= slot { words.appendTightly(0) }
            }
            words[slot] = newValue
        }
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

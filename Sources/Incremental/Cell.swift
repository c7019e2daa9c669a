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

/// What the engine keeps per cell besides key and value: 12 bytes.
@usableFromInline struct CellHead {
    private static let referenceMask: UInt32 = 1 << 24 - 1

    /// Block in the arena: what the cell read and contributed; 0 if nothing.
    @usableFromInline var reads: UInt32 = 0
    /// Block in the arena: who may have read the cell; 0 if nobody. May hold stale entries.
    @usableFromInline var readers: UInt32 = 0
    /// Flags, then the number of references.
    private var state: UInt32 = 0

    @usableFromInline init() {}

    /// How many cells read this one now, those in their own slot not counted; exact.
    @usableFromInline var references: UInt32 {
        get { state & CellHead.referenceMask }
        set {
            precondition(newValue <= CellHead.referenceMask, "too many readers of one cell")
            state = state & ~CellHead.referenceMask | newValue
        }
    }

    @usableFromInline var flags: CellFlags {
        get { CellFlags(rawValue: UInt8(state >> 24)) }
        set { state = state & CellHead.referenceMask | UInt32(newValue.rawValue) << 24 }
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

// Finds things in an array by what they are called, where the array has the names anyway: a dictionary
// would hold each of them once more.

/// An open-addressed table of places. Whoever has the array says which place is the one that is sought.
struct PlaceIndex {
    /// The lower half of a hash above a place plus one; 0 is a free slot.
    private var slots: [UInt64] = [0]
    private(set) var count = 0

    private var mask: Int { slots.count - 1 }

    /// The place that was inserted with this hash and is the one that is sought.
    func place(_ hash: Int, where isSought: (UInt32) -> Bool) -> UInt32? {
        let hash = UInt32(truncatingIfNeeded: hash)
        var slot = Int(hash) & mask
        while slots[slot] != 0 {
            let place = UInt32(truncatingIfNeeded: slots[slot]) - 1
            if UInt32(slots[slot] >> 32) == hash, isSought(place) { return place }
            slot = (slot + 1) & mask
        }
        return nil
    }

    /// `place` is below `UInt32.max` and not in the table.
    mutating func insert(_ place: UInt32, _ hash: Int) {
        if (count + 1) * 4 > slots.count * 3 { grow() }
        count += 1
        put(UInt64(UInt32(truncatingIfNeeded: hash)) << 32 | UInt64(place + 1))
    }

    private mutating func put(_ entry: UInt64) {
        var slot = Int(entry >> 32) & mask
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = entry
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: 0, count: max(8, old.count * 2))
        for entry in old where entry != 0 { put(entry) }
    }

    /// Takes out a place that was inserted with this hash. What stands behind it moves up, so that
    /// removals leave no trace.
    mutating func remove(_ place: UInt32, _ hash: Int) {
        let sought = UInt64(UInt32(truncatingIfNeeded: hash)) << 32 | UInt64(place + 1)
        var hole = Int(sought >> 32) & mask
        while slots[hole] != sought {
            if slots[hole] == 0 { return }
            hole = (hole + 1) & mask
        }
        count -= 1
        var next = (hole + 1) & mask
        while slots[next] != 0 {
            let home = Int(slots[next] >> 32) & mask
            if (next - home) & mask >= (next - hole) & mask {
                slots[hole] = slots[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        slots[hole] = 0
    }
}

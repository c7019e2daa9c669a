// Finds things in an array by hashes that the owner makes, where the array has the things anyway: a
// dictionary would hold each name once more, and hash it with a keyed function each time.

/// Numbers under hashes, eight bytes for each: an open-addressed table. Any number of numbers may have the
/// same hash; whoever has the array says which one is sought.
public struct HashIndex: Sendable {
    /// The lower half of a hash above a number plus one; 0 is a free slot.
    @usableFromInline var slots: [UInt64] = [0]
    public private(set) var count = 0

    public init() {}

    /// The first number under the hash that is the one.
    @inlinable
    @inline(__always)
    public func first(_ hash: UInt64, where isIt: (UInt32) -> Bool) -> UInt32? {
        slots.withUnsafeBufferPointer { slots in
            let mask = slots.count - 1
            let hash = UInt32(truncatingIfNeeded: hash)
            var place = Int(hash) & mask
            while slots[place] != 0 {
                let number = UInt32(truncatingIfNeeded: slots[place]) &- 1
                if UInt32(slots[place] >> 32) == hash, isIt(number) { return number }
                place = (place + 1) & mask
            }
            return nil
        }
    }

    /// `number` is below `UInt32.max` and not in the table.
    public mutating func insert(_ number: UInt32, _ hash: UInt64) {
        if (count + 1) * 4 > slots.count * 3 { grow() }
        put(Self.slot(number, hash))
        count += 1
    }

    private static func slot(_ number: UInt32, _ hash: UInt64) -> UInt64 {
        hash << 32 | UInt64(number + 1)
    }

    private mutating func put(_ slot: UInt64) {
        let mask = slots.count - 1
        var place = Int(slot >> 32) & mask
        while slots[place] != 0 { place = (place + 1) & mask }
        slots[place] = slot
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: 0, count: max(8, old.count * 2))
        for slot in old where slot != 0 { put(slot) }
    }

    /// Takes out a number that was inserted with this hash.
    public mutating func remove(_ number: UInt32, _ hash: UInt64) {
        let sought = Self.slot(number, hash)
        let mask = slots.count - 1
        var place = Int(sought >> 32) & mask
        while slots[place] != sought {
            if slots[place] == 0 { return }
            place = (place + 1) & mask
        }
        count -= 1
        close(place)
    }

    /// Takes a slot out, and moves back what stands after it because it was taken.
    private mutating func close(_ gap: Int) {
        let mask = slots.count - 1
        var gap = gap
        var place = (gap + 1) & mask
        while slots[place] != 0 {
            let home = Int(slots[place] >> 32) & mask
            if (place - home) & mask >= (place - gap) & mask {
                slots[gap] = slots[place]
                gap = place
            }
            place = (place + 1) & mask
        }
        slots[gap] = 0
    }
}

extension Hashable {
    /// The hash under which a `HashIndex` has something by what it is called.
    var indexHash: UInt64 { UInt64(bitPattern: Int64(hashValue)) }
}

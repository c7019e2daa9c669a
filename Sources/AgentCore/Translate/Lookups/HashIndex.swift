// Numbers under 64-bit hashes that the owner makes, for tables that every miss asks many times.
// Swift's dictionaries hash a key word by word with a keyed function; here the owner hashes as few
// words as tell, with `WordHash`.

/// A hash of words. It is seeded by the process, because guests choose what is hashed.
struct WordHash {
    private static let seed = UInt64(bitPattern: Int64("lookups".hashValue))
    private static let factor = UInt64(bitPattern: Int64("factor".hashValue)) | 1

    private(set) var value = WordHash.seed

    @inline(__always)
    mutating func combine(_ word: UInt64) {
        let product = (value ^ word).multipliedFullWidth(by: Self.factor)
        value = product.high ^ product.low &+ word
    }
}

/// Any number of numbers may have the same hash.
struct HashIndex: Sendable {
    private struct Slot: Sendable {
        var hash: UInt64 = 0
        var number = free

        static let free = UInt32.max
    }

    private var slots: [Slot] = []
    private(set) var count = 0

    /// The first number under the hash that is the one.
    @inline(__always)
    func first(_ hash: UInt64, where isIt: (UInt32) -> Bool) -> UInt32? {
        guard count > 0 else { return nil }
        return slots.withUnsafeBufferPointer { slots in
            let mask = slots.count - 1
            var place = Int(truncatingIfNeeded: hash) & mask
            while slots[place].number != Slot.free {
                if slots[place].hash == hash, isIt(slots[place].number) {
                    return slots[place].number
                }
                place = (place + 1) & mask
            }
            return nil
        }
    }

    mutating func insert(_ number: UInt32, _ hash: UInt64) {
        if (count + 1) * 4 > slots.count * 3 { grow() }
        put(Slot(hash: hash, number: number))
        count += 1
    }

    private mutating func put(_ slot: Slot) {
        let mask = slots.count - 1
        var place = Int(truncatingIfNeeded: slot.hash) & mask
        while slots[place].number != Slot.free { place = (place + 1) & mask }
        slots[place] = slot
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: Slot(), count: max(8, old.count * 2))
        for slot in old where slot.number != Slot.free { put(slot) }
    }

    mutating func remove(_ number: UInt32, _ hash: UInt64) {
        guard count > 0 else { return }
        let mask = slots.count - 1
        var place = Int(truncatingIfNeeded: hash) & mask
        while slots[place].number != number {
            if slots[place].number == Slot.free { return }
            place = (place + 1) & mask
        }
        count -= 1
        close(place)
    }

    /// Takes a slot out, and moves back what stands after it because it was taken.
    private mutating func close(_ gap: Int) {
        let mask = slots.count - 1
        var gap = gap
        var place = gap
        while true {
            place = (place + 1) & mask
            guard slots[place].number != Slot.free else { break }
            let home = Int(truncatingIfNeeded: slots[place].hash) & mask
            if (place - home) & mask >= (place - gap) & mask {
                slots[gap] = slots[place]
                gap = place
            }
        }
        slots[gap] = Slot()
    }
}

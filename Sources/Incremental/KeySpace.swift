/// Keys interned to slots, shared by a table and everything that is derived per key of it.
///
/// A slot is kept as long as some store holds it; the number of a slot is never visible outside
/// the engine. Open addressing over 4-byte slots: a key costs itself plus about 8 bytes. All of it is
/// inlinable, so that keys are hashed and compared as what they are.
@usableFromInline final class KeySpace<Key: Hashable & Sendable> {
    @usableFromInline var keys: [Key] = []
    /// Who holds each slot; `many` if `crowds` has the number.
    @usableFromInline var holders: [UInt8] = []
    @usableFromInline var crowds: [UInt32: Int] = [:]
    @inlinable static var many: UInt8 { .max }
    @usableFromInline var table: [UInt32] = Array(repeating: .max, count: 8)
    @usableFromInline var used = 0
    @usableFromInline var free: [UInt32] = []

    @usableFromInline init() {}

    @usableFromInline var bytes: Int {
        keys.capacity * MemoryLayout<Key>.stride + tableBytes
    }

    /// Without the keys themselves.
    @usableFromInline var tableBytes: Int {
        holders.capacity + crowds.capacity * 24 + (table.capacity + free.capacity) * 4
    }

    /// Slots ever used; columns of the stores are at most this long.
    @inlinable var count: Int { keys.count }

    @inlinable func find(_ key: Key) -> Int? {
        var index = key.hashValue & (table.count - 1)
        while table[index] != .max {
            let slot = Int(table[index])
            if keys[slot] == key { return slot }
            index = (index + 1) & (table.count - 1)
        }
        return nil
    }

    /// The slot of the key with this hash that `matches` accepts.
    @inlinable func find(hash: Int, where matches: (Key) -> Bool) -> Int? {
        var index = hash & (table.count - 1)
        while table[index] != .max {
            let slot = Int(table[index])
            if matches(keys[slot]) { return slot }
            index = (index + 1) & (table.count - 1)
        }
        return nil
    }

    /// The slot of the key; a new one is held by nobody yet.
    @inlinable func intern(_ key: Key) -> Int {
        if let slot = find(key) { return slot }
        if (used + 1) * 8 > table.count * 7 { grow() }
        let slot: Int
        if let reused = free.popLast() {
            slot = Int(reused)
            keys[slot] = key
            holders[slot] = 0
        } else {
            slot = keys.count
            precondition(slot < EngineLimits.cells, "too many keys in one key space")
            keys.appendTightly(key)
            holders.appendTightly(0)
        }
        place(slot)
        used += 1
        return slot
    }

    /// How many hold the slot.
    @inlinable func holds(on slot: Int) -> Int {
        let count = holders[slot]
        return count < Self.many ? Int(count) : crowds[UInt32(slot)] ?? 0
    }

    @inlinable func hold(_ slot: Int) { setHolders(holds(on: slot) + 1, of: slot) }

    @inlinable func setHolders(_ count: Int, of slot: Int) {
        if count < Self.many {
            if holders[slot] == Self.many { crowds[UInt32(slot)] = nil }
            holders[slot] = UInt8(count)
        } else {
            holders[slot] = Self.many
            crowds[UInt32(slot)] = count
        }
    }

    @inlinable func letGo(_ slot: Int) {
        setHolders(holds(on: slot) - 1, of: slot)
        guard holders[slot] == 0 else { return }
        unplace(slot)
        used -= 1
        free.append(UInt32(slot))
    }

    @inlinable func place(_ slot: Int) {
        var index = keys[slot].hashValue & (table.count - 1)
        while table[index] != .max { index = (index + 1) & (table.count - 1) }
        table[index] = UInt32(slot)
    }

    /// Deletion by shifting back, so that no tombstones remain.
    @inlinable func unplace(_ slot: Int) {
        let mask = table.count - 1
        var hole = keys[slot].hashValue & mask
        while table[hole] != UInt32(slot) { hole = (hole + 1) & mask }
        var next = (hole + 1) & mask
        while table[next] != .max {
            let home = keys[Int(table[next])].hashValue & mask
            if (next &- home) & mask >= (next &- hole) & mask {
                table[hole] = table[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        table[hole] = .max
    }

    @inlinable func grow() {
        let live = table.filter { $0 != .max }
        table = Array(repeating: .max, count: table.count * 2)
        for slot in live { place(Int(slot)) }
    }
}

// Ports by name and by group, as lookups see them: open-addressed tables of (datapath, key) pairs.

/// A set of ports, each a datapath and a port key.
///
/// Invariant: immutable once made, so any thread may read it.
final class PortSet: @unchecked Sendable {
    private let slots: UnsafeMutablePointer<UInt64>
    private let slotMask: Int
    let count: Int
    /// Empty slots hold this, which is no port: datapath keys have 24 bits.
    private static let empty = UInt64.max

    init(_ pairs: Set<UInt64>) {
        count = pairs.count
        let capacity = tableCapacity(pairs.count)
        slotMask = capacity - 1
        slots = .allocate(capacity: capacity)
        slots.initialize(repeating: Self.empty, count: capacity)
        for pair in pairs {
            var index = Int(truncatingIfNeeded: mix(pair)) & slotMask
            while slots[index] != Self.empty { index = (index + 1) & slotMask }
            slots[index] = pair
        }
    }

    deinit { slots.deallocate() }

    func contains(_ pair: UInt64) -> Bool {
        var index = Int(truncatingIfNeeded: mix(pair)) & slotMask
        while slots[index] != Self.empty {
            if slots[index] == pair { return true }
            index = (index + 1) & slotMask
        }
        return false
    }

    static func pair(_ datapath: UInt32, _ key: UInt32) -> UInt64 {
        UInt64(datapath) << 32 | UInt64(key)
    }
}

/// The keys of the ports or multicast groups that have one name in several datapaths.
///
/// Invariant: immutable once made, so any thread may read it.
final class PortMap: @unchecked Sendable {
    private let slots: UnsafeMutablePointer<UInt64>
    private let slotMask: Int
    private static let empty = UInt64.max

    /// Keys by datapath.
    init(_ keys: [UInt32: UInt32]) {
        let capacity = tableCapacity(keys.count)
        slotMask = capacity - 1
        slots = .allocate(capacity: capacity)
        slots.initialize(repeating: Self.empty, count: capacity)
        for (datapath, key) in keys {
            var index = Int(truncatingIfNeeded: mix(UInt64(datapath))) & slotMask
            while slots[index] != Self.empty { index = (index + 1) & slotMask }
            slots[index] = PortSet.pair(datapath, key)
        }
    }

    deinit { slots.deallocate() }

    func key(in datapath: UInt32) -> UInt32? {
        var index = Int(truncatingIfNeeded: mix(UInt64(datapath))) & slotMask
        while slots[index] != Self.empty {
            if slots[index] >> 32 == UInt64(datapath) {
                return UInt32(truncatingIfNeeded: slots[index])
            }
            index = (index + 1) & slotMask
        }
        return nil
    }
}

/// The groups that ports are in: one of several parts of a table that is divided by the hash of the port,
/// so that a change rebuilds one part.
///
/// Invariant: immutable once made, so any thread may read it.
final class MembershipShard: @unchecked Sendable {
    private let slots: UnsafeMutablePointer<Slot>
    private let slotMask: Int
    private let groups: UnsafeMutablePointer<UInt32>

    static let count = 1024

    private struct Slot: BitwiseCopyable {
        var pair: UInt64
        var first: UInt32
        var count: UInt32
    }

    static func index(_ pair: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: mix(pair) >> 40) & UInt32(count - 1)
    }

    /// Groups, ascending, by port.
    init(_ memberships: [UInt64: [UInt32]]) {
        let capacity = tableCapacity(memberships.count)
        slotMask = capacity - 1
        slots = .allocate(capacity: capacity)
        slots.initialize(repeating: Slot(pair: .max, first: 0, count: 0), count: capacity)
        let total = memberships.values.reduce(0) { $0 + $1.count }
        groups = .allocate(capacity: max(1, total))
        var next = 0
        for (pair, list) in memberships {
            var index = Int(truncatingIfNeeded: mix(pair)) & slotMask
            while slots[index].count != 0 { index = (index + 1) & slotMask }
            slots[index] = Slot(pair: pair, first: UInt32(next), count: UInt32(list.count))
            for group in list {
                (groups + next).initialize(to: group)
                next += 1
            }
        }
    }

    deinit {
        slots.deallocate()
        groups.deallocate()
    }

    /// Valid while the shard is.
    func groups(of pair: UInt64) -> UnsafeBufferPointer<UInt32> {
        var index = Int(truncatingIfNeeded: mix(pair)) & slotMask
        while slots[index].count != 0 {
            if slots[index].pair == pair {
                return UnsafeBufferPointer(
                    start: groups + Int(slots[index].first), count: Int(slots[index].count))
            }
            index = (index + 1) & slotMask
        }
        return UnsafeBufferPointer(start: nil, count: 0)
    }
}

/// A power of two with room for `count` elements and at least as many gaps.
func tableCapacity(_ count: Int) -> Int {
    var capacity = 2
    while capacity < 2 * count + 1 { capacity *= 2 }
    return capacity
}

/// Spreads the bits of a number over a word.
@inline(__always)
func mix(_ value: UInt64) -> UInt64 { combine(0x9e37_79b9_7f4a_7c15, value) }

/// One step of the hash of a sequence of words.
@inline(__always)
func combine(_ hash: UInt64, _ value: UInt64) -> UInt64 {
    let product = (hash ^ value).multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93)
    return product.high ^ product.low
}

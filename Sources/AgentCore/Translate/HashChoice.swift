// Which of several members a hash value stands for.
//
// The values of a hash are cut to a power of two of slots, so that the kernel can compare them, and
// each slot belongs to a member. Properties: the slots of a member are as many as its weight
// demands, to the next whole number; and a slot seldom changes its owner when another member comes
// or goes, so that flows without a connection (routes) mostly stay where they are. Each member has
// an order of its own in which it wants slots; they take turns until each has its share.

struct HashChoice: Hashable {
    struct Member: Hashable {
        /// What the member is to others; its slots follow from it.
        let identity: UInt64
        let weight: UInt32
    }

    private static let minimumSlots = 16
    private static let maximumSlots = 4096

    let members: [Member]

    /// Of more members than slots can name, the first are chosen from.
    init(_ members: [Member]) {
        precondition(!members.isEmpty)
        self.members = Array(members.prefix(Int(UInt16.max)))
    }

    /// A power of two: four slots for a member where that is not too many.
    var slotCount: Int {
        let wanted = max(Self.minimumSlots, min(members.count * 4, Self.maximumSlots))
        return Self.powerOfTwo(atLeast: max(wanted, members.count))
    }

    /// Bits of the hash that tell the slot.
    var bits: Int { slotCount.trailingZeroBitCount }

    private static func powerOfTwo(atLeast number: Int) -> Int {
        number <= 1 ? 1 : 1 << (Int.bitWidth - (number - 1).leadingZeroBitCount)
    }

    /// The member of each slot.
    func table() -> [UInt16] {
        let count = slotCount
        var left = shares(of: count)
        var owners = [UInt16?](repeating: nil, count: count)
        var next = members.map { Int(truncatingIfNeeded: $0.identity) & (count - 1) }
        let stride = members.map { Int(truncatingIfNeeded: $0.identity >> 32) & (count - 1) | 1 }
        var free = count
        while free > 0 {
            for member in members.indices where left[member] > 0 {
                while owners[next[member]] != nil {
                    next[member] = (next[member] + stride[member]) & (count - 1)
                }
                owners[next[member]] = UInt16(member)
                left[member] -= 1
                free -= 1
            }
        }
        return owners.map { $0 ?? 0 }
    }

    /// Slots by weight; what rounding leaves goes to the largest remainders.
    private func shares(of count: Int) -> [Int] {
        let total = members.reduce(0) { $0 + Int($1.weight) }
        guard total > 0 else { return members.indices.map { $0 == 0 ? count : 0 } }
        var shares = members.map { Int($0.weight) * count / total }
        let order = members.indices.sorted {
            let left = Int(members[$0].weight) * count % total
            let right = Int(members[$1].weight) * count % total
            return (right, members[$0].identity, $0) < (left, members[$1].identity, $1)
        }
        let rest = count - shares.reduce(0, +)
        for member in order.prefix(rest) { shares[member] += 1 }
        return shares
    }
}

/// FNV-1a with a last mixing step, so that similar inputs have unlike hashes; the same on every
/// host and in every run.
struct StableHash {
    private var state: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ value: UInt128) {
        for shift in stride(from: UInt128(0), to: 128, by: 8) {
            state = (state ^ UInt64(truncatingIfNeeded: (value >> shift) & 0xff))
            state &*= 0x100_0000_01b3
        }
    }

    var value: UInt64 {
        var value = state
        value = (value ^ value >> 33) &* 0xff51_afd7_ed55_8ccd
        value = (value ^ value >> 33) &* 0xc4ce_b9fe_1a85_ec53
        return value ^ value >> 33
    }

    static func of(_ values: UInt128...) -> UInt64 {
        var hash = StableHash()
        for value in values { hash.add(value) }
        return hash.value
    }
}

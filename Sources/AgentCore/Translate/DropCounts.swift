// How many packets were dropped, by where and why. The kinds of drops that an agent sees have no limit: logical
// flows come and go, and a packet from the physical network may claim any source. So kinds that have had
// no packet for longest are given up for new ones, those that no logical flow decides first.

package struct DropCounts: Sendable {
    package enum Limits {
        /// Kinds of drops that are told apart.
        package static let kinds = 1024
        /// How many are given up at once.
        package static let batch = 128
    }

    /// How the kinds that are told apart have changed.
    package struct Change: Hashable, Sendable {
        package let added: PacketDrop
        package let removed: [PacketDrop]

        package init(added: PacketDrop, removed: [PacketDrop] = []) {
            self.added = added
            self.removed = removed
        }
    }

    private struct Count: Sendable {
        var packets: UInt64
        /// When it was counted last, by how often anything was.
        var turn: UInt64
    }

    private var counts: [PacketDrop: Count] = [:]
    private var turn: UInt64 = 0
    /// Packets of kinds that were given up.
    private var others: UInt64 = 0

    package init() {}

    /// Packets by kind; those of kinds that were given up are one.
    package var all: [PacketDrop: UInt64] {
        var all = counts.mapValues(\.packets)
        if others > 0 { all[PacketDrop(.notToldApart)] = others }
        return all
    }

    /// Counts packets.
    /// - Returns: nil if their kind is told apart already.
    package mutating func add(_ drop: PacketDrop, _ packets: UInt64) -> Change? {
        turn += 1
        if let index = counts.index(forKey: drop) {
            counts.values[index].packets += packets
            counts.values[index].turn = turn
            return nil
        }
        let removed = counts.count < Limits.kinds ? [] : giveUp()
        counts[drop] = Count(packets: packets, turn: turn)
        return Change(added: drop, removed: removed)
    }

    private mutating func giveUp() -> [PacketDrop] {
        let idlest = counts.sorted { left, right in
            let ranks = (left.key.stage == nil ? 0 : 1, right.key.stage == nil ? 0 : 1)
            return (ranks.0, left.value.turn) < (ranks.1, right.value.turn)
        }.prefix(Limits.batch)
        for (drop, count) in idlest {
            counts[drop] = nil
            others += count.packets
        }
        return idlest.map(\.key)
    }
}

import Wire

// Packets that wait for a neighbour. Bounded in keys, packets for each key and time, so that a scan
// of an empty network costs a constant.

package struct NeighbourBuffer: Sendable {
    package struct Limits: Sendable {
        package var keys = 1000
        package var packetsPerKey = 4
        /// Milliseconds.
        package var lifetime: Milliseconds = 10_000
        /// A neighbour is asked for at most this often (RFC 1122 §2.3.2.1), in milliseconds.
        package var interval: Milliseconds = 1000

        package init() {}
    }

    private struct Waiting {
        var packets: [PendingPacket] = []
        var until: Milliseconds
        var asked: Milliseconds?
    }

    private let limits: Limits
    private var waiting: [NeighbourKey: Waiting] = [:]
    /// Packets that were given up.
    package private(set) var dropped: UInt64 = 0

    package init(limits: Limits = Limits()) { self.limits = limits }

    package var count: Int { waiting.values.reduce(0) { $0 + $1.packets.count } }

    /// When the next packets are given up.
    package var deadline: Milliseconds? { waiting.values.map(\.until).min() }

    /// Keeps a packet; the oldest one for the same neighbour makes room.
    package mutating func add(_ packet: PendingPacket, now: Milliseconds) {
        guard waiting[packet.neighbour] != nil || waiting.count < limits.keys else {
            dropped += 1
            return
        }
        var entry = waiting[packet.neighbour] ?? Waiting(until: 0)
        entry.until = now + limits.lifetime
        if entry.packets.count == limits.packetsPerKey {
            entry.packets.removeFirst()
            dropped += 1
        }
        entry.packets.append(packet)
        waiting[packet.neighbour] = entry
    }

    /// True if the question for a neighbour that packets wait for may go out now; it is then taken
    /// as sent.
    package mutating func mayAsk(_ neighbour: NeighbourKey, now: Milliseconds) -> Bool {
        guard let entry = waiting[neighbour] else { return false }
        if let asked = entry.asked, now - asked < limits.interval { return false }
        waiting[neighbour]?.asked = now
        return true
    }

    /// Takes the packets whose neighbour is known, each with the address.
    package mutating func takeKnown(
        in view: PhysicalView
    ) -> [(packet: PendingPacket, address: MACAddress)] {
        var result: [(PendingPacket, MACAddress)] = []
        for key in waiting.keys.sorted() {
            guard let address = view.neighbours[key],
                let entry = waiting.removeValue(forKey: key)
            else { continue }
            result += entry.packets.map { ($0, address) }
        }
        return result
    }

    /// Gives up what has waited for too long.
    package mutating func expire(now: Milliseconds) {
        for (key, entry) in waiting where entry.until <= now {
            dropped += UInt64(entry.packets.count)
            waiting[key] = nil
        }
    }
}

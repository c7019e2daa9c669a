import Datapath
import Pipeline

// What a dump of the kernel's flows tells: which flows still have packets, what they count for,
// which are not ours or not known. Counts are differences, so that a flow's packets are counted
// once, its last ones when it is deleted.

package struct PacketCount: Hashable, Sendable {
    package var packets: UInt64 = 0
    package var bytes: UInt64 = 0

    package init(packets: UInt64 = 0, bytes: UInt64 = 0) {
        self.packets = packets
        self.bytes = bytes
    }

    static func += (left: inout PacketCount, right: PacketCount) {
        left.packets += right.packets
        left.bytes += right.bytes
    }
}

/// What the packets since the last dump were.
package struct TrafficReport: Sendable {
    /// By logical flow.
    package var flows: [RowIdentifier: PacketCount] = [:]
    package var drops: [PacketDrop: PacketCount] = [:]
    /// By kernel input port.
    package var ports: [UInt32: PacketCount] = [:]
    /// What the packets would have taught: entries whose age they refresh, or that got lost.
    package var effects: Set<SideEffect> = []

    package init() {}
}

extension MegaflowTable {
    /// The outcome of one dump.
    package struct Review: Sendable {
        package var commands: [FlowCommand] = []
        package var traffic = TrafficReport()
        /// Flows of somebody else.
        package var foreign: [Megaflow] = []
        /// Flows of an earlier run of this agent that it has not adopted.
        package var unadopted: [Megaflow] = []
    }

    /// Takes a complete dump that began at `start` (milliseconds on the clock of the flows' `used`).
    package mutating func review(_ dump: [Megaflow], start: UInt64, now: UInt64) -> Review {
        var review = Review()
        var seen: Set<FlowID> = []
        for flow in dump {
            guard let id = flow.id, let epoch = MegaflowIdentity.epoch(of: id) else {
                review.foreign.append(flow)
                continue
            }
            seen.insert(id)
            if entries[id] != nil {
                account(id, flow.statistics, &review.traffic)
            } else if epoch != identity.epoch {
                review.unadopted.append(flow)
            } else if dying[id] == nil {
                review.commands.append(.delete(id))
            }
        }
        // What was there before the dump began and is not in it has vanished.
        for (id, entry) in entries where entry.created < start && !seen.contains(id) { forget(id) }
        review.commands += expire(now: now)
        return review
    }

    /// The kernel has deleted a flow, with these last counts.
    package mutating func deleted(
        _ id: FlowID, _ statistics: FlowStatistics?, _ traffic: inout TrafficReport
    ) {
        guard let (entry, flows) = dying.removeValue(forKey: id) else { return }
        if let statistics { Self.add(entry, flows, statistics, &traffic) }
    }

    private mutating func account(
        _ id: FlowID, _ statistics: FlowStatistics, _ traffic: inout TrafficReport
    ) {
        guard let entry = entries[id] else { return }
        Self.add(entry, logicalFlows(of: entry), statistics, &traffic)
        entries[id]?.flow.statistics = statistics
        if let used = statistics.used { entries[id]?.used = max(entry.used, used) }
    }

    private static func add(
        _ entry: Entry, _ logicalFlows: [RowIdentifier], _ statistics: FlowStatistics,
        _ traffic: inout TrafficReport
    ) {
        let old = entry.flow.statistics
        guard statistics.packets > old.packets else { return }
        let difference = PacketCount(
            packets: statistics.packets - old.packets,
            bytes: statistics.bytes >= old.bytes ? statistics.bytes - old.bytes : 0)
        for flow in logicalFlows { traffic.flows[flow, default: PacketCount()] += difference }
        for drop in entry.drops { traffic.drops[drop, default: PacketCount()] += difference }
        let port = UInt32(entry.flow.key[.inputPort])
        traffic.ports[port, default: PacketCount()] += difference
        traffic.effects.formUnion(entry.effects)
    }

    /// Idle flows go; over the limits the idlest go too.
    private mutating func expire(now: UInt64) -> [FlowCommand] {
        var victims = Set(
            entries.filter { now >= $0.value.used + limits.idle }.map(\.key))
        let excess = entries.count - victims.count - limits.flows * 9 / 10
        if excess > 0 {
            let rest = entries.filter { !victims.contains($0.key) }
                .sorted { ($0.value.used, $0.key) < ($1.value.used, $1.key) }
            victims.formUnion(rest.prefix(excess).map(\.key))
        }
        return victims.sorted().map { delete($0) }
    }
}

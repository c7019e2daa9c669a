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

    package static func += (left: inout PacketCount, right: PacketCount) {
        left.packets += right.packets
        left.bytes += right.bytes
    }
}

/// What the packets since the last dump were.
package struct TrafficReport: Sendable {
    package var drops: [PacketDrop: PacketCount] = [:]
    package var crossings: PatchTraffic = [:]
    /// What the packets would have taught: entries whose age they refresh, or that got lost.
    package var effects: Set<SideEffect> = []

    package init() {}
}

/// A flow as a short list tells of it.
package struct ListedFlow: Hashable, Sendable {
    package let id: FlowID?
    package let statistics: FlowStatistics

    package init(id: FlowID?, statistics: FlowStatistics) {
        self.id = id
        self.statistics = statistics
    }
}

extension MegaflowTable {
    /// The outcome of one dump.
    package struct Review: Sendable {
        package var commands: [FlowCommand] = []
        package var traffic = TrafficReport()
        /// How many flows are somebody else's.
        package var foreign = 0
        /// Flows of an earlier run of this agent that it has not adopted.
        package var unadopted: [FlowID] = []
        /// Flows that nobody here has deleted and the kernel doesn't have.
        package var vanished: [Megaflow] = []
        /// Flows that have had packets, and whose lessons were refused so far (`owe`).
        package var owing: [FlowID] = []
    }

    /// Takes a complete dump that began at `start` (milliseconds on the clock of the flows' `used`).
    package mutating func review(
        _ dump: some Sequence<ListedFlow>, start: UInt64, now: UInt64
    ) -> Review {
        var review = Review()
        dumps += 1
        var recent = RecentFlows(after: reviewed)
        for flow in dump { take(flow, &review, &recent) }
        reviewed = start
        for number in recent.byIdleness { queues.moveToEnd(number) }
        // What was there before the dump began and is not in it has vanished.
        let vanished = entries.numbers { $0.created < start && $0.seen != dumps }
        for id in vanished.map(entries.id).sorted() {
            if let entry = forget(id) { review.vanished.append(entry.flow) }
        }
        review.commands += expire(now: now)
        return review
    }

    private mutating func take(
        _ flow: ListedFlow, _ review: inout Review, _ recent: inout RecentFlows
    ) {
        guard let id = flow.id, let epoch = MegaflowIdentity.epoch(of: id) else {
            review.foreign += 1
            return
        }
        if let number = entries.number(id), var summary = entries[summary: number] {
            summary.seen = dumps
            if let used = flow.statistics.used { summary.used = max(summary.used, used) }
            if summary.packets != flow.statistics.packets {
                if summary.owesLessons { review.owing.append(id) }
                account(number, flow.statistics, &review.traffic)
                summary.packets = flow.statistics.packets
            }
            entries[summary: number] = summary
            recent.add(number, used: summary.used)
            return
        }
        if epoch != identity.epoch {
            review.unadopted.append(id)
        } else if dying[id] == nil {
            review.commands.append(.delete(id))
        }
    }

    /// The kernel has deleted a flow, with these last counts.
    package mutating func deleted(
        _ id: FlowID, _ statistics: FlowStatistics?, _ traffic: inout TrafficReport
    ) {
        guard let entry = dying.removeValue(forKey: id) else { return }
        if let statistics { Self.add(entry, statistics, &traffic) }
    }

    private mutating func account(
        _ number: UInt32, _ statistics: FlowStatistics, _ traffic: inout TrafficReport
    ) {
        guard let entry = entries[number: number] else { return }
        Self.add(entry, statistics, &traffic)
        entries[number: number]?.flow.statistics = statistics
    }

    private static func add(
        _ entry: Entry, _ statistics: FlowStatistics, _ traffic: inout TrafficReport
    ) {
        let old = entry.flow.statistics
        guard statistics.packets > old.packets else { return }
        let difference = PacketCount(
            packets: statistics.packets - old.packets,
            bytes: statistics.bytes >= old.bytes ? statistics.bytes - old.bytes : 0)
        for drop in entry.drops { traffic.drops[drop, default: PacketCount()] += difference }
        traffic.crossings.add(entry.crossings, difference)
        traffic.effects.formUnion(entry.effects)
    }

    /// Idle flows go; over the limits the idlest go too.
    private mutating func expire(now: UInt64) -> [FlowCommand] {
        var victims = entries.numbers { now >= $0.used + limits.idle }
        let excess = entries.count - victims.count - limits.flows * 9 / 10
        if excess > 0 {
            let rest = entries.numbers { now < $0.used + limits.idle }
                .map { (used: entries[summary: $0]?.used ?? 0, id: entries.id($0), number: $0) }
                .sorted { ($0.used, $0.id) < ($1.used, $1.id) }
            victims += rest.prefix(excess).map(\.number)
        }
        return victims.map(entries.id).sorted().map { delete($0) }
    }
}

/// The flows with packets since the last dump, which are those whose place in their port's queue may be
/// another one.
private struct RecentFlows {
    private let limit: UInt64
    private var flows: [(used: UInt64, number: UInt32)] = []

    /// - Parameter limit: what was used then or before is in its place.
    init(after limit: UInt64) { self.limit = limit }

    mutating func add(_ number: UInt32, used: UInt64) {
        if used > limit { flows.append((used, number)) }
    }

    var byIdleness: [UInt32] {
        flows.sorted { ($0.used, $0.number) < ($1.used, $1.number) }.map(\.number)
    }
}

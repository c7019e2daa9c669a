// Which conntrack zone belongs to whom: each port of this chassis has one, each datapath two, for
// translations of destinations and of sources (ovn-controller(8), `ct-zone`).
//
// A zone holds live connections, so it must stay with its user: the numbers are kept in the
// integration bridge's external_ids (`ct-zone-NAME`), where also ovn-controller keeps them, so that
// connections survive a restart and a change from one program to the other. The property that must
// hold: two users never have the same zone, and what an earlier user left in a zone is flushed
// before the next one has it.

package struct ZoneAllocator: Sendable {
    package static let keyPrefix = "ct-zone-"

    /// What must be true after an update.
    package struct Demand: Sendable {
        package var users: Set<String> = []
        /// Zones that users ask for by number; whoever else has one has to move.
        package var requested: [String: UInt16] = [:]
        package var range: ClosedRange<UInt16> = 1...UInt16.max
        /// False while `users` may still grow: nobody loses a zone for not being among them.
        package var isComplete = true

        package init() {}
    }

    package private(set) var assigned: [String: UInt16] = [:]
    /// Users for whom no zone was left.
    package private(set) var unserved: [String] = []

    /// Zones that are to be flushed and are not known to be.
    package private(set) var unflushed: Set<UInt16> = []

    /// - Parameter externalIDs: the integration bridge's.
    package init(restoring externalIDs: [String: String] = [:]) {
        var seen: Set<UInt16> = []
        for (key, value) in externalIDs.sorted(by: { $0.key < $1.key })
        where key.hasPrefix(Self.keyPrefix) {
            guard let zone = UInt16(value), seen.insert(zone).inserted else { continue }
            assigned[String(key.dropFirst(Self.keyPrefix.count))] = zone
        }
    }

    /// All zones that were to be flushed are.
    package mutating func confirmFlush() { unflushed = [] }

    /// Brings the zones to what is demanded; returns those to be flushed before they are used. They are
    /// `unflushed` until `confirmFlush`.
    package mutating func update(_ demand: Demand) -> Set<UInt16> {
        let flushed = change(to: demand)
        unflushed.formUnion(flushed)
        return flushed
    }

    private mutating func change(to demand: Demand) -> Set<UInt16> {
        var flushed = release(demand)
        flushed.formUnion(grant(demand))
        unserved = []
        var next = demand.range.lowerBound
        var taken = Set(assigned.values).union(demand.requested.values)
        for user in demand.users.sorted() where assigned[user] == nil {
            guard let zone = Self.free(&next, demand.range, taken) else {
                unserved.append(user)
                continue
            }
            taken.insert(zone)
            assigned[user] = zone
            flushed.insert(zone)
        }
        return flushed
    }

    /// Takes back what nobody uses, or what lies outside of the range.
    private mutating func release(_ demand: Demand) -> Set<UInt16> {
        var flushed: Set<UInt16> = []
        for (user, zone) in assigned {
            let isUnused = demand.isComplete && !demand.users.contains(user)
            let isOutside =
                demand.requested[user] == nil && zone != 0 && !demand.range.contains(zone)
            guard isUnused || isOutside else { continue }
            assigned[user] = nil
            flushed.insert(zone)
        }
        return flushed
    }

    private mutating func grant(_ demand: Demand) -> Set<UInt16> {
        var flushed: Set<UInt16> = []
        for (user, zone) in demand.requested.sorted(by: { $0.key < $1.key })
        where assigned[user] != zone && demand.users.contains(user) {
            for (other, held) in assigned
            where held == zone && demand.requested[other] != zone { assigned[other] = nil }
            assigned[user] = zone
            flushed.insert(zone)
        }
        return flushed
    }

    private static func free(
        _ next: inout UInt16, _ range: ClosedRange<UInt16>, _ taken: Set<UInt16>
    ) -> UInt16? {
        while taken.contains(next) || next == 0 {
            guard next < range.upperBound else { return nil }
            next += 1
        }
        return next
    }

    /// The bridge's external_ids with the zones as they are.
    package func written(to externalIDs: [String: String]) -> [String: String] {
        var result = externalIDs.filter { !$0.key.hasPrefix(Self.keyPrefix) }
        for (user, zone) in assigned { result[Self.keyPrefix + user] = String(zone) }
        return result
    }
}

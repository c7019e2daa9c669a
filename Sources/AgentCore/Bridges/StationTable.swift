// Where the stations of provider bridges were seen last, by VLAN.
//
// An entry lasts as long as its station keeps talking: packets that the kernel serves count too, by
// the flows that they hit. A table that is full forgets the station that has been silent longest. What
// an administrator has said of a station stays until it is taken back, whatever packets show.

import Wire

/// A station on a bridge.
package struct StationKey: Hashable, Sendable, Comparable {
    package let bridge: String
    package let vlan: UInt16
    package let address: MACAddress

    package init(bridge: String, vlan: UInt16, address: MACAddress) {
        self.bridge = bridge
        self.vlan = vlan
        self.address = address
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.bridge, left.vlan, left.address) < (right.bridge, right.vlan, right.address)
    }
}

/// A packet of a station came in by a port.
package struct StationSighting: Hashable, Sendable {
    package let key: StationKey
    package let port: BridgePortName
    package let lifetime: Milliseconds
    /// Stations that the bridge remembers.
    package let capacity: Int

    package init(key: StationKey, port: BridgePortName, lifetime: Milliseconds, capacity: Int) {
        self.key = key
        self.port = port
        self.lifetime = lifetime
        self.capacity = capacity
    }
}

package struct StationTable: Sendable {
    private struct Place: Sendable {
        let port: BridgePortName
        let seen: Milliseconds
    }

    /// What has become of the stations of one bridge.
    package struct Statistics: Hashable, Sendable {
        package var learned: UInt64 = 0
        package var expired: UInt64 = 0
        package var evicted: UInt64 = 0
        package var moved: UInt64 = 0

        package init() {}
    }

    /// By bridge.
    private var learned: [String: LeasedEntries<StationKey, Place>] = [:]
    /// What an administrator has said.
    private var fixed: [StationKey: BridgePortName] = [:]
    private var statistics: [String: Statistics] = [:]

    package init() {}

    package var count: Int { learned.values.reduce(fixed.count) { $0 + $1.count } }

    package subscript(key: StationKey) -> BridgePortName? {
        fixed[key] ?? learned[key.bridge]?[key]?.port
    }

    /// - Returns: the stations that lookups find elsewhere from now on, or no more.
    package mutating func see(_ sighting: StationSighting, now: Milliseconds) -> [StationKey] {
        let key = sighting.key
        if isStatic(key) { return [] }
        let old = self[key]
        var changed = old == sighting.port ? [] : [key]
        if old == nil {
            let all = numbers(of: key.bridge).all
            if all >= max(1, sighting.capacity) { changed += forgetOldest(of: key.bridge) }
            statistics[key.bridge, default: Statistics()].learned += 1
        } else if old != sighting.port {
            statistics[key.bridge, default: Statistics()].moved += 1
        }
        _ = learned[key.bridge, default: LeasedEntries(capacity: .max)].put(
            key, Place(port: sighting.port, seen: now), until: now + sighting.lifetime)
        return changed
    }

    /// The one whose time is up first, which has been silent longest.
    private mutating func forgetOldest(of bridge: String) -> [StationKey] {
        guard let key = learned[bridge]?.removeFirst() else { return [] }
        statistics[bridge, default: Statistics()].evicted += 1
        return [key]
    }

    /// Says where a station is, once and for all.
    ///
    /// - Returns: the stations that lookups find elsewhere from now on.
    package mutating func fix(_ key: StationKey, to port: BridgePortName) -> [StationKey] {
        let old = self[key]
        learned[key.bridge]?.remove(key)
        fixed[key] = port
        return old == port ? [] : [key]
    }

    /// Takes back what was said of a station; false if nothing was.
    package mutating func release(_ key: StationKey) -> Bool {
        fixed.removeValue(forKey: key) != nil
    }

    package func isStatic(_ key: StationKey) -> Bool { fixed[key] != nil }

    package func statistics(of bridge: String) -> Statistics {
        statistics[bridge] ?? Statistics()
    }

    /// How many stations of a bridge there are, and of how many an administrator has said it.
    package func numbers(of bridge: String) -> (all: Int, fixed: Int) {
        let said = fixed.isEmpty ? 0 : fixed.keys.count { $0.bridge == bridge }
        return ((learned[bridge]?.count ?? 0) + said, said)
    }

    /// Forgets stations that have been silent for too long; returns them.
    package mutating func expire(now: Milliseconds) -> [StationKey] {
        var gone: [StationKey] = []
        for bridge in learned.keys.sorted() {
            let silent = learned[bridge]?.expire(now: now) ?? []
            if silent.isEmpty { continue }
            statistics[bridge, default: Statistics()].expired += UInt64(silent.count)
            gone += silent
        }
        return gone.sorted()
    }

    /// Forgets all stations of a bridge that were learned, or of every one; returns them.
    package mutating func flush(_ bridge: String? = nil) -> [StationKey] {
        let gone = learned.filter { bridge == nil || $0.key == bridge }
        for name in gone.keys { learned[name] = nil }
        return gone.values.flatMap { $0.all.map(\.key) }.sorted()
    }

    /// The stations of a bridge with the milliseconds since each was seen, by VLAN and address; none
    /// for one that an administrator has put there.
    package func stations(
        of bridge: String, now: Milliseconds
    ) -> [(key: StationKey, port: BridgePortName, age: Milliseconds?)] {
        let said = fixed.filter { $0.key.bridge == bridge }
            .map { (key: $0.key, port: $0.value, age: Milliseconds?.none) }
        let seen = (learned[bridge]?.all.map { ($0.key, $0.value.port, now - $0.value.seen) } ?? [])
            .map { (key: $0.0, port: $0.1, age: Milliseconds?.some($0.2)) }
        return (said + seen).sorted { $0.key < $1.key }
    }
}

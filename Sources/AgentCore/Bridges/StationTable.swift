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
    private struct Entry {
        var port: BridgePortName
        var seen: Milliseconds
        var until: Milliseconds
        var isStatic = false
    }

    /// What has become of the stations of one bridge.
    package struct Statistics: Hashable, Sendable {
        package var learned: UInt64 = 0
        package var expired: UInt64 = 0
        package var evicted: UInt64 = 0
        package var moved: UInt64 = 0

        package init() {}
    }

    private var entries: [StationKey: Entry] = [:]
    private var counts: [String: Int] = [:]
    private var statistics: [String: Statistics] = [:]

    package init() {}

    package var count: Int { entries.count }

    package subscript(key: StationKey) -> BridgePortName? { entries[key]?.port }

    /// - Returns: the stations that lookups find elsewhere from now on, or no more.
    package mutating func see(_ sighting: StationSighting, now: Milliseconds) -> [StationKey] {
        let key = sighting.key
        if entries[key]?.isStatic == true { return [] }
        let old = entries[key]?.port
        var changed = old == sighting.port ? [] : [key]
        if old == nil {
            if counts[key.bridge, default: 0] >= max(1, sighting.capacity) {
                changed += forgetOldest(of: key.bridge)
            }
            counts[key.bridge, default: 0] += 1
            statistics[key.bridge, default: Statistics()].learned += 1
        } else if old != sighting.port {
            statistics[key.bridge, default: Statistics()].moved += 1
        }
        entries[key] = Entry(port: sighting.port, seen: now, until: now + sighting.lifetime)
        return changed
    }

    private mutating func forgetOldest(of bridge: String) -> [StationKey] {
        let oldest = entries.filter { $0.key.bridge == bridge && !$0.value.isStatic }
            .min { ($0.value.seen, $0.key) < ($1.value.seen, $1.key) }
        guard let key = oldest?.key else { return [] }
        forget(key)
        statistics[bridge, default: Statistics()].evicted += 1
        return [key]
    }

    /// Says where a station is, once and for all.
    ///
    /// - Returns: the stations that lookups find elsewhere from now on.
    package mutating func fix(
        _ key: StationKey, to port: BridgePortName, now: Milliseconds
    ) -> [StationKey] {
        let old = entries[key]?.port
        if old == nil { counts[key.bridge, default: 0] += 1 }
        entries[key] = Entry(port: port, seen: now, until: .max, isStatic: true)
        return old == port ? [] : [key]
    }

    /// Takes back what was said of a station; false if nothing was.
    package mutating func release(_ key: StationKey) -> Bool {
        guard entries[key]?.isStatic == true else { return false }
        forget(key)
        return true
    }

    package func isStatic(_ key: StationKey) -> Bool { entries[key]?.isStatic == true }

    package func statistics(of bridge: String) -> Statistics {
        statistics[bridge] ?? Statistics()
    }

    /// How many stations of a bridge there are, and of how many an administrator has said it.
    package func numbers(of bridge: String) -> (all: Int, fixed: Int) {
        let own = entries.filter { $0.key.bridge == bridge }
        return (own.count, own.values.count { $0.isStatic })
    }

    private mutating func forget(_ key: StationKey) {
        guard entries.removeValue(forKey: key) != nil else { return }
        counts[key.bridge, default: 1] -= 1
    }

    /// Forgets stations that have been silent for too long; returns them.
    package mutating func expire(now: Milliseconds) -> [StationKey] {
        let gone = forget { $1.until <= now }
        for key in gone { statistics[key.bridge, default: Statistics()].expired += 1 }
        return gone
    }

    /// Forgets all stations of a bridge that were learned, or of every one; returns them.
    package mutating func flush(_ bridge: String? = nil) -> [StationKey] {
        forget { key, entry in !entry.isStatic && (bridge == nil || key.bridge == bridge) }
    }

    private mutating func forget(where condition: (StationKey, Entry) -> Bool) -> [StationKey] {
        let gone = entries.filter { condition($0.key, $0.value) }.map(\.key).sorted()
        for key in gone { forget(key) }
        return gone
    }

    /// The stations of a bridge with the milliseconds since each was seen, by VLAN and address.
    package func stations(
        of bridge: String, now: Milliseconds
    ) -> [(key: StationKey, port: BridgePortName, age: Milliseconds)] {
        entries.filter { $0.key.bridge == bridge }.sorted { $0.key < $1.key }
            .map { ($0.key, $0.value.port, now - $0.value.seen) }
    }
}

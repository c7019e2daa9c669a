// By which next hop connections have come lately (`commit_ecmp_nh`), so that a router with several of
// them answers each connection by its own. Where the answers go is in the connection's label; this
// table only says whether the label may be trusted, and whether a request has to write it anew.
//
// Stock keeps two learned OpenFlow flows for a connection, one for each direction, that end after 20
// seconds without a packet and after 30 in any case. Here it is one entry: a request that comes by
// another next hop is unknown at once, and after 30 seconds the next request commits again, while the
// answers keep their way as long as there are packets.

import Wire

/// A connection through a datapath, seen from the side that sent its first packet.
package struct ConnectionKey: Hashable, Sendable, Comparable {
    package let datapath: UInt32
    package let proto: UInt8
    package let source: IPAddress
    package let destination: IPAddress
    package let sourcePort: UInt16
    package let destinationPort: UInt16

    package init(
        datapath: UInt32, proto: UInt8, source: (address: IPAddress, port: UInt16),
        destination: (address: IPAddress, port: UInt16)
    ) {
        self.datapath = datapath
        self.proto = proto
        self.source = source.address
        self.destination = destination.address
        sourcePort = source.port
        destinationPort = destination.port
    }

    /// Of an answer's headers: the connection that it belongs to.
    var reversed: ConnectionKey {
        ConnectionKey(
            datapath: datapath, proto: proto, source: (destination, destinationPort),
            destination: (source, sourcePort))
    }

    package static func < (left: Self, right: Self) -> Bool {
        (
            left.datapath, left.proto, left.source, left.sourcePort, left.destination,
            left.destinationPort
        ) < (
            right.datapath, right.proto, right.source, right.sourcePort, right.destination,
            right.destinationPort
        )
    }
}

package struct NextHopTable: Sendable {
    package struct Limits: Sendable {
        package var entries = 65_536
        /// Milliseconds without a packet, after which a connection is forgotten.
        package var idle: Milliseconds = 20_000
        /// Milliseconds after which a request commits again.
        package var renewal: Milliseconds = 30_000
        package init() {}
    }

    private struct Hop: Sendable {
        let address: MACAddress
        /// When the connection is forgotten if no packet comes.
        var idle: Milliseconds
        /// Until when requests needn't commit again; nil once that is over.
        var renewal: Milliseconds?

        /// When something of it ends.
        var end: Milliseconds { min(idle, renewal ?? idle) }
    }

    private let limits: Limits
    private var entries: LeasedEntries<ConnectionKey, Hop>

    package init(limits: Limits = Limits()) {
        self.limits = limits
        entries = LeasedEntries(capacity: limits.entries)
    }

    package var count: Int { entries.count }

    /// Whether answers of the connection have a way back.
    package func contains(_ key: ConnectionKey) -> Bool { entries[key] != nil }

    /// The next hop by which requests come; nil if the next one has to say it again.
    package subscript(key: ConnectionKey) -> MACAddress? {
        entries[key].flatMap { $0.renewal == nil ? nil : $0.address }
    }

    /// A request has come by a next hop; true if that changes what lookups find. A full table takes no
    /// new connection.
    package mutating func commit(
        _ key: ConnectionKey, by address: MACAddress, now: Milliseconds
    ) -> Bool {
        let old = self[key]
        let hop = Hop(address: address, idle: now + limits.idle, renewal: now + limits.renewal)
        return entries.put(key, hop, until: hop.end) && old != address
    }

    /// Packets of the connection, in either direction, have used the entry.
    package mutating func refresh(_ key: ConnectionKey, now: Milliseconds) {
        guard var hop = entries[key] else { return }
        hop.idle = max(hop.idle, now + limits.idle)
        _ = entries.put(key, hop, until: hop.end)
    }

    /// Forgets connections without packets; returns those of which lookups find something else now.
    package mutating func expire(now: Milliseconds) -> [ConnectionKey] {
        let ended = entries.takeEnded(now: now)
        for (key, var hop) in ended where hop.idle > now {
            hop.renewal = nil
            _ = entries.put(key, hop, until: hop.end)
        }
        return ended.map(\.key)
    }
}

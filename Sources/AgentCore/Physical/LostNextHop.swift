import OVSDBModel
import Schemas
import Wire

// Connections that came by one of several next hops go back by it (ecmp_symmetric_reply): they
// carry its Ethernet address in bits 32...79 of their label. When the next hop goes, or another
// station has its address, or nobody knows it any more, they would go on towards nobody; so they are
// cut (ECMP_Nexthop). The property that must hold: a connection whose next hop is configured and
// known is never cut.

/// The address of a next hop, as connections of one conntrack zone carry it.
package struct RememberedNextHop: Hashable, Sendable {
    package let zone: UInt16
    package let mac: MACAddress
    /// A gateway of both families is two next hops, each with connections of its own.
    package let isIPv6: Bool

    package init(zone: UInt16, mac: MACAddress, isIPv6: Bool) {
        self.zone = zone
        self.mac = mac
        self.isIPv6 = isIPv6
    }

    package func isOf(zone: UInt16, label: UInt128, isIPv6: Bool) -> Bool {
        zone == self.zone && isIPv6 == self.isIPv6
            && UInt64(truncatingIfNeeded: label >> 32) & 0xffff_ffff_ffff == mac.bits
    }
}

/// The next hops that were there at one moment.
package struct NextHopMemory: Hashable, Sendable {
    package private(set) var known: Set<RememberedNextHop> = []

    package init() {}

    /// Takes over what the rows say now, and returns what they don't say any more. A row whose
    /// address nobody knows, or whose router has no zones here, says nothing.
    package mutating func update(
        _ rows: some Sequence<SB.ECMPNexthop>, _ zones: ZoneNumbers
    ) -> Set<RememberedNextHop> {
        var new: Set<RememberedNextHop> = []
        for row in rows {
            guard let mac = MACAddress(parsing: row.mac), let own = zones.datapaths[row.datapath]
            else { continue }
            let isIPv6 = IPAddress(parsing: row.nexthop)?.v4 == nil
            for zone in [own.dnat, own.snat] where zone != 0 {
                new.insert(RememberedNextHop(zone: zone, mac: mac, isIPv6: isIPv6))
            }
        }
        defer { known = new }
        return known.subtracting(new)
    }
}

/// What connections are to be cut for, once no flow makes another one of them.
package struct LostConnections: Sendable {
    package var backends: Set<LostBackend> = []
    package var nextHops: Set<RememberedNextHop> = []
    /// ACL_ID's `id`s of access lists whose connections were to last as long as the list is there
    /// (ovn-nb(5), `persist-established`).
    package var accessLists: Set<UInt128> = []
    /// The first revision of the pipelines without them.
    package var revision: UInt64 = 0

    package init() {}

    package var isEmpty: Bool { backends.isEmpty && nextHops.isEmpty && accessLists.isEmpty }

    /// Connections carry the number of their access list in bits 80...95 of their label.
    package func hasAccessList(label: UInt128) -> Bool {
        accessLists.contains((label >> 80) & 0xffff)
    }
}

// The rules of one port (Port_Binding.port_security) as tables, for a program that can look
// something up but not go through a list.
//
// Each entry has a bit. A lookup answers with the bits of all entries that the address belongs to,
// so what the entries allow together follows from a few masks. The property that must hold: with
// these tables the eBPF program refuses no packet that `Translator.failsInputSecurity` lets pass.

import Wire

package struct SecurityTables: Hashable, Sendable {
    package enum Limits {
        /// One bit each.
        package static let entries = 64
        /// Ethernet addresses, and networks of both families, of one port.
        package static let addresses = 1024
    }

    /// What an Ethernet address is in which entries.
    package struct Station: Hashable, Sendable {
        /// Their first address.
        package var own: UInt64 = 0
        /// Any of their addresses.
        package var any: UInt64 = 0
        package var vrrp4: UInt64 = 0
        package var vrrp6: UInt64 = 0
    }

    /// Entries that have addresses of a family.
    package private(set) var withIPv4: UInt64 = 0
    package private(set) var withIPv6: UInt64 = 0
    package private(set) var stations: [MACAddress: Station] = [:]
    /// What a port may send from, for a longest prefix match: each network has the bits of those
    /// around it too.
    package private(set) var networks4: [IPv4Prefix: UInt64] = [:]
    package private(set) var networks6: [IPv6Prefix: UInt64] = [:]

    /// - Returns: nil if the entries are too many.
    package init?(_ entries: [PortSecurityEntry]) {
        guard entries.count <= Limits.entries else { return nil }
        for (index, entry) in entries.enumerated() { add(entry, 1 << UInt64(index)) }
        let size = stations.count + networks4.count + networks6.count
        guard size <= Limits.addresses else { return nil }
        widen()
    }

    private mutating func add(_ entry: PortSecurityEntry, _ bit: UInt64) {
        stations[entry.mac, default: Station()].own |= bit
        for mac in entry.stations { stations[mac, default: Station()].any |= bit }
        for mac in entry.vrrp4 { stations[mac, default: Station()].vrrp4 |= bit }
        for mac in entry.vrrp6 { stations[mac, default: Station()].vrrp6 |= bit }
        if !entry.ipv4.isEmpty { withIPv4 |= bit }
        if !entry.ipv6.isEmpty { withIPv6 |= bit }
        for network in entry.ipv4 { networks4[network.allowed.network, default: 0] |= bit }
        for network in entry.ipv6 { networks6[network.allowed.network, default: 0] |= bit }
    }

    /// Gives every network the bits of those that contain it.
    private mutating func widen() {
        let (own4, own6) = (networks4, networks6)
        for inner in own4.keys {
            for (outer, bits) in own4
            where outer.length < inner.length && outer.contains(inner.address) {
                networks4[inner, default: 0] |= bits
            }
        }
        for inner in own6.keys {
            for (outer, bits) in own6
            where outer.length < inner.length && outer.contains(inner.address) {
                networks6[inner, default: 0] |= bits
            }
        }
    }
}

extension SecurityTables {
    /// An Ethernet address from which the port may send nothing.
    package var stranger: MACAddress {
        var candidate = MACAddress(0x0200_0000_0000)
        while stations[candidate] != nil { candidate = MACAddress(candidate.bits + 1) }
        return candidate
    }
}

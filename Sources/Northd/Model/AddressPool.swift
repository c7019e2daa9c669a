// Addresses that northd gives to ports of a switch (ovn-nb(5), Logical_Switch.other_config): what
// there is to give, and what a port asks for.

import Schemas
import Wire

/// What a switch has to give.
package struct AddressPool: Hashable, Sendable {
    /// Nil if no IPv4 addresses are given.
    package let subnet: IPv4Prefix?
    /// Never given; besides the network's first address, which is left to a router, and the
    /// broadcast address.
    package let excluded: [ClosedRange<UInt32>]
    /// The upper half of IPv6 addresses; the lower is made of the Ethernet address (RFC 4291,
    /// appendix A).
    package let prefix: UInt64?

    package init(
        subnet: IPv4Prefix? = nil, excluded: [ClosedRange<UInt32>] = [], prefix: UInt64? = nil
    ) {
        self.subnet = subnet?.network
        self.excluded = excluded
        self.prefix = prefix
    }

    /// The addresses that may be given; nil if there are none.
    package var range: ClosedRange<UInt32>? {
        guard let subnet, subnet.length < 31 else { return nil }
        let (first, last) = (subnet.address.bits + 2, subnet.broadcast.bits - 1)
        return first <= last ? first...last : nil
    }

    package func mayGive(_ address: IPv4Address) -> Bool {
        range?.contains(address.bits) == true
            && !excluded.contains { $0.contains(address.bits) }
    }
}

extension AddressPool {
    /// Nil if the switch gives nothing. What is wrong is told to `report`, and left out.
    package init?(
        _ row: NB.LogicalSwitch, report: (_ column: String, _ reason: String) -> Void
    ) {
        let config = row.otherConfig
        var subnet: IPv4Prefix?
        var prefix: UInt64?
        if let text = config["subnet"] {
            subnet = IPv4Prefix(parsing: text)
            if subnet == nil { report("other_config:subnet", "no IPv4 network: \"\(text)\"") }
        }
        if let text = config["ipv6_prefix"] {
            prefix = IPv6Prefix(parsing: text)?.address.high
            if prefix == nil {
                report("other_config:ipv6_prefix", "no IPv6 prefix: \"\(text)\"")
            }
        }
        let givesEthernet = config["mac_only"] == "true"
        guard subnet != nil || prefix != nil || givesEthernet else { return nil }
        self.init(
            subnet: givesEthernet ? nil : subnet,
            excluded: AddressPool.excluded(config["exclude_ips"] ?? "", report),
            prefix: prefix)
    }

    /// `A` or `A..B`, separated by spaces; both ends are excluded.
    private static func excluded(
        _ text: String, _ report: (_ column: String, _ reason: String) -> Void
    ) -> [ClosedRange<UInt32>] {
        text.split(separator: " ").compactMap { word in
            let ends = word.split(separator: "..", maxSplits: 1)
            let addresses = ends.compactMap { IPv4Address(parsing: $0) }
            guard addresses.count == ends.count, let first = addresses.first,
                let last = addresses.last, first.bits <= last.bits
            else {
                report("other_config:exclude_ips", "no address or range: \"\(word)\"")
                return nil
            }
            return first.bits...last.bits
        }
    }
}

/// What one element of Logical_Switch_Port.addresses leaves to northd: all that it doesn't name.
package struct DynamicRequest: Hashable, Sendable {
    package var mac: MACAddress?
    package var v4: IPv4Address?
    package var v6: IPv6Address?

    package init(mac: MACAddress? = nil, v4: IPv4Address? = nil, v6: IPv6Address? = nil) {
        self.mac = mac
        self.v4 = v4
        self.v6 = v6
    }
}

/// What a port got: Logical_Switch_Port.dynamic_addresses.
package struct GivenAddresses: Hashable, Sendable {
    package let mac: MACAddress
    package let v4: IPv4Address?
    package let v6: IPv6Address?

    package init(mac: MACAddress, v4: IPv4Address?, v6: IPv6Address?) {
        self.mac = mac
        self.v4 = v4
        self.v6 = v6
    }

    /// Parses `MAC [IPv4] [IPv6]`.
    package init?(parsing text: String) {
        let words = text.split(separator: " ")
        guard let mac = words.first.flatMap({ MACAddress(parsing: $0) }) else { return nil }
        self.init(
            mac: mac, v4: words.dropFirst().lazy.compactMap { IPv4Address(parsing: $0) }.first,
            v6: words.dropFirst().lazy.compactMap { IPv6Address(parsing: $0) }.first)
    }

    package var station: StationAddress {
        StationAddress(
            mac, [v4.map(IPAddress.v4), v6.map(IPAddress.v6)].compactMap(\.self))
    }
}

extension GivenAddresses: CustomStringConvertible {
    package var description: String {
        ([mac.description] + station.addresses.map(\.description)).joined(separator: " ")
    }
}

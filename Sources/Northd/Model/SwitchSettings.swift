import OVSDBModel
import Schemas

/// What Logical_Switch.other_config says to the switch's ports, parsed once. Ports read this instead
/// of the row, so that a change of anything else concerns none of them.
package struct SwitchSettings: Hashable, Sendable {
    package let name: String
    package let passesVLANs: Bool
    /// The switch port to the router that relays DHCP for the switch.
    package let relayPort: String?
    /// What the switch itself says of its deliveries.
    package let multicast: MulticastDelivery
    /// Most addresses of a family that packets are delivered by.
    package let multicastTableSize: Int
    /// Spans availability zones: other_config:interconn-ts.
    package let isTransit: Bool
    /// The longest packets of the network, in bytes without the Ethernet header: an extension.
    package let mtu: Int?

    package enum Limits {
        /// other_config:mcast_table_size, if not given.
        package static let multicastTable = 2048
    }

    package init(
        _ row: NB.LogicalSwitch,
        report: (_ column: String, _ reason: String) -> Void = { _, _ in }
    ) {
        mtu = row.otherConfig["mtu"].flatMap { text in
            let size = PacketSize(parsing: text)
            if size == nil { report("other_config:mtu", "no packet size: \"\(text)\"") }
            return size?.bytes
        }
        name = row.name
        passesVLANs = row.otherConfig["vlan-passthru"] == "true"
        relayPort = row.otherConfig["dhcp_relay_port"]
        var multicast = MulticastDelivery()
        if row.otherConfig["mcast_snoop"] == "true" { multicast.insert(.snoops) }
        if row.otherConfig["mcast_flood_unregistered"] == "true" {
            multicast.insert(.floodsUnregistered)
        }
        self.multicast = multicast
        multicastTableSize =
            row.otherConfig["mcast_table_size"].flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
            ?? Limits.multicastTable
        isTransit = row.otherConfig["interconn-ts"] != nil
    }
}

/// A packet size that the configuration gives, in bytes without the Ethernet header.
struct PacketSize {
    let bytes: Int

    init?(parsing text: String) {
        guard let number = Int(text),
            (NetworkMTU.Limits.minimum4...NetworkMTU.Limits.maximum).contains(number)
        else {
            return nil
        }
        bytes = number
    }
}

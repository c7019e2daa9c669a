import OVSDBModel
import Schemas

/// What Logical_Switch.other_config says to the switch's ports, parsed once. Ports read this instead
/// of the row, so that a change of anything else concerns none of them.
package struct SwitchSettings: Hashable, Sendable {
    package let name: String
    package let passesVLANs: Bool
    /// The switch port to the router that relays DHCP for the switch.
    package let relayPort: String?
    /// The agents look into multicast management.
    package let snoops: Bool
    package let floodsUnregistered: Bool

    package init(_ row: NB.LogicalSwitch) {
        name = row.name
        passesVLANs = row.otherConfig["vlan-passthru"] == "true"
        relayPort = row.otherConfig["dhcp_relay_port"]
        snoops = row.otherConfig["mcast_snoop"] == "true"
        floodsUnregistered = row.otherConfig["mcast_flood_unregistered"] == "true"
    }
}

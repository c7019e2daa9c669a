// The rows that the Southbound database shall have, in names instead of references: a datapath is
// named by its Northbound row, a port by its name. The reconciler gives them UUIDs.

import OVSDBModel

/// A Datapath_Binding.
package struct DatapathRow: Hashable, Sendable {
    package let northbound: RowUUID
    package let kind: DatapathKind
    package let tunnelKey: Int
    package let externalIDs: [String: String]
}

/// A Port_Binding, as far as northd writes it.
package struct PortRow: Hashable, Sendable {
    package let name: String
    package let datapath: RowUUID
    package let tunnelKey: Int
    package var type: String
    package var options: [String: String] = [:]
    package var mac: [String] = []
    package var portSecurity: [String] = []
    package var natAddresses: [String] = []
    package var parentPort: String?
    package var tag: Int?
    package var externalIDs: [String: String] = [:]
    /// Those that may bind the port, the main one first.
    package var requestedChassis: [RowUUID] = []
    /// The chassis that northd itself binds the port to, because it is of another zone.
    package var remoteChassis: RowUUID?
    package var encap = RequestedEncap.chassisChoice
    /// Name of the HA_Chassis_Group whose active member hosts the port.
    package var haChassisGroup: String?
    /// The port whose packets are copied to this one.
    package var mirrorPort: String?
    /// Rows of Mirror.
    package var mirrorRules: [RowUUID] = []
}

/// Who says by which encapsulation a port is reached.
package enum RequestedEncap: Hashable, Sendable {
    case chassisChoice
    /// The configuration names an address; nil if no encapsulation has it.
    case decided(RowUUID?)
}

/// The multicast groups that every datapath may have, and those of addresses.
package enum MulticastGroup: Hashable, Sendable {
    case flood
    case unknown
    case mrouterFlood
    case `static`
    case floodL2
    /// The receivers of an address, by its text.
    case address(String)

    package static let fixed: [MulticastGroup] = [
        .flood, .unknown, .mrouterFlood, .static, .floodL2,
    ]

    /// Nil for an address, whose key is given: `MulticastKeyRow`.
    package var key: Int? {
        switch self {
        case .flood: 32768
        case .unknown: 32769
        case .mrouterFlood: 32770
        case .static: 32771
        case .floodL2: 32772
        case .address: nil
        }
    }

    package var name: String {
        switch self {
        case .flood: "_MC_flood"
        case .unknown: "_MC_unknown"
        case .mrouterFlood: "_MC_mrouter_flood"
        case .static: "_MC_static"
        case .floodL2: "_MC_flood_l2"
        case .address(let address): address
        }
    }
}

/// One port of a Multicast_Group; the group exists while it has a port.
package struct MulticastMember: Hashable, Sendable {
    package let datapath: RowUUID
    package let group: MulticastGroup
    package let port: String
}

/// The key of the Multicast_Group of an address.
package struct MulticastKeyRow: Hashable, Sendable {
    package let address: MulticastAddress
    package let key: Int
}

/// One datapath of a Logical_DP_Group.
package struct GroupMember: Hashable, Sendable {
    package let group: DatapathGroup
    package let datapath: RowUUID
}

/// An Address_Set and the addresses that it has from its owner.
package struct AddressSetRow: Hashable, Sendable {
    package let name: String
    package var addresses: [String] = []
    package var options: [String: String] = [:]
    /// A set of the configuration wins over a generated one of the same name.
    package var isGenerated = false
}

/// One more address of a generated Address_Set, from one of its members.
package struct AddressSetMember: Hashable, Sendable {
    package let set: String
    package let address: String
}

/// One port of a Port_Group. `group` is the Southbound name, which starts with a datapath's key.
package struct PortGroupMember: Hashable, Sendable {
    package let group: String
    package let port: String
}

/// Logical_Switch_Port.up, which northd feeds back.
package struct PortUpRow: Hashable, Sendable {
    package let port: RowUUID
    package let isUp: Bool
}

/// Logical_Router_Port.status:hosting-chassis, which northd feeds back.
package struct HostingRow: Hashable, Sendable {
    package let port: RowUUID
    package let chassis: String?
}

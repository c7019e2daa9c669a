// The interfaces of the integration bridge that name a logical port (Interface.external_ids:iface-id).

import OVSDBModel
import Schemas

package struct LocalInterface: Hashable, Sendable {
    package let row: RowUUID
    package let name: String
    package let logicalPort: String
    /// Interface.external_ids:iface-id-ver.
    package let version: String?
    /// Interface.external_ids:encap-ip.
    package let encapsulationAddress: String?
    /// The kernel datapath's port number.
    package let vport: UInt32
    package let isInstalled: Bool

    package init(
        row: RowUUID, name: String, logicalPort: String, version: String? = nil,
        encapsulationAddress: String? = nil, vport: UInt32, isInstalled: Bool = false
    ) {
        self.row = row
        self.name = name
        self.logicalPort = logicalPort
        self.version = version
        self.encapsulationAddress = encapsulationAddress
        self.vport = vport
        self.isInstalled = isInstalled
    }
}

/// The interfaces by logical port, and those that came second for a port already taken.
package struct LocalInterfaces: Hashable, Sendable {
    package let byLogicalPort: [String: LocalInterface]
    package let duplicates: [LocalInterface]

    /// The first interface in order of name keeps a logical port that two claim.
    package init(_ interfaces: [LocalInterface]) {
        var first: [String: LocalInterface] = [:]
        var others: [LocalInterface] = []
        for interface in interfaces.sorted(by: { $0.name < $1.name }) {
            if first[interface.logicalPort] == nil {
                first[interface.logicalPort] = interface
            } else {
                others.append(interface)
            }
        }
        byLogicalPort = first
        duplicates = others
    }
}

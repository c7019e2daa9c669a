// From the rows of the local Open_vSwitch database to the ports of the one kernel datapath.
//
// Every bridge's interfaces become vports of the datapath `ovs-system`; which bridge a vport
// belongs to decides what happens to its packets (logical pipelines on the integration bridge).
// The plan says what ought to be there; the agent compares it with the kernel and adds or removes
// the difference. An interface that can't be had gets Interface.error and ofport -1, as
// ovs-vswitchd.conf.db(5) documents, and hinders no other.

import OVSDBModel
import Schemas

/// What an Interface row becomes in the kernel.
package enum VportKind: Hashable, Sendable {
    /// An existing network device of that name.
    case device
    /// A device that the datapath makes (types `internal`, and every bridge's own port).
    case internalDevice
    /// One end of a connection between two bridges: no vport at all.
    case patch(peer: String)
    /// A tunnel row of another agent: this one reaches peers through one shared device.
    case tunnel(type: String)
}

package struct PlannedInterface: Hashable, Sendable {
    package let row: RowUUID
    package let name: String
    package let bridge: String
    package let kind: VportKind
    /// The bridge's own port, number 65534 on the bridge.
    package let isLocal: Bool
    package let requestedNumber: Int?
    package let requestedMTU: Int?
}

/// An Interface row that can't become a port, and why.
package struct RefusedInterface: Hashable, Sendable {
    package let row: RowUUID
    package let name: String
    package let reason: String
}

package struct BridgePlan: Hashable, Sendable {
    package let interfaces: [PlannedInterface]
    package let refused: [RefusedInterface]

    /// OFPP_LOCAL of the OpenFlow specification, which the `ofport` column shows.
    package static let localNumber = 65534

    package struct Rows {
        package let bridges: [(RowUUID, OVS.Bridge)]
        package let port: (RowUUID) -> OVS.Port?
        package let interface: (RowUUID) -> OVS.Interface?

        package init(
            bridges: [(RowUUID, OVS.Bridge)], port: @escaping (RowUUID) -> OVS.Port?,
            interface: @escaping (RowUUID) -> OVS.Interface?
        ) {
            self.bridges = bridges
            self.port = port
            self.interface = interface
        }
    }

    package init(_ rows: Rows) {
        var planned: [PlannedInterface] = []
        var refused: [RefusedInterface] = []
        var seen: Set<String> = []
        for (_, bridge) in rows.bridges.sorted(by: { $0.1.name < $1.1.name }) {
            for (uuid, interface) in Self.interfaces(of: bridge, rows) {
                switch Self.kind(of: interface, bridge: bridge) {
                case .failure(let problem):
                    refused.append(.init(row: uuid, name: interface.name, reason: problem.reason))
                case .success(let kind):
                    guard seen.insert(interface.name).inserted else { continue }
                    planned.append(Self.planned(uuid, interface, bridge.name, kind))
                }
            }
        }
        interfaces = planned
        self.refused = refused
    }

    private static func planned(
        _ uuid: RowUUID, _ interface: OVS.Interface, _ bridge: String, _ kind: VportKind
    ) -> PlannedInterface {
        PlannedInterface(
            row: uuid, name: interface.name, bridge: bridge, kind: kind,
            isLocal: interface.name == bridge, requestedNumber: interface.ofportRequest,
            requestedMTU: interface.mtuRequest)
    }

    private static func interfaces(
        of bridge: OVS.Bridge, _ rows: Rows
    ) -> [(RowUUID, OVS.Interface)] {
        bridge.ports.compactMap(rows.port).sorted { $0.name < $1.name }
            .flatMap { port in
                port.interfaces.compactMap { uuid in rows.interface(uuid).map { (uuid, $0) } }
            }
    }

    private struct Problem: Error { let reason: String }

    private static func kind(
        of interface: OVS.Interface, bridge: OVS.Bridge
    ) -> Result<VportKind, Problem> {
        if interface.name == bridge.name { return .success(.internalDevice) }
        switch interface.type {
        case "", "system": return .success(.device)
        case "internal": return .success(.internalDevice)
        case "patch":
            guard let peer = interface.options["peer"], !peer.isEmpty else {
                return .failure(
                    Problem(reason: "\(interface.name): patch type requires valid 'peer' argument"))
            }
            return .success(.patch(peer: peer))
        case "geneve", "vxlan": return .success(.tunnel(type: interface.type))
        default:
            return .failure(
                Problem(
                    reason: "could not create device \(interface.name): type "
                        + "\"\(interface.type)\" is not supported"))
        }
    }
}

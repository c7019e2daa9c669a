import OVSDBModel
import OVSDBSession
import Schemas

// For each logical port to a physical network there is a pair of patch ports in the local database,
// one on the integration bridge and one on the network's bridge, named and marked as ovn-controller
// does it. The translator needs none of them: they are what operators' tools look for
// (`ovs-vsctl list-ports`, ovn-kubernetes' gateways). The property that must hold: of the rows
// marked so there are those of ports that are here, and no row of anybody else is touched.

/// One logical port that reaches a bridge.
package struct PatchPair: Hashable, Sendable, Comparable {
    package let logicalPort: String
    package let bridge: String
    /// The external id that marks both ports.
    package let key: String

    package init(logicalPort: String, bridge: String, key: String) {
        self.logicalPort = logicalPort
        self.bridge = bridge
        self.key = key
    }

    static let keys = ["ovn-l2gateway-port", "ovn-localnet-port"]

    package static func < (left: Self, right: Self) -> Bool {
        left.logicalPort < right.logicalPort
    }

    static func names(
        _ integration: String, _ logicalPort: String
    ) -> (inside: String, outside: String) {
        ("patch-\(integration)-to-\(logicalPort)", "patch-\(logicalPort)-to-\(integration)")
    }
}

extension PhysicalInputs {
    /// The pairs that this host ought to have.
    package var patchPairs: [PatchPair] {
        ports.compactMap { uuid, row in
            guard let bridge = bridge(of: row) else { return nil }
            switch row.type {
            case "localnet":
                return PatchPair(
                    logicalPort: row.logicalPort, bridge: bridge, key: "ovn-localnet-port")
            case "l2gateway" where claims[uuid] != nil:
                return PatchPair(
                    logicalPort: row.logicalPort, bridge: bridge, key: "ovn-l2gateway-port")
            default: return nil
            }
        }.sorted()
    }
}

package struct PatchPorts {
    private let system: LocalSystem
    private let replica: Replica
    private let integration: String

    package init(_ system: LocalSystem, _ replica: Replica) {
        self.system = system
        self.replica = replica
        integration = system.configuration.integrationBridge
    }

    /// Adds what is missing and removes what is no longer wanted.
    package func write(
        _ pairs: [PatchPair], into transaction: inout TransactionBuilder,
        placeholder: () -> RowUUID
    ) {
        var wanted: [String: (port: OVS.Port, interface: OVS.Interface, bridge: String)] = [:]
        for pair in pairs {
            let (inside, outside) = PatchPair.names(integration, pair.logicalPort)
            for (name, peer, bridge) in [
                (inside, outside, integration), (outside, inside, pair.bridge),
            ] {
                wanted[name] = (
                    OVS.Port(name: name, externalIDs: [pair.key: pair.logicalPort]),
                    OVS.Interface(name: name, type: "patch", options: ["peer": peer]), bridge
                )
            }
        }
        var known: Set<String> = []
        for bridge in system.bridges {
            for uuid in bridge.row.ports {
                guard let port = replica[OVS.Port.self, uuid] else { continue }
                if wanted[port.name]?.bridge == bridge.row.name {
                    known.insert(port.name)
                } else if isOurs(port) {
                    transaction.mutate(
                        OVS.Bridge.self, bridge.uuid, .ports, .delete(Datum([uuid])))
                }
            }
        }
        for (name, rows) in wanted.sorted(by: { $0.key < $1.key }) where !known.contains(name) {
            guard let bridge = system.bridges.first(where: { $0.row.name == rows.bridge }) else {
                continue
            }
            let (interface, port) = (placeholder(), placeholder())
            var row = rows.port
            row.interfaces = [interface]
            transaction.insert(rows.interface, placeholder: interface)
            transaction.insert(row, placeholder: port)
            transaction.mutate(OVS.Bridge.self, bridge.uuid, .ports, .insert(Datum([port])))
        }
    }

    /// Whatever is marked so, also of another integration bridge, which was this one's before.
    private func isOurs(_ port: OVS.Port) -> Bool {
        PatchPair.keys.contains { port.externalIDs[$0] != nil }
    }
}

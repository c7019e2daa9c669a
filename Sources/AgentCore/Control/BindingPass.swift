// Runs claims over the Southbound's ports and writes the differences to both databases.

import OVSDBModel
import OVSDBSession
import Schemas

package struct BindingPass {
    package struct Inputs {
        package var identity: ChassisIdentity
        package var interfaces: LocalInterfaces
        /// Ports for which the datapath forwards.
        package var installed: Set<RowUUID>
        /// When this chassis last took a port, in milliseconds of the monotonic clock.
        package var taken: [RowUUID: Milliseconds]
        package var now: Milliseconds
        /// Wall clock milliseconds, for `ovn-installed-ts`.
        package var wallClock: Int64

        package init(
            identity: ChassisIdentity, interfaces: LocalInterfaces, installed: Set<RowUUID>,
            taken: [RowUUID: Milliseconds], now: Milliseconds, wallClock: Int64
        ) {
            self.identity = identity
            self.interfaces = interfaces
            self.installed = installed
            self.taken = taken
            self.now = now
            self.wallClock = wallClock
        }
    }

    /// A chassis that lost a port so soon after it took it lets the other have it.
    package static let quietTime: Milliseconds = 2000

    package let claims: [RowUUID: PortClaim]
    /// Ports taken in this pass.
    package private(set) var newlyTaken: [RowUUID] = []
    /// When to run again because of a postponed claim.
    package private(set) var retry: Milliseconds?

    private let inputs: Inputs
    private let ports: [Identified<SB.PortBinding>]

    package init(_ replica: Replica, _ inputs: Inputs) {
        self.inputs = inputs
        ports = replica.rows(SB.PortBinding.self)
        let ports = self.ports
        lazy var byName = Dictionary(
            ports.map { ($0.row.logicalPort, $0.row) }, uniquingKeysWith: { _, last in last })
        let gateways = GatewayElection(replica)
        var claims: [RowUUID: PortClaim] = [:]
        for port in ports {
            claims[port.uuid] = inputs.identity.claim(
                on: port.row, interfaces: inputs.interfaces, gateways: gateways,
                parent: { byName[$0] })
        }
        self.claims = claims
    }

    /// Ports whose interface this chassis shall make by a plug provider: there is none.
    package var problems: [String] {
        ports.filter { $0.row.requestedChassis == inputs.identity.row }.compactMap { port in
            guard let kind = port.row.options["vif-plug-type"],
                claims[port.uuid]?.interface == nil
            else { return nil }
            return "port \(port.row.logicalPort): vif-plug-type \"\(kind)\": no such provider; "
                + "it waits for an interface with its iface-id"
        }
    }

    /// Writes Port_Binding rows to the Southbound database.
    package mutating func writeSouthbound(into transaction: inout TransactionBuilder) {
        for port in ports {
            let claim = claims[port.uuid]
            let mayTakeOver = mayTakeOver(port.uuid)
            let new = inputs.identity.desired(
                port.row, claim: claim, isInstalled: inputs.installed.contains(port.uuid),
                mayTakeOver: mayTakeOver)
            if new.chassis == inputs.identity.row, port.row.chassis != new.chassis {
                newlyTaken.append(port.uuid)
            }
            if new != port.row { transaction.update(port.uuid, from: port.row, to: new) }
        }
    }

    private mutating func mayTakeOver(_ port: RowUUID) -> Bool {
        guard let taken = inputs.taken[port] else { return true }
        let free = taken + Self.quietTime
        if inputs.now >= free { return true }
        retry = min(retry ?? free, free)
        return false
    }

    /// Writes `ovn-installed` to the local database.
    package func writeLocal(_ local: Replica, into transaction: inout TransactionBuilder) {
        var installed: Set<RowUUID> = []
        for port in ports {
            guard let interface = claims[port.uuid]?.interface,
                inputs.installed.contains(port.uuid),
                port.row.chassis == inputs.identity.row
                    || port.row.additionalChassis.contains(inputs.identity.row)
            else { continue }
            installed.insert(interface.row)
        }
        let named = inputs.interfaces.byLogicalPort.values.map(\.row)
        for uuid in Set(named).union(installed).sorted() {
            guard let old = local[OVS.Interface.self, uuid] else { continue }
            let new = Self.marked(old, installed: installed.contains(uuid), inputs.wallClock)
            transaction.update(uuid, from: old, to: new)
        }
    }

    private static func marked(
        _ old: OVS.Interface, installed: Bool, _ wallClock: Int64
    ) -> OVS.Interface {
        var row = old
        if installed {
            guard row.externalIDs["ovn-installed"] != "true" else { return row }
            row.externalIDs["ovn-installed"] = "true"
            row.externalIDs["ovn-installed-ts"] = String(wallClock)
        } else {
            row.externalIDs["ovn-installed"] = nil
            row.externalIDs["ovn-installed-ts"] = nil
        }
        return row
    }
}

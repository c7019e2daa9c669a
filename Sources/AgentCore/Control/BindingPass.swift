// Runs claims over the Southbound's ports and writes the differences to both databases.

import OVSDBModel
import OVSDBSession
import Schemas

package struct BindingPass {
    package struct Inputs: Hashable {
        package var identity: ChassisIdentity
        package var interfaces: LocalInterfaces
        /// Ports for which the datapath forwards.
        package var installed: Set<RowUUID>
        /// When this chassis last took a port, in milliseconds of the monotonic clock.
        package var taken: [RowUUID: Milliseconds]

        package init(
            identity: ChassisIdentity, interfaces: LocalInterfaces, installed: Set<RowUUID>,
            taken: [RowUUID: Milliseconds]
        ) {
            self.identity = identity
            self.interfaces = interfaces
            self.installed = installed
            self.taken = taken
        }
    }

    /// The tables that are read.
    package static let tables: [any TypedRow.Type] = [
        SB.PortBinding.self, SB.HAChassisGroup.self, SB.HAChassis.self,
    ]

    /// A chassis that lost a port so soon after it took it lets the other have it.
    package static let quietTime: Milliseconds = 2000

    package let claims: [RowUUID: PortClaim]
    /// Ports taken in this pass.
    package private(set) var newlyTaken: [RowUUID] = []
    /// When to run again because of a postponed claim.
    package private(set) var retry: Milliseconds?
    /// Ports whose interface this chassis shall make by a plug provider: there is none.
    package let problems: [String]

    let source: RowSource<Inputs>
    private let ports: [Identified<SB.PortBinding>]
    /// The rows of the claims.
    private let claimed: [RowUUID: SB.PortBinding]

    package init(_ replica: Replica, _ inputs: Inputs) {
        self.init(replica, RowSource(Self.tables, of: replica, and: inputs))
    }

    fileprivate init(_ everything: Replica, _ source: RowSource<Inputs>) {
        let replica = everything.limited(to: Self.tables)
        self.source = source
        let inputs = source.given
        ports = replica.rows(SB.PortBinding.self)
        let ports = self.ports
        lazy var byName = Dictionary(
            ports.map { ($0.row.logicalPort, $0.row) }, uniquingKeysWith: { _, last in last })
        let gateways = GatewayElection(replica)
        var claims: [RowUUID: PortClaim] = [:]
        var claimed: [RowUUID: SB.PortBinding] = [:]
        for port in ports {
            let claim = inputs.identity.claim(
                on: port.row, interfaces: inputs.interfaces, gateways: gateways,
                parent: { byName[$0] })
            guard let claim else { continue }
            claims[port.uuid] = claim
            claimed[port.uuid] = port.row
        }
        self.claims = claims
        self.claimed = claimed
        problems = Self.problems(ports, claims, on: inputs.identity.row)
    }

    private static func problems(
        _ ports: [Identified<SB.PortBinding>], _ claims: [RowUUID: PortClaim], on chassis: RowUUID
    ) -> [String] {
        ports.filter { $0.row.requestedChassis == chassis }.compactMap { port in
            guard let kind = port.row.options["vif-plug-type"],
                claims[port.uuid]?.interface == nil
            else { return nil }
            return "port \(port.row.logicalPort): vif-plug-type \"\(kind)\": no such provider; "
                + "it waits for an interface with its iface-id"
        }
    }

    /// Writes Port_Binding rows to the Southbound database.
    ///
    /// - Returns: whether nothing remains to be done for the same inputs and rows.
    package mutating func writeSouthbound(
        now: Milliseconds, into transaction: inout TransactionBuilder
    ) -> Bool {
        var isSettled = true
        for port in ports {
            let claim = claims[port.uuid]
            let mayTakeOver = mayTakeOver(port.uuid, now)
            let new = source.given.identity.desired(
                port.row, claim: claim, isInstalled: source.given.installed.contains(port.uuid),
                mayTakeOver: mayTakeOver)
            if new.chassis == source.given.identity.row, port.row.chassis != new.chassis {
                newlyTaken.append(port.uuid)
            }
            guard new != port.row else { continue }
            transaction.update(port.uuid, from: port.row, to: new)
            isSettled = false
        }
        return isSettled && retry == nil
    }

    private mutating func mayTakeOver(_ port: RowUUID, _ now: Milliseconds) -> Bool {
        guard let taken = source.given.taken[port] else { return true }
        let free = taken + Self.quietTime
        if now >= free { return true }
        retry = min(retry ?? free, free)
        return false
    }

    /// Writes `ovn-installed` to the local database.
    ///
    /// - Parameter wallClock: milliseconds, for `ovn-installed-ts`.
    package func writeLocal(
        _ local: Replica, wallClock: Int64, into transaction: inout TransactionBuilder
    ) {
        let inputs = source.given
        var installed: Set<RowUUID> = []
        for (uuid, port) in claimed {
            guard let interface = claims[uuid]?.interface, inputs.installed.contains(uuid),
                port.chassis == inputs.identity.row
                    || port.additionalChassis.contains(inputs.identity.row)
            else { continue }
            installed.insert(interface.row)
        }
        let named = inputs.interfaces.byLogicalPort.values.map(\.row)
        for uuid in Set(named).union(installed).sorted() {
            guard let old = local[OVS.Interface.self, uuid] else { continue }
            let new = Self.marked(old, installed: installed.contains(uuid), wallClock)
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

/// The pass over the current rows: claims are derived, and written, again only after a change.
package struct Bindings {
    private var pass = Derivation<RowSource<BindingPass.Inputs>, BindingPass>()
    /// From which nothing is left to be written.
    private var settled: RowSource<BindingPass.Inputs>?

    package init() {}

    package mutating func pass(_ replica: Replica, _ inputs: BindingPass.Inputs) -> BindingPass {
        let source = RowSource(BindingPass.tables, of: replica, and: inputs)
        return pass.value(of: source) { BindingPass(replica, source) }
    }

    /// Writes Port_Binding rows to the Southbound database.
    ///
    /// - Returns: the pass, which knows what was taken now; nil if nothing was left to be written.
    package mutating func write(
        _ known: BindingPass, now: Milliseconds, into transaction: inout TransactionBuilder
    ) -> BindingPass? {
        guard settled != known.source else { return nil }
        var pass = known
        let isSettled = pass.writeSouthbound(now: now, into: &transaction)
        settled = isSettled ? pass.source : nil
        return pass
    }
}

// Which logical ports this chassis holds, and what it writes about them.
//
// Everything here is a comparison of the rows as they are with the rows as they ought to be, run
// again whenever an input changes: a lost write, a restart or another chassis' interference needs
// no path of its own. The property: a port is claimed only while an interface here names it and
// the CMS allows this chassis, and another chassis' claim is never cleared, only replaced.

import OVSDBModel
import Schemas

/// How a chassis may hold a port.
package enum ClaimRole: Hashable, Sendable { case main, additional }

/// This chassis as claims see it.
package struct ChassisIdentity: Hashable, Sendable {
    package let row: RowUUID
    package let name: String
    package let hostname: String
    /// The chassis' Encap rows, the default first.
    package let encaps: [(RowUUID, SB.Encap)]

    package init(row: RowUUID, name: String, hostname: String, encaps: [(RowUUID, SB.Encap)]) {
        self.row = row
        self.name = name
        self.hostname = hostname
        self.encaps = encaps
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.row == right.row && left.name == right.name && left.hostname == right.hostname
            && left.encaps.elementsEqual(right.encaps) { $0 == $1 }
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(row) }
}

extension ChassisIdentity {
    /// Whether the CMS lets this chassis hold the port, and how (Port_Binding.requested_chassis;
    /// an older northd leaves only options:requested-chassis, names or hostnames by comma).
    package func role(for port: SB.PortBinding) -> ClaimRole? {
        if port.requestedChassis == row { return .main }
        if port.requestedAdditionalChassis.contains(row) { return .additional }
        let requested = (port.options["requested-chassis"] ?? "").split(separator: ",")
            .map { $0.trimmed }.filter { !$0.isEmpty }
        guard let first = requested.first else { return .main }
        if isMe(first) { return .main }
        return requested.dropFirst().contains(where: isMe) ? .additional : nil
    }

    private func isMe(_ text: String) -> Bool { text == name || text == hostname }

    /// The Encap that the port's peers must use; nil while there is only one to choose from.
    package func encap(for interface: LocalInterface) -> RowUUID? {
        guard encaps.count >= 2 else { return nil }
        if let address = interface.encapsulationAddress,
            let chosen = encaps.first(where: { $0.1.ip == address })
        {
            return chosen.0
        }
        return encaps.first { $0.1.options["is_default"] == "true" }?.0
    }
}

/// A port that this chassis holds.
package struct PortClaim: Hashable, Sendable {
    package let role: ClaimRole
    /// The interface here; nil for ports that are bound without one.
    package let interface: LocalInterface?
    package let encap: RowUUID?
    /// The interface of the port that this one is nested in, by a VLAN tag.
    package let parent: LocalInterface?

    package init(
        role: ClaimRole, interface: LocalInterface?, encap: RowUUID?,
        parent: LocalInterface? = nil
    ) {
        self.role = role
        self.interface = interface
        self.encap = encap
        self.parent = parent
    }
}

extension ChassisIdentity {
    /// - Returns: the claim that this chassis has on a port, nil if none.
    package func claim(
        on port: SB.PortBinding, interfaces: LocalInterfaces,
        gateways: GatewayElection = .none, parent: (String) -> SB.PortBinding?
    ) -> PortClaim? {
        switch port.type {
        case "":
            return claimOfInterface(on: port, interfaces: interfaces, parent: parent)
        case "l3gateway":
            guard let wanted = port.options["l3gateway-chassis"], wanted == name else { return nil }
            return PortClaim(role: .main, interface: nil, encap: nil)
        case "l2gateway":
            guard let wanted = port.options["l2gateway-chassis"], wanted == name else { return nil }
            return PortClaim(role: .main, interface: nil, encap: nil)
        case "chassisredirect", "external":
            guard gateways.leader(for: port) == row else { return nil }
            return PortClaim(role: .main, interface: nil, encap: nil)
        case "mirror":
            // It is where the port is that gets the copies.
            guard let target = port.mirrorPort.flatMap(parent), target.type.isEmpty,
                let held = claim(on: target, interfaces: interfaces, parent: parent),
                held.role == .main
            else { return nil }
            return PortClaim(role: .main, interface: nil, encap: held.encap)
        default:
            return nil
        }
    }

    private func claimOfInterface(
        on port: SB.PortBinding, interfaces: LocalInterfaces,
        parent: (String) -> SB.PortBinding?
    ) -> PortClaim? {
        if let parentName = port.parentPort, !parentName.isEmpty {
            guard port.tag != nil, let row = parent(parentName), row.type.isEmpty,
                let held = claim(on: row, interfaces: interfaces, parent: { _ in nil })
            else { return nil }
            return PortClaim(
                role: held.role, interface: nil, encap: held.encap, parent: held.interface)
        }
        guard let interface = interfaces.byLogicalPort[port.logicalPort],
            let role = role(for: port)
        else { return nil }
        if let wanted = port.options["iface-id-ver"], wanted != interface.version { return nil }
        return PortClaim(role: role, interface: interface, encap: encap(for: interface))
    }
}

extension ChassisIdentity {
    /// The row as this chassis wants it, given its claim.
    ///
    /// - Parameters:
    ///   - isInstalled: whether the datapath forwards for the port already.
    ///   - mayTakeOver: false while this chassis took the same port a moment ago and another took
    ///     it back, so that two hosts with one interface don't write against each other for ever.
    package func desired(
        _ port: SB.PortBinding, claim: PortClaim?, isInstalled: Bool, mayTakeOver: Bool
    ) -> SB.PortBinding {
        var row = port
        switch claim?.role {
        case .main: takeMain(&row, claim: claim, mayTakeOver: mayTakeOver)
        case .additional: takeAdditional(&row, claim: claim)
        case nil: release(&row)
        }
        if row.chassis == self.row, claim?.role == .main, row.up == false {
            let isReady = isInstalled || (claim?.interface == nil && port.parentPort == nil)
            if isReady { row.up = true }
        }
        return row
    }

    private func takeMain(_ row: inout SB.PortBinding, claim: PortClaim?, mayTakeOver: Bool) {
        guard row.chassis == nil || row.chassis == self.row || mayTakeOver else { return }
        if row.chassis != self.row, row.up == true { row.up = false }
        row.chassis = self.row
        row.additionalChassis.removeAll { $0 == self.row }
        if row.options["requested-encap-ip"] == nil { row.encap = claim?.encap }
    }

    private func takeAdditional(_ row: inout SB.PortBinding, claim: PortClaim?) {
        if row.chassis == self.row { row.chassis = nil }
        if !row.additionalChassis.contains(self.row) {
            row.additionalChassis = (row.additionalChassis + [self.row]).sorted()
        }
        if let encap = claim?.encap, !row.additionalEncap.contains(encap) {
            row.additionalEncap = (row.additionalEncap + [encap]).sorted()
        }
    }

    private func release(_ row: inout SB.PortBinding) {
        let own = Set(encaps.map(\.0))
        if row.additionalChassis.contains(self.row) {
            row.additionalChassis.removeAll { $0 == self.row }
            row.additionalEncap.removeAll { own.contains($0) }
        }
        guard row.chassis == self.row, !Self.claimedElsewhere.contains(row.type) else { return }
        row.chassis = nil
        row.virtualParent = nil
        if row.options["requested-encap-ip"] == nil { row.encap = nil }
        if row.up == true { row.up = false }
    }

    /// Types whose chassis column other parts of the agent or other programs decide.
    private static let claimedElsewhere: Set<String> = [
        "virtual", "vtep", "remote",
    ]
}

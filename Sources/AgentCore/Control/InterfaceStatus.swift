// What the local database shows of bridges and interfaces once the datapath has them: `ofport`,
// `ifindex`, `link_state` and their like, and at last `cur_cfg`, for which ovs-vsctl waits
// (ovs-vswitchd.conf.db(5)).

import OVSDBModel
import OVSDBSession
import Schemas

package struct InterfaceStatus {
    /// What this agent can make of an Interface row, for Open_vSwitch.iface_types.
    package static let interfaceTypes = ["geneve", "internal", "patch", "system", "vxlan"]
    package static let datapathTypes = ["system"]

    private let system: LocalSystem
    private let replica: Replica
    private let kernel: KernelPorts

    package init(_ system: LocalSystem, _ replica: Replica, _ kernel: KernelPorts) {
        self.system = system
        self.replica = replica
        self.kernel = kernel
    }

    /// Writes the differences. `cur_cfg` follows `next_cfg` in the same transaction, so whoever
    /// waits for it sees the rest.
    package func write(
        numbers: inout [String: PortNumbers], version: String,
        into transaction: inout TransactionBuilder
    ) {
        for planned in system.plan.interfaces {
            guard let old = replica[OVS.Interface.self, planned.row] else { continue }
            let number = Self.number(planned, old, &numbers)
            transaction.update(
                planned.row, from: old, to: status(of: planned, old, number: number))
        }
        for refused in system.plan.refused {
            guard let old = replica[OVS.Interface.self, refused.row] else { continue }
            transaction.update(
                refused.row, from: old, to: Self.absent(old, reason: refused.reason))
        }
        for bridge in system.bridges { writeBridge(bridge, into: &transaction) }
        writeOpen(version: version, into: &transaction)
    }

    private static func number(
        _ planned: PlannedInterface, _ row: OVS.Interface, _ numbers: inout [String: PortNumbers]
    ) -> Int? {
        if planned.isLocal { return BridgePlan.localNumber }
        return numbers[planned.bridge, default: PortNumbers()].number(
            for: planned.name, requested: planned.requestedNumber, existing: row.ofport)
    }

    private func status(
        of planned: PlannedInterface, _ old: OVS.Interface, number: Int?
    ) -> OVS.Interface {
        var row = old
        switch planned.kind {
        case .device, .internalDevice:
            guard let device = kernel.interfaces[planned.name] else {
                let reason =
                    kernel.failures[planned.name]?.reason
                    ?? "could not open network device \(planned.name) (No such device)"
                return Self.absent(old, reason: reason)
            }
            row.ifindex = device.interfaceIndex
            row.macInUse = device.address.description
            row.mtu = device.mtu
            row.adminState = device.isUp ? "up" : "down"
            row.linkState = device.isUp && device.hasCarrier ? "up" : "down"
        case .patch, .tunnel:
            row.adminState = "up"
            row.linkState = "up"
        }
        row.ofport = number ?? -1
        row.error = nil
        return row
    }

    private static func absent(_ old: OVS.Interface, reason: String) -> OVS.Interface {
        var row = old
        row.ofport = -1
        row.error = reason
        row.ifindex = nil
        row.macInUse = nil
        row.adminState = nil
        row.linkState = nil
        row.mtu = nil
        return row
    }

    private func writeBridge(
        _ bridge: Identified<OVS.Bridge>, into transaction: inout TransactionBuilder
    ) {
        guard let device = kernel.interfaces[bridge.row.name] else { return }
        var row = bridge.row
        row.datapathID = Self.datapathID(device.address.bits)
        row.datapathVersion = "<unknown>"
        transaction.update(bridge.uuid, from: bridge.row, to: row)
    }

    /// Sixteen hexadecimal digits, of which the last twelve are the bridge's address.
    package static func datapathID(_ address: UInt64) -> String {
        let digits = String(address, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private func writeOpen(version: String, into transaction: inout TransactionBuilder) {
        let old = system.open.row
        var row = old
        row.curCfg = old.nextCfg
        row.ovsVersion = version
        row.datapathTypes = Self.datapathTypes
        row.ifaceTypes = Self.interfaceTypes
        row.dpdkInitialized = false
        transaction.update(system.open.uuid, from: old, to: row)
    }
}

// What the local database shows of bridges and interfaces once the datapath has them: `ofport`,
// `ifindex`, `link_state`, `statistics` and their like, and at last `cur_cfg`, for which ovs-vsctl
// waits (ovs-vswitchd.conf.db(5)).
//
// A column that says something about a device is empty while the interface has none, so that
// nobody takes the last known state for the present one.

import OVSDBModel
import OVSDBSession
import Schemas

/// What this host and program are, for the Open_vSwitch row.
package struct HostDescription: Hashable, Sendable {
    /// The version of this program.
    package let version: String
    package let systemType: String
    package let systemVersion: String?

    package init(version: String, systemType: String, systemVersion: String?) {
        self.version = version
        self.systemType = systemType
        self.systemVersion = systemVersion
    }
}

package struct InterfaceStatus {
    /// What this agent can make of an Interface row, for Open_vSwitch.iface_types.
    package static let interfaceTypes = ["geneve", "internal", "patch", "system", "vxlan"]
    package static let datapathTypes = ["system"]

    private let system: LocalSystem
    private let replica: Replica
    private let kernel: KernelPorts
    private let counters: [String: InterfaceCounters]

    /// - Parameter counters: by the name of the device or patch port.
    package init(
        _ system: LocalSystem, _ replica: Replica, _ kernel: KernelPorts,
        counters: [String: InterfaceCounters]
    ) {
        self.system = system
        self.replica = replica
        self.kernel = kernel
        self.counters = counters
    }

    /// Writes the differences. `cur_cfg` follows `next_cfg` in the same transaction, so whoever
    /// waits for it sees the rest.
    package func write(
        history: inout InterfaceHistory, host: HostDescription,
        into transaction: inout TransactionBuilder
    ) {
        for planned in system.plan.interfaces {
            guard let old = replica[OVS.Interface.self, planned.row] else { continue }
            transaction.update(
                planned.row, from: old, to: status(of: planned, old, &history))
        }
        for refused in system.plan.refused {
            guard let old = replica[OVS.Interface.self, refused.row] else { continue }
            transaction.update(
                refused.row, from: old, to: old.absent(reason: refused.reason))
        }
        for bridge in system.bridges { writeBridge(bridge, into: &transaction) }
        writeOpen(host, into: &transaction)
    }

    private func status(
        of planned: PlannedInterface, _ old: OVS.Interface, _ history: inout InterfaceHistory
    ) -> OVS.Interface {
        let number = history.number(of: planned, existing: old.ofport)
        var row: OVS.Interface
        switch planned.kind {
        case .device, .internalDevice:
            guard let device = kernel.interfaces[planned.name] else {
                let reason =
                    kernel.failures[planned.name]?.reason
                    ?? "could not open network device \(planned.name) (No such device)"
                return old.absent(reason: reason)
            }
            row = old.present(
                device, counters[planned.name], resets: history.resets(of: device))
        case .patch:
            row = old.withoutDevice
            row.statistics = (counters[planned.name] ?? InterfaceCounters()).patchColumn
        case .tunnel:
            row = old.withoutDevice
        }
        row.ofport = number ?? -1
        row.error = nil
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

    /// What a start script has said of the system stays.
    private func writeOpen(
        _ host: HostDescription, into transaction: inout TransactionBuilder
    ) {
        let old = system.open.row
        var row = old
        row.curCfg = old.nextCfg
        row.ovsVersion = host.version
        row.systemType = old.systemType ?? host.systemType
        row.systemVersion = old.systemVersion ?? host.systemVersion
        row.datapathTypes = Self.datapathTypes
        row.ifaceTypes = Self.interfaceTypes
        row.dpdkInitialized = false
        // Packets with several tags are looked into, for whoever asks what is.
        row.otherConfig["vlan-limit"] = "0"
        row.otherConfig[LocalSystem.flowRestoreKey] = nil
        row.externalIDs[LocalSystem.managedFlowRestoreKey] = nil
        transaction.update(system.open.uuid, from: old, to: row)
    }
}

extension OVS.Interface {
    /// The row of an interface that has a device.
    fileprivate func present(
        _ device: KernelInterface, _ counters: InterfaceCounters?, resets: Int
    ) -> OVS.Interface {
        var row = self
        row.ifindex = device.interfaceIndex
        row.macInUse = device.address.description
        row.mtu = device.mtu
        row.adminState = device.isUp ? "up" : "down"
        row.linkState = device.isUp && device.hasCarrier ? "up" : "down"
        row.linkResets = resets
        row.linkSpeed = device.driver.speed
        row.duplex = device.driver.isFullDuplex.map { $0 ? "full" : "half" }
        row.status = device.driver.status
        if let counters { row.statistics = counters.column }
        return row
    }

    /// The row of an interface that needs none.
    fileprivate var withoutDevice: OVS.Interface {
        var row = self
        row.clearDevice()
        row.ifindex = 0
        row.adminState = "up"
        row.linkState = "up"
        row.linkResets = 0
        return row
    }

    /// The row of an interface that could not be had.
    fileprivate func absent(reason: String) -> OVS.Interface {
        var row = self
        row.clearDevice()
        row.ofport = -1
        row.error = reason
        return row
    }

    private mutating func clearDevice() {
        ifindex = nil
        macInUse = nil
        mtu = nil
        adminState = nil
        linkState = nil
        linkResets = nil
        linkSpeed = nil
        duplex = nil
        status = [:]
        statistics = [:]
    }
}

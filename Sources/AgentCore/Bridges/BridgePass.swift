// The provider bridges of this host, from the rows of the local database and what the kernel has.
//
// What a row asks for and a bridge here can't do is reported with the row's name, and hinders no
// other port.

import OVSDBModel
import OVSDBSession
import Schemas

package struct BridgePass {
    /// By name.
    package private(set) var bridges: [ProviderBridge] = []
    package private(set) var problems: [String] = []

    private let system: LocalSystem
    private let kernel: KernelPorts
    /// Interfaces by row, and the bridges of those that patch two.
    private let planned: [RowUUID: PlannedInterface]
    private let byName: [String: PlannedInterface]
    private let portNames: [RowUUID: String]

    package init(_ system: LocalSystem, _ replica: Replica, _ kernel: KernelPorts) {
        self.system = system
        self.kernel = kernel
        var planned: [RowUUID: PlannedInterface] = [:]
        var byName: [String: PlannedInterface] = [:]
        for interface in system.plan.interfaces {
            planned[interface.row] = interface
            byName[interface.name] = interface
        }
        self.planned = planned
        self.byName = byName
        var portNames: [RowUUID: String] = [:]
        for bridge in system.bridges {
            for port in bridge.row.ports.compactMap({ replica[OVS.Port.self, $0] }) {
                for interface in port.interfaces { portNames[interface] = port.name }
            }
        }
        self.portNames = portNames
        for bridge in system.bridges.sorted(by: { $0.row.name < $1.row.name })
        where bridge.row.name != system.configuration.integrationBridge {
            bridges.append(self.bridge(bridge.row, replica))
        }
    }

    private mutating func bridge(_ row: OVS.Bridge, _ replica: Replica) -> ProviderBridge {
        var ports: [BridgePort] = []
        for port in row.ports.compactMap({ replica[OVS.Port.self, $0] }) {
            if let port = self.port(port) { ports.append(port) }
        }
        let age = row.otherConfig["mac-aging-time"].flatMap { Int64($0) }
            .map { min(max($0, 15), 3600) * 1000 }
        let capacity = row.otherConfig["mac-table-size"].flatMap { Int($0) }
            .map { min(max($0, 10), 1_000_000) }
        return ProviderBridge(
            name: row.name, ports: ports, lifetime: age ?? ProviderBridge.standardLifetime,
            capacity: capacity ?? ProviderBridge.standardCapacity,
            forwardsReserved: row.otherConfig["forward-bpdu"] == "true")
    }

    private mutating func port(_ row: OVS.Port) -> BridgePort? {
        guard let membership = membership(row), let way = way(row) else { return nil }
        return BridgePort(name: .own(row.name), membership: membership, way: way)
    }

    private mutating func membership(_ row: OVS.Port) -> VLANMembership? {
        let tag = UInt16(clamping: row.tag ?? 0)
        let trunks = row.trunks.map { UInt16(clamping: $0) }
        switch row.vlanMode {
        case nil: return row.tag == nil ? .trunk(trunks) : .access(tag)
        case OVS.Port.vlanModeAccess: return .access(tag)
        case OVS.Port.vlanModeTrunk: return .trunk(trunks)
        case OVS.Port.vlanModeNativeTagged: return .native(tag, isTagged: true, trunks: trunks)
        case OVS.Port.vlanModeNativeUntagged: return .native(tag, isTagged: false, trunks: trunks)
        case .some(let other):
            problems.append("Port \(row.name): vlan_mode \"\(other)\" is not supported")
            return nil
        }
    }

    /// Of several interfaces one forwards: the first by name that has a carrier.
    private mutating func way(_ row: OVS.Port) -> BridgePort.Way? {
        let interfaces = row.interfaces.compactMap { planned[$0] }.sorted { $0.name < $1.name }
        if let first = interfaces.first, case .patch(let peer) = first.kind {
            guard let other = byName[peer], case .patch(first.name) = other.kind,
                other.bridge != system.configuration.integrationBridge,
                let port = portNames[other.row]
            else { return nil }
            return .bridge(other.bridge, port: port)
        }
        if row.interfaces.count > 1 { reportBond(row) }
        let devices = interfaces.compactMap { kernel.interfaces[$0.name] }
        let ordered =
            devices.filter { $0.isUp && $0.hasCarrier }
            + devices.filter { !($0.isUp && $0.hasCarrier) }
        return ordered.isEmpty ? nil : .devices(ordered.map(\.vport))
    }

    private mutating func reportBond(_ row: OVS.Port) {
        if let mode = row.bondMode, mode != OVS.Port.bondModeActiveBackup {
            problems.append(
                "Port \(row.name): bond_mode \"\(mode)\" is not supported, one interface forwards")
        }
        if let mode = row.lacp, mode != OVS.Port.lacpOff {
            problems.append("Port \(row.name): lacp \"\(mode)\" is not supported")
        }
    }
}

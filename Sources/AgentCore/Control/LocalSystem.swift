// The local Open_vSwitch database as the agent reads it: its configuration, the ports that the
// datapath must have, and the interfaces that name logical ports.

import OVSDBModel
import OVSDBSession
import Schemas

package struct LocalSystem {
    package let open: Identified<OVS.OpenVSwitch>
    package let configuration: ChassisConfiguration
    package let plan: BridgePlan
    package let bridges: [Identified<OVS.Bridge>]

    /// - Returns: nil until the database has its one Open_vSwitch row (`ovs-vsctl init`).
    package init?(_ replica: Replica, commandLineName: String?, hostname: String) {
        guard let open = replica.only(OVS.OpenVSwitch.self) else { return nil }
        self.open = open
        configuration = ChassisConfiguration(
            externalIDs: open.row.externalIDs, commandLineName: commandLineName,
            hostname: hostname)
        bridges = open.row.bridges.compactMap { uuid in
            replica[OVS.Bridge.self, uuid].map { Identified(uuid: uuid, row: $0) }
        }
        plan = BridgePlan(
            .init(
                bridges: bridges.map { ($0.uuid, $0.row) },
                port: { replica[OVS.Port.self, $0] },
                interface: { replica[OVS.Interface.self, $0] }))
    }

    /// Statistics are not refreshed more often, whatever is asked for
    /// (ovs-vswitchd.conf.db(5), stats-update-interval).
    package static let shortestStatisticsInterval: Milliseconds = 5000

    package var statisticsInterval: Milliseconds {
        let asked = open.row.otherConfig["stats-update-interval"].flatMap { Milliseconds($0) }
        return max(asked ?? 0, Self.shortestStatisticsInterval)
    }

    /// What of the configuration can't be used.
    package var problems: [String] {
        configuration.problems.map(\.description) + flowKeeping.problems
            + SwitchKeys.problems(open.row.otherConfig)
    }

    package var flowKeeping: FlowKeeping { FlowKeeping(otherConfig: open.row.otherConfig) }

    /// Set while ovs-ctl(8) restarts ovs-vswitchd and restores its OpenFlow flows: until it is gone,
    /// ovs-vswitchd serves no miss (ovs-vswitchd.conf.db(5)). Here are no such flows, and those of the
    /// kernel are adopted; so the key goes once the ports are served, or stock programs that come back
    /// to this database would wait for ever.
    package static let flowRestoreKey = "flow-restore-wait"
    /// In external_ids, by versions of ovn-controller that have set the key themselves.
    package static let managedFlowRestoreKey = "ovn-managed-flow-restore-wait"

    package var waitsForFlows: Bool { open.row.otherConfig[Self.flowRestoreKey] == "true" }

    package var integrationBridge: Identified<OVS.Bridge>? {
        bridges.first { $0.row.name == configuration.integrationBridge }
    }

    /// The interfaces of the integration bridge that name a logical port and that the datapath has.
    package func interfaces(_ replica: Replica, _ kernel: KernelPorts) -> LocalInterfaces {
        LocalInterfaces(
            plan.interfaces.compactMap { planned in
                guard planned.bridge == configuration.integrationBridge, !planned.isLocal,
                    let row = replica[OVS.Interface.self, planned.row],
                    let port = row.externalIDs["iface-id"], !port.isEmpty,
                    let device = kernel.interfaces[planned.name]
                else { return nil }
                return LocalInterface(
                    row: planned.row, name: planned.name, logicalPort: port,
                    version: row.externalIDs["iface-id-ver"],
                    encapsulationAddress: row.externalIDs["encap-ip"], vport: device.vport,
                    isInstalled: row.externalIDs["ovn-installed"] == "true")
            })
    }
}

extension LocalSystem {
    /// Kernel ports of the integration bridge by `mirror-id`; of several interfaces with one the
    /// first by name has it.
    package func mirrorPorts(_ replica: Replica, _ kernel: KernelPorts) -> [String: UInt32] {
        var result: [String: UInt32] = [:]
        for planned in plan.interfaces.sorted(by: { $0.name < $1.name })
        where planned.bridge == configuration.integrationBridge && !planned.isLocal {
            guard let id = replica[OVS.Interface.self, planned.row]?.externalIDs["mirror-id"],
                let vport = kernel.interfaces[planned.name]?.vport, result[id] == nil
            else { continue }
            result[id] = vport
        }
        return result
    }
}

/// What an evaluation of the Southbound side reads of the local one.
package struct LocalAttachments: Hashable, Sendable {
    package let configuration: ChassisConfiguration?
    package let interfaces: LocalInterfaces
    package let bridges: [ProviderBridge]
    /// Kernel ports by `mirror-id`.
    package let mirrorPorts: [String: UInt32]
    /// By Flow_Sample_Collector_Set.id.
    package let collectorSets: [UInt32: CollectorSet]

    package init(
        configuration: ChassisConfiguration? = nil, interfaces: LocalInterfaces = .init([]),
        bridges: [ProviderBridge] = [], mirrorPorts: [String: UInt32] = [:],
        collectorSets: [UInt32: CollectorSet] = [:]
    ) {
        self.mirrorPorts = mirrorPorts
        self.collectorSets = collectorSets
        self.configuration = configuration
        self.interfaces = interfaces
        self.bridges = bridges
    }
}

extension LocalSystem {
    /// Adds the integration bridge if nobody has.
    package func createIntegrationBridge(
        in transaction: inout TransactionBuilder, placeholder: () -> RowUUID
    ) {
        guard integrationBridge == nil else { return }
        let name = configuration.integrationBridge
        let (interface, port, bridge) = (placeholder(), placeholder(), placeholder())
        transaction.insert(OVS.Interface(name: name, type: "internal"), placeholder: interface)
        transaction.insert(OVS.Port(name: name, interfaces: [interface]), placeholder: port)
        transaction.insert(
            OVS.Bridge(
                name: name, ports: [port], failMode: "secure",
                otherConfig: ["disable-in-band": "true"]),
            placeholder: bridge)
        transaction.mutate(
            OVS.OpenVSwitch.self, open.uuid, .bridges, .insert(Datum([bridge])))
        transaction.comment("ovn-controller: creating integration bridge '\(name)'")
    }
}

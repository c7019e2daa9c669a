// Which Southbound rows this chassis asks for: those of its local datapaths and those that could
// make a datapath local. `ovn-monitor-all` asks for everything.

import OVSDBModel
import OVSDBSession
import Schemas

package struct MonitorConditions: Hashable, Sendable {
    package let portBindings: [Condition]
    package let logicalFlows: [Condition]
    package let multicastGroups: [Condition]
    package let neighbours: [Condition]
    package let learnedAddresses: [Condition]
    package let chassisPrivate: [Condition]
    package let templateVariables: [Condition]
    package let nextHops: [Condition]
    package let services: ServiceConditions

    /// What to ask of which table, except the logical flows.
    private var byTable: [(table: any TypedRow.Type, condition: [Condition])] {
        [
            (SB.PortBinding.self, portBindings), (SB.MulticastGroup.self, multicastGroups),
            (SB.MACBinding.self, neighbours), (SB.ChassisPrivate.self, chassisPrivate),
            (SB.FDB.self, learnedAddresses), (SB.ChassisTemplateVar.self, templateVariables),
            (SB.ECMPNexthop.self, nextHops),
        ] + services.byTable
    }

    /// Everything but what other chassis' services leave for their own.
    package init(allFor chassis: RowUUID?) {
        portBindings = []
        logicalFlows = []
        multicastGroups = []
        neighbours = []
        learnedAddresses = []
        chassisPrivate = []
        templateVariables = []
        nextHops = []
        services = ServiceConditions(
            datapaths: .none, chassis: chassis, everything: true)
    }

    /// - Parameter datapathKeys: tunnel keys of the local datapaths.
    package init(
        chassisName: String, chassis: RowUUID?, logicalPorts: [String],
        datapaths: LocalDatapaths, datapathKeys: [Int]
    ) {
        let local = datapaths.rows.sorted().map { Datum.one(.uuid($0)) }
        typealias Port = SB.PortBinding.Column
        var ports: [Condition] = ["patch", "chassisredirect", "external", "mirror"].map {
            Condition(Port.type, .equal, .one(.string($0)))
        }
        if let chassis {
            ports.append(Condition(Port.chassis, .includes, .one(.uuid(chassis))))
            ports.append(Condition(Port.requestedChassis, .includes, .one(.uuid(chassis))))
        }
        for key in ["l2gateway-chassis", "l3gateway-chassis"] {
            ports.append(
                Condition(Port.options, .includes, Datum([key: chassisName])))
        }
        ports += logicalPorts.sorted().map {
            Condition(Port.logicalPort, .equal, .one(.string($0)))
        }
        ports += local.map { Condition(Port.datapath, .equal, $0) }
        ports.append(Condition(Port.parentPort, .notEqual, .empty))
        portBindings = ports
        // Flows without a datapath have a group. Only where every clause is an equality does Debian's server
        // look a row up among them; it goes through all of them otherwise.
        logicalFlows = Self.any(
            (local.isEmpty ? [] : local + [.empty]).map {
                Condition(SB.LogicalFlow.Column.logicalDatapath, .equal, $0)
            })
        multicastGroups = Self.any(
            local.map { Condition(SB.MulticastGroup.Column.datapath, .equal, $0) })
        neighbours = Self.any(local.map { Condition(SB.MACBinding.Column.datapath, .equal, $0) })
        learnedAddresses = Self.any(
            datapathKeys.sorted().map {
                Condition(SB.FDB.Column.dpKey, .equal, .one(.integer(Int64($0))))
            })
        chassisPrivate = [
            Condition(SB.ChassisPrivate.Column.name, .equal, .one(.string(chassisName)))
        ]
        templateVariables = [
            Condition(SB.ChassisTemplateVar.Column.chassis, .equal, .one(.string(chassisName)))
        ]
        nextHops = Self.any(local.map { Condition(SB.ECMPNexthop.Column.datapath, .equal, $0) })
        services = ServiceConditions(datapaths: datapaths, chassis: chassis, everything: false)
    }

    /// No clause would mean every row; here it means none.
    private static func any(_ clauses: [Condition]) -> [Condition] {
        clauses.isEmpty ? [.constant(false)] : clauses
    }
}

// MARK: - Changes

extension MonitorConditions {
    /// The flows of so many new datapaths are worth a stage of their own, and so many stages are
    /// worth what they cost the server: each goes through the whole table.
    package static let datapathsPerStage = 32
    package static let mostStages = 2

    /// How to get here from what was asked for before. The flows of many new datapaths come in
    /// several parts: while the server prepares one, the one before is read and compiled.
    package func changes(after old: MonitorConditions?) -> [ConditionChange] {
        [ConditionChange(SB.LogicalFlow.self, stages: stagesOfFlows(after: old))]
            + byTable.map { ConditionChange($0.table, stages: [$0.condition]) }
    }

    private func stagesOfFlows(after old: MonitorConditions?) -> [[Condition]] {
        let before = (old?.logicalFlows ?? []).filter { $0 != .constant(false) }
        let known = Set(before)
        let new = logicalFlows.filter { !known.contains($0) }
        let count = min(new.count / Self.datapathsPerStage, Self.mostStages)
        guard count > 1, old?.logicalFlows.isEmpty != true else { return [logicalFlows] }
        let parts = (1..<count).map { before + new[..<(new.count * $0 / count)] }
        return parts + [logicalFlows]
    }
}

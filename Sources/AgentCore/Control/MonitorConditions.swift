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

    /// What to ask of which table.
    package var byTable: [(table: any TypedRow.Type, condition: [Condition])] {
        [
            (SB.PortBinding.self, portBindings), (SB.LogicalFlow.self, logicalFlows),
            (SB.MulticastGroup.self, multicastGroups), (SB.MACBinding.self, neighbours),
            (SB.ChassisPrivate.self, chassisPrivate), (SB.FDB.self, learnedAddresses),
        ]
    }

    /// Everything.
    package static let all = MonitorConditions(
        portBindings: [], logicalFlows: [], multicastGroups: [], neighbours: [],
        learnedAddresses: [], chassisPrivate: [])

    private init(
        portBindings: [Condition], logicalFlows: [Condition], multicastGroups: [Condition],
        neighbours: [Condition], learnedAddresses: [Condition], chassisPrivate: [Condition]
    ) {
        self.portBindings = portBindings
        self.logicalFlows = logicalFlows
        self.multicastGroups = multicastGroups
        self.neighbours = neighbours
        self.learnedAddresses = learnedAddresses
        self.chassisPrivate = chassisPrivate
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
        logicalFlows =
            local.map { Condition(SB.LogicalFlow.Column.logicalDatapath, .includes, $0) }
            + [Condition(SB.LogicalFlow.Column.logicalDPGroup, .notEqual, .empty)]
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
    }

    /// No clause would mean every row; here it means none.
    private static func any(_ clauses: [Condition]) -> [Condition] {
        clauses.isEmpty ? [.constant(false)] : clauses
    }
}

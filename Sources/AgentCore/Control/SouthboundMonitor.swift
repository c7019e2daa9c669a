// What an agent copies of the Southbound database: the tables, and for the large ones nothing at
// first; `MonitorConditions` says later which rows.

import OVSDBModel
import OVSDBSession
import Schemas

package enum SouthboundMonitor {
    /// What an operator calls a flow is a third of what it says, and only commands need it: they ask for it
    /// (`OVSDBClient.lookUp`).
    private static var flowColumns: [SB.LogicalFlow.Column] {
        SB.LogicalFlow.Column.allCases.filter { $0 != .externalIDs && $0 != .flowDesc }
    }

    package static func configuration(remotes: [String]) -> ClientConfiguration {
        let nothing = [Condition.constant(false)]
        var wanted = ClientConfiguration(
            schema: SB.schema,
            tables: [
                .init(SB.SBGlobal.self), .init(SB.Chassis.self), .init(SB.Encap.self),
                .init(SB.ChassisPrivate.self), .init(SB.DatapathBinding.self),
                .init(SB.PortBinding.self, condition: nothing),
                .init(SB.LogicalFlow.self, columns: flowColumns, condition: nothing),
                .init(SB.LogicalDPGroup.self),
                .init(SB.MulticastGroup.self, condition: nothing),
                .init(SB.MACBinding.self, condition: nothing),
                .init(SB.StaticMACBinding.self), .init(SB.FDB.self, condition: nothing),
                .init(SB.AddressSet.self), .init(SB.PortGroup.self),
                .init(SB.ChassisTemplateVar.self, condition: nothing),
                .init(SB.LoadBalancer.self),
                .init(SB.HAChassisGroup.self), .init(SB.HAChassis.self),
                .init(SB.Meter.self), .init(SB.MeterBand.self), .init(SB.ACLID.self),
                .init(SB.Mirror.self), .init(SB.ECMPNexthop.self, condition: nothing),
            ] + ServiceConditions.tables, remotes: remotes, leaderOnly: true)
        wanted.indexes = Learning.indexes
        wanted.packed = [SB.LogicalFlow.table.name]
        // Every evaluation reads them all.
        wanted.kept = [
            SB.PortBinding.self, SB.DatapathBinding.self, SB.LoadBalancer.self,
            SB.MulticastGroup.self, SB.Chassis.self, SB.Encap.self,
        ]
        return wanted
    }
}

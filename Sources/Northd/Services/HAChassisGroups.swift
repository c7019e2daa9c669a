// Groups of chassis for gateways and external ports: those of the configuration, and one per router
// port that names its gateways itself (ovn-nb(5), HA_Chassis_Group and Gateway_Chassis). A group
// goes to the Southbound database with a port that uses it.

import Incremental
import OVSDBModel
import Schemas

package struct HAChassisGroups: Sendable {
    /// The row for a group of the configuration.
    package let groups: Function<RowUUID, HAChassisGroupRow>
    /// The row for a router port with gateways: its ha_chassis_group, else one of its
    /// gateway_chassis. Nil for other ports.
    package let ofRouterPort: Function<RowUUID, HAChassisGroupRow?>

    init(_ engine: Engine, _ inputs: Inputs, _ model: Model) {
        let groups = engine.function("HA chassis group", over: inputs.haChassisGroups) {
            key, row, context in
            let members = row.haChassis.compactMap { uuid in
                context.read(inputs.haChassis, uuid).map {
                    HAChassisGroupRow.Member(
                        chassisName: $0.chassisName,
                        chassis: context.first(model.chassisByName, $0.chassisName),
                        priority: $0.priority)
                }
            }
            var result = HAChassisGroupRow(origin: key, name: row.name, members: members)
            result.externalIDs = row.externalIDs
            return result
        }
        let gateways = engine.subset("router ports with gateways", of: inputs.routerPorts) {
            _, row in !row.gatewayChassis.isEmpty || row.haChassisGroup != nil
        }
        ofRouterPort = engine.function("gateway group", over: gateways) { key, row, context in
            if let group = row.haChassisGroup { return context.read(groups, group) }
            let members = row.gatewayChassis.compactMap { uuid in
                context.read(inputs.gatewayChassis, uuid).map {
                    HAChassisGroupRow.Member(
                        chassisName: $0.chassisName,
                        chassis: context.first(model.chassisByName, $0.chassisName),
                        priority: $0.priority)
                }
            }
            return HAChassisGroupRow(origin: key, name: row.name, members: members)
        }
        self.groups = groups
    }
}

// Which chassis of a group serves a port that has no interface: a gateway of a distributed router
// port, or an external port. The members say how much each is wanted; the most wanted of those that
// are there serves. (Members that are there but can't be reached are not passed over: that takes
// BFD between them.)

import OVSDBModel
import OVSDBSession
import Schemas

package struct GatewayElection: Hashable, Sendable {
    /// The chassis that serves, by HA_Chassis_Group.
    private var leaders: [RowUUID: RowUUID] = [:]

    package static let none = GatewayElection()

    package init() {}

    package init(_ replica: Replica) {
        for group in replica.rows(SB.HAChassisGroup.self) {
            let members = group.row.haChassis.compactMap {
                uuid -> (chassis: RowUUID, priority: Int)? in
                guard let member = replica[SB.HAChassis.self, uuid],
                    let chassis = member.chassis
                else { return nil }
                return (chassis, member.priority)
            }
            let leader = members.max { left, right in
                (left.priority, right.chassis) < (right.priority, left.chassis)
            }
            leaders[group.uuid] = leader?.chassis
        }
    }

    /// The chassis that serves the port; nil if the port names no group or nobody of it is there.
    package func leader(for port: SB.PortBinding) -> RowUUID? {
        port.haChassisGroup.flatMap { leaders[$0] }
    }
}

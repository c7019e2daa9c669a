import OVSDBModel
import OVSDBSession
import Schemas

/// An HA_Chassis_Group with its members: which chassis may host a gateway or an external port, and
/// which goes first. It is there while a port uses it.
package struct HAChassisGroupRow: OwnedRow {
    package typealias Row = SB.HAChassisGroup

    package struct Member: Hashable, Sendable {
        /// As the configuration has it.
        package let chassisName: String
        /// Nil while there is no such chassis.
        package let chassis: RowUUID?
        package let priority: Int

        package init(chassisName: String, chassis: RowUUID?, priority: Int) {
            self.chassisName = chassisName
            self.chassis = chassis
            self.priority = priority
        }
    }

    package let origin: RowUUID
    package let group: String
    /// Sorted by name, each once.
    package let members: [Member]
    package var externalIDs: [String: String] = [:]
    /// Chassis that use the gateways of this group, of several members; sorted.
    package var references: [RowUUID] = []

    package init(origin: RowUUID, name: String, members: [Member]) {
        self.origin = origin
        group = name
        var seen: Set<String> = []
        self.members = members.sorted {
            ($0.chassisName, $1.priority) < ($1.chassisName, $0.priority)
        }
        .filter { seen.insert($0.chassisName).inserted }
    }

    package var name: RowName { RowName(group) }

    package static func claim(on row: Identified<SB.HAChassisGroup>, _ places: Places) -> RowClaim {
        .own(RowName(row.row.name))
    }

    package func row(over actual: SB.HAChassisGroup?, _ scene: Scene) -> SB.HAChassisGroup? {
        SB.HAChassisGroup(
            name: group, haChassis: actual?.haChassis ?? [], refChassis: canonicalSet(references),
            externalIDs: externalIDs)
    }

    /// A member keeps its row while its chassis' name stays.
    package func write(
        over actual: Identified<SB.HAChassisGroup>?, _ scene: Scene,
        _ transaction: inout TransactionBuilder
    ) {
        guard var wanted = row(over: actual?.row, scene) else { return }
        var present: [String: Identified<SB.HAChassis>] = [:]
        for uuid in wanted.haChassis {
            guard let row = scene.replica[SB.HAChassis.self, uuid] else { continue }
            present[row.externalIDs["chassis-name"] ?? ""] = Identified(uuid: uuid, row: row)
        }
        wanted.haChassis = canonicalSet(
            members.map { put($0, over: present[$0.chassisName], &transaction) })
        transaction.put(wanted, over: actual?.row, actual?.uuid ?? uuid)
    }

    private func put(
        _ member: Member, over actual: Identified<SB.HAChassis>?,
        _ transaction: inout TransactionBuilder
    ) -> RowUUID {
        let uuid =
            actual?.uuid
            ?? SouthboundUUID.owned(
                SB.HAChassis.table.name, RowName(group, member.chassisName))
        let row = SB.HAChassis(
            chassis: member.chassis, priority: member.priority,
            externalIDs: ["chassis-name": member.chassisName])
        transaction.put(row, over: actual?.row, uuid)
        return uuid
    }
}

// Brings the chassis' own rows in the Southbound database to what the configuration says.

import OVSDBModel
import OVSDBSession
import Schemas

package struct ChassisPass {
    private let replica: Replica
    private let wanted: ChassisRows

    package init(_ replica: Replica, _ wanted: ChassisRows) {
        self.replica = replica
        self.wanted = wanted
    }

    /// The chassis as the database has it; nil until its row is there.
    package static func identity(
        in replica: Replica, name: String, hostname: String
    ) -> ChassisIdentity? {
        let rows = replica.rows(SB.Chassis.self)
        guard let own = rows.first(where: { $0.row.name == name }) else { return nil }
        let encaps = own.row.encaps.compactMap { uuid in
            replica[SB.Encap.self, uuid].map { (uuid, $0) }
        }
        return ChassisIdentity(row: own.uuid, name: name, hostname: hostname, encaps: encaps)
    }

    /// Pairs (type, address) that other chassis own.
    package static func taken(in replica: Replica, except name: String) -> Set<String> {
        let own = Set(
            replica.rows(SB.Chassis.self).filter { $0.row.name == name }.flatMap(\.row.encaps))
        return Set(
            replica.rows(SB.Encap.self).filter { !own.contains($0.uuid) }
                .map { ChassisRows.key($0.row.type, $0.row.ip) })
    }

    /// Writes the differences; nothing if there are none.
    package func write(
        into transaction: inout TransactionBuilder, placeholder: () -> RowUUID
    ) {
        let existing = replica.rows(SB.Chassis.self).first { $0.row.name == wanted.name }
        let encaps = encapRows(existing, into: &transaction, placeholder: placeholder)
        var row = existing?.row ?? SB.Chassis(name: wanted.name)
        let kept = row.otherConfig.filter { Self.foreignKeys.contains($0.key) }
        row.hostname = wanted.hostname
        row.otherConfig = wanted.otherConfig.merging(kept) { own, _ in own }
        row.transportZones = wanted.transportZones
        row.encaps = encaps
        let uuid: RowUUID
        if let existing {
            uuid = existing.uuid
            transaction.update(uuid, from: existing.row, to: row)
        } else {
            uuid = placeholder()
            transaction.insert(row, placeholder: uuid)
            transaction.comment("ovn-controller: registering chassis '\(wanted.name)'")
        }
        writePrivate(chassis: uuid, into: &transaction, placeholder: placeholder)
    }

    /// Keys that others may have put into Chassis.other_config.
    private static let foreignKeys: Set<String> = ["is-vtep", "is-remote"]

    /// The existing rows if they are the wanted ones, else new ones.
    private func encapRows(
        _ chassis: Identified<SB.Chassis>?, into transaction: inout TransactionBuilder,
        placeholder: () -> RowUUID
    ) -> [RowUUID] {
        let existing = (chassis?.row.encaps ?? []).compactMap { uuid in
            replica[SB.Encap.self, uuid].map { Identified(uuid: uuid, row: $0) }
        }
        return wanted.encaps.map { encap in
            let row = SB.Encap(
                type: encap.type, options: encap.options, ip: encap.address,
                chassisName: wanted.name)
            if let same = existing.first(where: { $0.row.type == row.type && $0.row.ip == row.ip })
            {
                transaction.update(same.uuid, from: same.row, to: row)
                return same.uuid
            }
            let uuid = placeholder()
            transaction.insert(row, placeholder: uuid)
            return uuid
        }.sorted()
    }

    private func writePrivate(
        chassis: RowUUID, into transaction: inout TransactionBuilder, placeholder: () -> RowUUID
    ) {
        guard replica.serverHas(SB.ChassisPrivate.self) else { return }
        let existing = replica.rows(SB.ChassisPrivate.self).first { $0.row.name == wanted.name }
        if let existing {
            var row = existing.row
            row.chassis = chassis
            transaction.update(existing.uuid, from: existing.row, to: row)
        } else {
            transaction.insert(
                SB.ChassisPrivate(name: wanted.name, chassis: chassis), placeholder: placeholder())
        }
    }
}

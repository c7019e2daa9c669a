import OVSDBModel
import OVSDBSession
import Schemas

@testable import Northd

extension TestNetwork {
    /// Inserts a Northbound row.
    @discardableResult
    func insert<Row: TypedRow>(_ row: Row) -> RowUUID {
        let uuid = northbound.makeUUID()
        edit { $0.insert(row, uuid: uuid) }
        return uuid
    }

    /// Changes a Northbound row.
    func change<Row: TypedRow>(_ type: Row.Type, _ uuid: RowUUID, _ body: (inout Row) -> Void) {
        guard let old = northbound.replica[type, uuid] else { return }
        var row = old
        body(&row)
        edit { $0.update(uuid, from: old, to: row) }
    }

    /// Changes the Southbound row of a port as its chassis would.
    func changeBinding(_ name: String, _ body: (inout SB.PortBinding) -> Void) {
        guard let old = rows(SB.PortBinding.self).first(where: { $0.row.logicalPort == name })
        else { return }
        var row = old.row
        body(&row)
        editSouthbound { $0.update(old.uuid, from: old.row, to: row) }
    }

    @discardableResult
    func addChassis(
        _ name: String, address: String, isRemote: Bool = false
    ) -> (chassis: RowUUID, encap: RowUUID) {
        let (chassis, encap) = (southbound.makeUUID(), southbound.makeUUID())
        editSouthbound {
            $0.insert(SB.Encap(type: "geneve", ip: address, chassisName: name), uuid: encap)
            $0.insert(
                SB.Chassis(
                    name: name, encaps: [encap], otherConfig: isRemote ? ["is-remote": "true"] : [:]
                ),
                uuid: chassis)
        }
        return (chassis, encap)
    }

    /// Reasons of the problems there are now.
    var problems: [String] {
        northd.problems.map { "\($0.table) \($0.column): \($0.reason)" }
    }

    func port(_ uuid: RowUUID) -> NB.LogicalSwitchPort? {
        northbound.replica[NB.LogicalSwitchPort.self, uuid]
    }
}

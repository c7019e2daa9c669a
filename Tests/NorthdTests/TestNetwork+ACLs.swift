import OVSDBModel
import OVSDBSession
import Schemas

extension TestNetwork {
    /// An ACL on a switch.
    @discardableResult
    func addACL(
        _ match: String, _ action: String, on datapath: RowUUID, direction: String = "from-lport",
        priority: Int = 1000, _ change: (inout NB.ACL) -> Void = { _ in }
    ) -> RowUUID {
        let uuid = northbound.makeUUID()
        var row = NB.ACL(priority: priority, direction: direction, match: match, action: action)
        change(&row)
        edit {
            $0.insert(row, uuid: uuid)
            $0.mutate(NB.LogicalSwitch.self, datapath, .acls, .insert(.ofSet([uuid])))
        }
        return uuid
    }

    /// An ACL on a port group.
    @discardableResult
    func addACL(
        _ match: String, _ action: String, onGroup group: RowUUID,
        direction: String = "to-lport", priority: Int = 1000,
        _ change: (inout NB.ACL) -> Void = { _ in }
    ) -> RowUUID {
        let uuid = northbound.makeUUID()
        var row = NB.ACL(priority: priority, direction: direction, match: match, action: action)
        change(&row)
        edit {
            $0.insert(row, uuid: uuid)
            $0.mutate(NB.PortGroup.self, group, .acls, .insert(.ofSet([uuid])))
        }
        return uuid
    }

    @discardableResult
    func addPortGroup(_ name: String, _ ports: [RowUUID]) -> RowUUID {
        let uuid = northbound.makeUUID()
        edit { $0.insert(NB.PortGroup(name: name, ports: ports), uuid: uuid) }
        return uuid
    }

    /// Sets options of NB_Global.
    func setOptions(_ options: [String: String]) {
        guard let global = northbound.replica.only(NB.NBGlobal.self) else { return }
        var row = global.row
        row.options.merge(options) { _, new in new }
        edit { $0.update(global.uuid, [.options], of: row) }
    }
}

// The row of the kernel datapath in the local database (ovs-vswitchd.conf.db(5), table Datapath), which
// says what it can do. Stock's ovn-controller adds it and ovs-vswitchd fills it; whoever comes after the
// other finds the same row. What others keep in it (limits and timeouts of zones, capabilities that
// nothing here knows) stays.

import OVSDBModel
import OVSDBSession
import Schemas

extension LocalSystem {
    /// Open_vSwitch.datapaths has the row under the datapath's type.
    package static let datapathType = "system"

    /// - Parameter capabilities: of the kernel, under the names that ovs-vswitchd has for them.
    package func writeDatapath(
        _ capabilities: [String: String], _ replica: Replica,
        into transaction: inout TransactionBuilder, placeholder: () -> RowUUID
    ) {
        guard !replica.coverage.gaps.contains(.table(OVS.Datapath.table.name)) else { return }
        if let uuid = open.row.datapaths[Self.datapathType] {
            guard let old = replica[OVS.Datapath.self, uuid] else { return }
            var row = old
            row.capabilities.merge(capabilities) { _, new in new }
            transaction.update(uuid, from: old, to: row)
            return
        }
        let uuid = placeholder()
        transaction.insert(OVS.Datapath(capabilities: capabilities), placeholder: uuid)
        transaction.mutate(
            OVS.OpenVSwitch.self, open.uuid, .datapaths,
            .insert(Datum([Self.datapathType: uuid])))
    }
}

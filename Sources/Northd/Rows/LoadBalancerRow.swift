import OVSDBModel
import Schemas

/// A Load_Balancer, which chassis read for hairpins, affinity and what to forget.
package struct LoadBalancerRow: SouthboundRecord {
    package let uuid: RowUUID
    package let contents: NB.LoadBalancer
    /// The groups of the switches and of the routers that have it.
    package let switches: DatapathGroup?
    package let routers: DatapathGroup?

    var name: RowUUID { uuid }

    static func name(of row: SB.LoadBalancer, _ uuid: RowUUID) -> RowUUID { uuid }

    func row(over actual: SB.LoadBalancer?, _ reconciler: Reconciler) -> SB.LoadBalancer? {
        var row = actual ?? SB.LoadBalancer()
        row.name = contents.name
        row.vips = contents.vips
        row.protocol = contents.protocol
        row.options = contents.options
        row.datapaths = []
        row.datapathGroup = nil
        row.lsDatapathGroup = switches.map(SouthboundUUID.group)
        row.lrDatapathGroup = routers.map(SouthboundUUID.group)
        return row
    }
}

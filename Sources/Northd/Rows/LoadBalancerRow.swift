import OVSDBModel
import OVSDBSession
import Schemas

/// A Load_Balancer, which chassis read for hairpins, affinity and what to forget.
package struct LoadBalancerRow: CopiedRow {
    package let origin: RowUUID
    package let contents: NB.LoadBalancer
    /// The groups of the switches and of the routers that have it.
    package let switches: DatapathGroup?
    package let routers: DatapathGroup?

    package func row(over actual: SB.LoadBalancer?, _ scene: Scene) -> SB.LoadBalancer? {
        var row = actual ?? SB.LoadBalancer()
        row.name = contents.name
        row.vips = contents.vips
        row.protocol = contents.protocol
        row.options = contents.options
        row.datapaths = []
        row.datapathGroup = nil
        row.lsDatapathGroup = scene.row(of: switches)
        row.lrDatapathGroup = scene.row(of: routers)
        return row
    }
}

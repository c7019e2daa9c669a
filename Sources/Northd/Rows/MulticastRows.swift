import OVSDBModel
import OVSDBSession
import Schemas

/// An IP_Multicast row: how a switch snoops.
package struct SnoopingRow: OwnedRow {
    package typealias Row = SB.IPMulticast

    package let origin: RowUUID
    package let contents: SB.IPMulticast

    package var name: RowName { RowName(origin.description) }

    package static func claim(on row: Identified<SB.IPMulticast>, _ places: Places) -> RowClaim {
        guard let datapath = places.datapaths[row.row.datapath] else { return .stray }
        return .own(RowName(datapath.description))
    }

    /// The sequence number belongs to the operator who flushes.
    package func row(over actual: SB.IPMulticast?, _ scene: Scene) -> SB.IPMulticast? {
        guard scene.hasDatapath(origin) else { return nil }
        var row = contents
        row.datapath = scene.row(ofDatapath: origin)
        row.seqNo = actual?.seqNo ?? 0
        return row
    }
}

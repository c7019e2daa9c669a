import OVSDBModel
import OVSDBSession
import Schemas

/// A Meter with its bands. A fair meter has a private copy per user, under another name.
package struct MeterRow: OwnedRow {
    package typealias Row = SB.Meter

    package struct Band: Hashable, Sendable, Comparable {
        package let action: String
        /// In the meter's unit.
        package let rate: Int
        package let burst: Int

        package init(action: String, rate: Int, burst: Int) {
            self.action = action
            self.rate = rate
            self.burst = burst
        }

        package static func < (left: Band, right: Band) -> Bool {
            (left.action, left.rate, left.burst) < (right.action, right.rate, right.burst)
        }
    }

    package let origin: RowUUID
    package let meter: String
    package let unit: String
    /// Sorted, at least one.
    package let bands: [Band]

    package init(origin: RowUUID, name: String, unit: String, bands: [Band]) {
        self.origin = origin
        meter = name
        self.unit = unit
        self.bands = bands.sorted()
    }

    package var name: RowName { RowName(meter) }

    package static func claim(on row: Identified<SB.Meter>, _ places: Places) -> RowClaim {
        .own(RowName(row.row.name))
    }

    package func row(over actual: SB.Meter?, _ scene: Scene) -> SB.Meter? {
        SB.Meter(name: meter, unit: unit, bands: actual?.bands ?? [])
    }

    /// Bands are replaced as a set; those that nobody refers to any more leave by themselves.
    package func write(
        over actual: Identified<SB.Meter>?, _ scene: Scene,
        _ transaction: inout TransactionBuilder
    ) {
        guard var wanted = row(over: actual?.row, scene) else { return }
        let present = wanted.bands.compactMap { scene.replica[SB.MeterBand.self, $0] }
            .map { Band(action: $0.action, rate: $0.rate, burst: $0.burstSize) }
        if present.sorted() != bands {
            wanted.bands = canonicalSet(bands.map { insert($0, scene, &transaction) })
        }
        transaction.put(wanted, over: actual?.row, actual?.uuid ?? uuid)
    }

    private func insert(
        _ band: Band, _ scene: Scene, _ transaction: inout TransactionBuilder
    ) -> RowUUID {
        let uuid = SouthboundUUID.owned(
            SB.MeterBand.table.name,
            RowName(meter, band.action, String(band.rate), String(band.burst)))
        let row = SB.MeterBand(action: band.action, rate: band.rate, burstSize: band.burst)
        if scene.replica[SB.MeterBand.self, uuid] == nil { transaction.insert(row, uuid: uuid) }
        return uuid
    }
}

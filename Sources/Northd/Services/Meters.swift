import Incremental
import OVSDBModel
import Schemas

extension Model {
    /// The meters of the configuration with their bands (ovn-nb(5), Meter). A user of a fair meter
    /// contributes a copy under a name of its own: `copied(for:)`.
    static func meters(_ engine: Engine, _ inputs: Inputs) -> Function<RowUUID, MeterRow> {
        engine.function("meter contents", over: inputs.meters) { key, row, context in
            let bands = row.bands.compactMap { uuid in
                context.read(inputs.meterBands, uuid).map {
                    MeterRow.Band(action: $0.action, rate: $0.rate, burst: $0.burstSize)
                }
            }
            return MeterRow(origin: key, name: row.name, unit: row.unit, bands: bands)
        }
    }
}

extension MeterRow {
    /// The private copy of a fair meter, for one user.
    package func copied(for user: RowUUID) -> MeterRow {
        MeterRow(origin: user, name: "\(meter)__\(user)", unit: unit, bands: bands)
    }
}

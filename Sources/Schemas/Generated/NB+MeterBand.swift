// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table Meter_Band.
    package struct MeterBand: TypedRow {
        package enum Column: Int, RowColumn {
            case action
            case burstSize
            case externalIDs
            case rate
        }

        package static let actionDrop = "drop"

        /// `action`: one of drop
        package var action: String
        /// `rate`: 1..4294967295
        package var rate: Int
        /// `burst_size`: 0..4294967295
        package var burstSize: Int
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            action: String = "",
            rate: Int = 0,
            burstSize: Int = 0,
            externalIDs: [String: String] = [:]
        ) {
            self.action = action
            self.rate = rate
            self.burstSize = burstSize
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            action = row.scalar(0)
            burstSize = row.scalar(1)
            externalIDs = row.map(2)
            rate = row.scalar(3)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 4)
            row.scalar(action)
            row.scalar(burstSize)
            row.map(externalIDs)
            row.scalar(rate)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if action != old.action {
                changes.scalar(0, action)
            }
            if burstSize != old.burstSize {
                changes.scalar(1, burstSize)
            }
            if externalIDs != old.externalIDs {
                changes.map(2, externalIDs)
            }
            if rate != old.rate {
                changes.scalar(3, rate)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Meter_Band",
            columns: [
                .column("action", .strings(in: ["drop"])),
                .column("rate", .integers(1, 4294967295)),
                .column("burst_size", .integers(0, 4294967295)),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [])
    }
}

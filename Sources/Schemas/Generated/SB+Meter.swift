// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table Meter.
    package struct Meter: TypedRow {
        package enum Column: Int, RowColumn {
            case bands
            case name
            case unit
        }

        package static let unitKbps = "kbps"
        package static let unitPktps = "pktps"

        /// `name`
        package var name: String
        /// `unit`: one of kbps, pktps
        package var unit: String
        /// `bands`: strong reference to Meter_Band; at least one
        package var bands: [RowUUID]

        package init(
            name: String = "",
            unit: String = "",
            bands: [RowUUID] = []
        ) {
            self.name = name
            self.unit = unit
            self.bands = canonicalSet(bands)
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            bands = row.set(0)
            name = row.scalar(1)
            unit = row.scalar(2)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 3)
            row.set(bands)
            row.scalar(name)
            row.scalar(unit)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if bands != old.bands {
                changes.set(0, bands)
            }
            if name != old.name {
                changes.scalar(1, name)
            }
            if unit != old.unit {
                changes.scalar(2, unit)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Meter",
            columns: [
                .column("name", .string),
                .column("unit", .strings(in: ["kbps", "pktps"])),
                .column("bands", .strong("Meter_Band"), .some),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["name"]])
    }
}

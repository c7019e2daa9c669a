// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table Meter.
    package struct Meter: TypedRow {
        package enum Column: Int, RowColumn {
            case bands
            case externalIDs
            case fair
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
        /// `fair`
        package var fair: Bool?
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            name: String = "",
            unit: String = "",
            bands: [RowUUID] = [],
            fair: Bool? = nil,
            externalIDs: [String: String] = [:]
        ) {
            self.name = name
            self.unit = unit
            self.bands = canonicalSet(bands)
            self.fair = fair
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            bands = row.set(0)
            externalIDs = row.map(1)
            fair = row.optional(2)
            name = row.scalar(3)
            unit = row.scalar(4)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 5)
            row.set(bands)
            row.map(externalIDs)
            row.optional(fair)
            row.scalar(name)
            row.scalar(unit)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if bands != old.bands {
                changes.set(0, bands)
            }
            if externalIDs != old.externalIDs {
                changes.map(1, externalIDs)
            }
            if fair != old.fair {
                changes.optional(2, fair)
            }
            if name != old.name {
                changes.scalar(3, name)
            }
            if unit != old.unit {
                changes.scalar(4, unit)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Meter",
            columns: [
                .column("name", .string),
                .column("unit", .strings(in: ["kbps", "pktps"])),
                .column("bands", .strong("Meter_Band"), .some),
                .column("fair", .boolean, .optional),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["name"]])
    }
}

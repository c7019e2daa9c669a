// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table HA_Chassis.
    package struct HAChassis: TypedRow {
        package enum Column: Int, RowColumn {
            case chassis
            case externalIDs
            case priority
        }

        /// `chassis`: weak reference to Chassis
        package var chassis: RowUUID?
        /// `priority`: 0..32767
        package var priority: Int
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            chassis: RowUUID? = nil,
            priority: Int = 0,
            externalIDs: [String: String] = [:]
        ) {
            self.chassis = chassis
            self.priority = priority
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            chassis = row.optional(0)
            externalIDs = row.map(1)
            priority = row.scalar(2)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 3)
            row.optional(chassis)
            row.map(externalIDs)
            row.scalar(priority)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if chassis != old.chassis {
                changes.optional(0, chassis)
            }
            if externalIDs != old.externalIDs {
                changes.map(1, externalIDs)
            }
            if priority != old.priority {
                changes.scalar(2, priority)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "HA_Chassis",
            columns: [
                .column("chassis", .weak("Chassis"), .optional),
                .column("priority", .integers(0, 32767)),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [])
    }
}

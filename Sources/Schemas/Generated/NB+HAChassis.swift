// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table HA_Chassis.
    package struct HAChassis: TypedRow {
        package enum Column: Int, RowColumn {
            case chassisName
            case externalIDs
            case priority
        }

        /// `chassis_name`
        package var chassisName: String
        /// `priority`: 0..32767
        package var priority: Int
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            chassisName: String = "",
            priority: Int = 0,
            externalIDs: [String: String] = [:]
        ) {
            self.chassisName = chassisName
            self.priority = priority
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            chassisName = row.scalar(0)
            externalIDs = row.map(1)
            priority = row.scalar(2)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 3)
            row.scalar(chassisName)
            row.map(externalIDs)
            row.scalar(priority)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if chassisName != old.chassisName {
                changes.scalar(0, chassisName)
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
                .column("chassis_name", .string),
                .column("priority", .integers(0, 32767)),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [])
    }
}

// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table Gateway_Chassis.
    package struct GatewayChassis: TypedRow {
        package enum Column: Int, RowColumn {
            case chassisName
            case externalIDs
            case name
            case options
            case priority
        }

        /// `name`
        package var name: String
        /// `chassis_name`
        package var chassisName: String
        /// `priority`: 0..32767
        package var priority: Int
        /// `external_ids`
        package var externalIDs: [String: String]
        /// `options`
        package var options: [String: String]

        package init(
            name: String = "",
            chassisName: String = "",
            priority: Int = 0,
            externalIDs: [String: String] = [:],
            options: [String: String] = [:]
        ) {
            self.name = name
            self.chassisName = chassisName
            self.priority = priority
            self.externalIDs = externalIDs
            self.options = options
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            chassisName = row.scalar(0)
            externalIDs = row.map(1)
            name = row.scalar(2)
            options = row.map(3)
            priority = row.scalar(4)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 5)
            row.scalar(chassisName)
            row.map(externalIDs)
            row.scalar(name)
            row.map(options)
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
            if name != old.name {
                changes.scalar(2, name)
            }
            if options != old.options {
                changes.map(3, options)
            }
            if priority != old.priority {
                changes.scalar(4, priority)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Gateway_Chassis",
            columns: [
                .column("name", .string),
                .column("chassis_name", .string),
                .column("priority", .integers(0, 32767)),
                .column("external_ids", .string, to: .string, .any),
                .column("options", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [["name"]])
    }
}

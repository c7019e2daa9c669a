// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table Gateway_Chassis.
    package struct GatewayChassis: TypedRow {
        package enum Column: Int, RowColumn {
            case chassis
            case externalIDs
            case name
            case options
            case priority
        }

        /// `name`
        package var name: String
        /// `chassis`: weak reference to Chassis
        package var chassis: RowUUID?
        /// `priority`: 0..32767
        package var priority: Int
        /// `external_ids`
        package var externalIDs: [String: String]
        /// `options`
        package var options: [String: String]

        package init(
            name: String = "",
            chassis: RowUUID? = nil,
            priority: Int = 0,
            externalIDs: [String: String] = [:],
            options: [String: String] = [:]
        ) {
            self.name = name
            self.chassis = chassis
            self.priority = priority
            self.externalIDs = externalIDs
            self.options = options
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            chassis = row.optional(0)
            externalIDs = row.map(1)
            name = row.scalar(2)
            options = row.map(3)
            priority = row.scalar(4)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 5)
            row.optional(chassis)
            row.map(externalIDs)
            row.scalar(name)
            row.map(options)
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
                .column("chassis", .weak("Chassis"), .optional),
                .column("priority", .integers(0, 32767)),
                .column("external_ids", .string, to: .string, .any),
                .column("options", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [["name"]])
    }
}

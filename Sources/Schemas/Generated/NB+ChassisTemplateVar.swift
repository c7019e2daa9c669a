// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table Chassis_Template_Var.
    package struct ChassisTemplateVar: TypedRow {
        package enum Column: Int, RowColumn {
            case chassis
            case externalIDs
            case variables
        }

        /// `chassis`
        package var chassis: String
        /// `variables`
        package var variables: [String: String]
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            chassis: String = "",
            variables: [String: String] = [:],
            externalIDs: [String: String] = [:]
        ) {
            self.chassis = chassis
            self.variables = variables
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            chassis = row.scalar(0)
            externalIDs = row.map(1)
            variables = row.map(2)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 3)
            row.scalar(chassis)
            row.map(externalIDs)
            row.map(variables)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if chassis != old.chassis {
                changes.scalar(0, chassis)
            }
            if externalIDs != old.externalIDs {
                changes.map(1, externalIDs)
            }
            if variables != old.variables {
                changes.map(2, variables)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Chassis_Template_Var",
            columns: [
                .column("chassis", .string),
                .column("variables", .string, to: .string, .any),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["chassis"]])
    }
}

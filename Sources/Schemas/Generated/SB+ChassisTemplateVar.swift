// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table Chassis_Template_Var.
    package struct ChassisTemplateVar: TypedRow {
        package enum Column: Int, RowColumn {
            case chassis
            case variables
        }

        /// `chassis`
        package var chassis: String
        /// `variables`
        package var variables: [String: String]

        package init(
            chassis: String = "",
            variables: [String: String] = [:]
        ) {
            self.chassis = chassis
            self.variables = variables
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            chassis = row.scalar(0)
            variables = row.map(1)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 2)
            row.scalar(chassis)
            row.map(variables)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if chassis != old.chassis {
                changes.scalar(0, chassis)
            }
            if variables != old.variables {
                changes.map(1, variables)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Chassis_Template_Var",
            columns: [
                .column("chassis", .string),
                .column("variables", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["chassis"]])
    }
}

// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table Network_Function_Health_Check.
    package struct NetworkFunctionHealthCheck: TypedRow {
        package enum Column: Int, RowColumn {
            case externalIDs
            case name
            case options
        }

        /// `name`
        package var name: String
        /// `options`
        package var options: [String: String]
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            name: String = "",
            options: [String: String] = [:],
            externalIDs: [String: String] = [:]
        ) {
            self.name = name
            self.options = options
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            externalIDs = row.map(0)
            name = row.scalar(1)
            options = row.map(2)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 3)
            row.map(externalIDs)
            row.scalar(name)
            row.map(options)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if externalIDs != old.externalIDs {
                changes.map(0, externalIDs)
            }
            if name != old.name {
                changes.scalar(1, name)
            }
            if options != old.options {
                changes.map(2, options)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Network_Function_Health_Check",
            columns: [
                .column("name", .string),
                .column("options", .string, to: .string, .any),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [["name"]])
    }
}

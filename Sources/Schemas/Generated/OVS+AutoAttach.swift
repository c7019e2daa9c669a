// Written by Tools/generate-schemas from OVS.ovsidl; edit that file instead.

import OVSDBModel

extension OVS {
    /// A row of table AutoAttach.
    package struct AutoAttach: TypedRow {
        package enum Column: Int, RowColumn {
            case mappings
            case systemDescription
            case systemName
        }

        /// `system_name`
        package var systemName: String
        /// `system_description`
        package var systemDescription: String
        /// `mappings`: key 0..16777215; value 0..4095
        package var mappings: [Int: Int]

        package init(
            systemName: String = "",
            systemDescription: String = "",
            mappings: [Int: Int] = [:]
        ) {
            self.systemName = systemName
            self.systemDescription = systemDescription
            self.mappings = mappings
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            mappings = row.map(0)
            systemDescription = row.scalar(1)
            systemName = row.scalar(2)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 3)
            row.map(mappings)
            row.scalar(systemDescription)
            row.scalar(systemName)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if mappings != old.mappings {
                changes.map(0, mappings)
            }
            if systemDescription != old.systemDescription {
                changes.scalar(1, systemDescription)
            }
            if systemName != old.systemName {
                changes.scalar(2, systemName)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "AutoAttach",
            columns: [
                .column("system_name", .string),
                .column("system_description", .string),
                .column("mappings", .integers(0, 16777215), to: .integers(0, 4095), .any),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [])
    }
}

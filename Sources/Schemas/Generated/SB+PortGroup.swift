// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table Port_Group.
    package struct PortGroup: TypedRow {
        package enum Column: Int, RowColumn {
            case name
            case ports
        }

        /// `name`
        package var name: String
        /// `ports`
        package var ports: [String]

        package init(
            name: String = "",
            ports: [String] = []
        ) {
            self.name = name
            self.ports = canonicalSet(ports)
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            name = row.scalar(0)
            ports = row.set(1)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 2)
            row.scalar(name)
            row.set(ports)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if name != old.name {
                changes.scalar(0, name)
            }
            if ports != old.ports {
                changes.set(1, ports)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Port_Group",
            columns: [
                .column("name", .string),
                .column("ports", .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["name"]])
    }
}

// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table Copp.
    package struct Copp: TypedRow {
        package enum Column: Int, RowColumn {
            case externalIDs
            case meters
            case name
        }

        /// `name`
        package var name: String
        /// `meters`
        package var meters: [String: String]
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            name: String = "",
            meters: [String: String] = [:],
            externalIDs: [String: String] = [:]
        ) {
            self.name = name
            self.meters = meters
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            externalIDs = row.map(0)
            meters = row.map(1)
            name = row.scalar(2)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 3)
            row.map(externalIDs)
            row.map(meters)
            row.scalar(name)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if externalIDs != old.externalIDs {
                changes.map(0, externalIDs)
            }
            if meters != old.meters {
                changes.map(1, meters)
            }
            if name != old.name {
                changes.scalar(2, name)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Copp",
            columns: [
                .column("name", .string),
                .column("meters", .string, to: .string, .any),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["name"]])
    }
}

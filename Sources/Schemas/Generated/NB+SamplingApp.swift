// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table Sampling_App.
    package struct SamplingApp: TypedRow {
        package enum Column: Int, RowColumn {
            case externalIDs
            case id
            case type
        }

        package static let typeACLEst = "acl-est"
        package static let typeACLNew = "acl-new"
        package static let typeDrop = "drop"

        /// `type`: one of acl-est, acl-new, drop
        package var type: String
        /// `id`: 1..255
        package var id: Int
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            type: String = "",
            id: Int = 0,
            externalIDs: [String: String] = [:]
        ) {
            self.type = type
            self.id = id
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            externalIDs = row.map(0)
            id = row.scalar(1)
            type = row.scalar(2)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 3)
            row.map(externalIDs)
            row.scalar(id)
            row.scalar(type)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if externalIDs != old.externalIDs {
                changes.map(0, externalIDs)
            }
            if id != old.id {
                changes.scalar(1, id)
            }
            if type != old.type {
                changes.scalar(2, type)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Sampling_App",
            columns: [
                .column("type", .strings(in: ["acl-est", "acl-new", "drop"])),
                .column("id", .integers(1, 255)),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["type"]])
    }
}

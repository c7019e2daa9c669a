// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table Mirror.
    package struct Mirror: TypedRow {
        package enum Column: Int, RowColumn {
            case externalIDs
            case filter
            case index
            case name
            case sink
            case type
        }

        package static let filterBoth = "both"
        package static let filterFromLport = "from-lport"
        package static let filterToLport = "to-lport"
        package static let typeErspan = "erspan"
        package static let typeGre = "gre"
        package static let typeLocal = "local"
        package static let typeLport = "lport"

        /// `name`
        package var name: String
        /// `filter`: one of both, from-lport, to-lport
        package var filter: String
        /// `sink`
        package var sink: String
        /// `type`: one of erspan, gre, local, lport
        package var type: String
        /// `index`
        package var index: Int
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            name: String = "",
            filter: String = "",
            sink: String = "",
            type: String = "",
            index: Int = 0,
            externalIDs: [String: String] = [:]
        ) {
            self.name = name
            self.filter = filter
            self.sink = sink
            self.type = type
            self.index = index
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            externalIDs = row.map(0)
            filter = row.scalar(1)
            index = row.scalar(2)
            name = row.scalar(3)
            sink = row.scalar(4)
            type = row.scalar(5)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 6)
            row.map(externalIDs)
            row.scalar(filter)
            row.scalar(index)
            row.scalar(name)
            row.scalar(sink)
            row.scalar(type)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if externalIDs != old.externalIDs {
                changes.map(0, externalIDs)
            }
            if filter != old.filter {
                changes.scalar(1, filter)
            }
            if index != old.index {
                changes.scalar(2, index)
            }
            if name != old.name {
                changes.scalar(3, name)
            }
            if sink != old.sink {
                changes.scalar(4, sink)
            }
            if type != old.type {
                changes.scalar(5, type)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Mirror",
            columns: [
                .column("name", .string),
                .column("filter", .strings(in: ["both", "from-lport", "to-lport"])),
                .column("sink", .string),
                .column("type", .strings(in: ["erspan", "gre", "local", "lport"])),
                .column("index", .integer),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["name"]])
    }
}

// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table DHCPv6_Options.
    package struct DHCPv6Options: TypedRow {
        package enum Column: Int, RowColumn {
            case code
            case name
            case type
        }

        package static let typeDomain = "domain"
        package static let typeIPv6 = "ipv6"
        package static let typeMAC = "mac"
        package static let typeStr = "str"

        /// `name`
        package var name: String
        /// `code`: 0..254
        package var code: Int
        /// `type`: one of domain, ipv6, mac, str
        package var type: String

        package init(
            name: String = "",
            code: Int = 0,
            type: String = ""
        ) {
            self.name = name
            self.code = code
            self.type = type
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            code = row.scalar(0)
            name = row.scalar(1)
            type = row.scalar(2)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 3)
            row.scalar(code)
            row.scalar(name)
            row.scalar(type)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if code != old.code {
                changes.scalar(0, code)
            }
            if name != old.name {
                changes.scalar(1, name)
            }
            if type != old.type {
                changes.scalar(2, type)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "DHCPv6_Options",
            columns: [
                .column("name", .string),
                .column("code", .integers(0, 254)),
                .column("type", .strings(in: ["domain", "ipv6", "mac", "str"])),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [])
    }
}

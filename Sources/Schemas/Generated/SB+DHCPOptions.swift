// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table DHCP_Options.
    package struct DHCPOptions: TypedRow {
        package enum Column: Int, RowColumn {
            case code
            case name
            case type
        }

        package static let typeBool = "bool"
        package static let typeDomains = "domains"
        package static let typeHostID = "host_id"
        package static let typeIPv4 = "ipv4"
        package static let typeStaticRoutes = "static_routes"
        package static let typeStr = "str"
        package static let typeUint16 = "uint16"
        package static let typeUint32 = "uint32"
        package static let typeUint8 = "uint8"

        /// `name`
        package var name: String
        /// `code`: 0..254
        package var code: Int
        /// `type`: one of bool, domains, host_id, ipv4, static_routes, str, uint16, uint32, uint8
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
            name: "DHCP_Options",
            columns: [
                .column("name", .string),
                .column("code", .integers(0, 254)),
                .column(
                    "type",
                    .strings(in: [
                        "bool", "domains", "host_id", "ipv4", "static_routes", "str", "uint16",
                        "uint32", "uint8",
                    ])),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [])
    }
}

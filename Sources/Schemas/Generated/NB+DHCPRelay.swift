// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table DHCP_Relay.
    package struct DHCPRelay: TypedRow {
        package enum Column: Int, RowColumn {
            case externalIDs
            case name
            case options
            case servers
        }

        /// `name`
        package var name: String
        /// `servers`
        package var servers: String?
        /// `options`
        package var options: [String: String]
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            name: String = "",
            servers: String? = nil,
            options: [String: String] = [:],
            externalIDs: [String: String] = [:]
        ) {
            self.name = name
            self.servers = servers
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
            servers = row.optional(3)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 4)
            row.map(externalIDs)
            row.scalar(name)
            row.map(options)
            row.optional(servers)
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
            if servers != old.servers {
                changes.optional(3, servers)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "DHCP_Relay",
            columns: [
                .column("name", .string),
                .column("servers", .string, .optional),
                .column("options", .string, to: .string, .any),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [])
    }
}

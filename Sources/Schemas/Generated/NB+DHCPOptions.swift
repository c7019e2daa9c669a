// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table DHCP_Options.
    package struct DHCPOptions: TypedRow {
        package enum Column: Int, RowColumn {
            case cidr
            case externalIDs
            case options
        }

        /// `cidr`
        package var cidr: String
        /// `options`
        package var options: [String: String]
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            cidr: String = "",
            options: [String: String] = [:],
            externalIDs: [String: String] = [:]
        ) {
            self.cidr = cidr
            self.options = options
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            cidr = row.scalar(0)
            externalIDs = row.map(1)
            options = row.map(2)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 3)
            row.scalar(cidr)
            row.map(externalIDs)
            row.map(options)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if cidr != old.cidr {
                changes.scalar(0, cidr)
            }
            if externalIDs != old.externalIDs {
                changes.map(1, externalIDs)
            }
            if options != old.options {
                changes.map(2, options)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "DHCP_Options",
            columns: [
                .column("cidr", .string),
                .column("options", .string, to: .string, .any),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [])
    }
}

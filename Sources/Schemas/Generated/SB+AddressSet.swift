// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table Address_Set.
    package struct AddressSet: TypedRow {
        package enum Column: Int, RowColumn {
            case addresses
            case name
            case options
        }

        /// `name`
        package var name: String
        /// `addresses`
        package var addresses: [String]
        /// `options`
        package var options: [String: String]

        package init(
            name: String = "",
            addresses: [String] = [],
            options: [String: String] = [:]
        ) {
            self.name = name
            self.addresses = canonicalSet(addresses)
            self.options = options
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            addresses = row.set(0)
            name = row.scalar(1)
            options = row.map(2)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 3)
            row.set(addresses)
            row.scalar(name)
            row.map(options)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if addresses != old.addresses {
                changes.set(0, addresses)
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
            name: "Address_Set",
            columns: [
                .column("name", .string),
                .column("addresses", .string, .any),
                .column("options", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["name"]])
    }
}

// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table Address_Set.
    package struct AddressSet: TypedRow {
        package enum Column: Int, RowColumn {
            case addresses
            case externalIDs
            case name
            case options
        }

        /// `name`
        package var name: String
        /// `addresses`
        package var addresses: [String]
        /// `options`
        package var options: [String: String]
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            name: String = "",
            addresses: [String] = [],
            options: [String: String] = [:],
            externalIDs: [String: String] = [:]
        ) {
            self.name = name
            self.addresses = canonicalSet(addresses)
            self.options = options
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            addresses = row.set(0)
            externalIDs = row.map(1)
            name = row.scalar(2)
            options = row.map(3)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 4)
            row.set(addresses)
            row.map(externalIDs)
            row.scalar(name)
            row.map(options)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if addresses != old.addresses {
                changes.set(0, addresses)
            }
            if externalIDs != old.externalIDs {
                changes.map(1, externalIDs)
            }
            if name != old.name {
                changes.scalar(2, name)
            }
            if options != old.options {
                changes.map(3, options)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Address_Set",
            columns: [
                .column("name", .string),
                .column("addresses", .string, .any),
                .column("options", .string, to: .string, .any),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["name"]])
    }
}

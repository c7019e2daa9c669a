// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table DNS.
    package struct DNS: TypedRow {
        package enum Column: Int, RowColumn {
            case externalIDs
            case options
            case records
        }

        /// `records`
        package var records: [String: String]
        /// `options`
        package var options: [String: String]
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            records: [String: String] = [:],
            options: [String: String] = [:],
            externalIDs: [String: String] = [:]
        ) {
            self.records = records
            self.options = options
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            externalIDs = row.map(0)
            options = row.map(1)
            records = row.map(2)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 3)
            row.map(externalIDs)
            row.map(options)
            row.map(records)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if externalIDs != old.externalIDs {
                changes.map(0, externalIDs)
            }
            if options != old.options {
                changes.map(1, options)
            }
            if records != old.records {
                changes.map(2, records)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "DNS",
            columns: [
                .column("records", .string, to: .string, .any),
                .column("options", .string, to: .string, .any),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [])
    }
}

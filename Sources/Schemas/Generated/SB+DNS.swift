// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table DNS.
    package struct DNS: TypedRow {
        package enum Column: Int, RowColumn {
            case datapaths
            case externalIDs
            case options
            case records
        }

        /// `records`
        package var records: [String: String]
        /// `datapaths`: strong reference to Datapath_Binding; at least one
        package var datapaths: [RowUUID]
        /// `options`
        package var options: [String: String]
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            records: [String: String] = [:],
            datapaths: [RowUUID] = [],
            options: [String: String] = [:],
            externalIDs: [String: String] = [:]
        ) {
            self.records = records
            self.datapaths = canonicalSet(datapaths)
            self.options = options
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            datapaths = row.set(0)
            externalIDs = row.map(1)
            options = row.map(2)
            records = row.map(3)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 4)
            row.set(datapaths)
            row.map(externalIDs)
            row.map(options)
            row.map(records)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if datapaths != old.datapaths {
                changes.set(0, datapaths)
            }
            if externalIDs != old.externalIDs {
                changes.map(1, externalIDs)
            }
            if options != old.options {
                changes.map(2, options)
            }
            if records != old.records {
                changes.map(3, records)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "DNS",
            columns: [
                .column("records", .string, to: .string, .any),
                .column("datapaths", .strong("Datapath_Binding"), .some),
                .column("options", .string, to: .string, .any),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [])
    }
}

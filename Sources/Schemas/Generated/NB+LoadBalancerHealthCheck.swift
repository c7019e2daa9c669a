// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table Load_Balancer_Health_Check.
    package struct LoadBalancerHealthCheck: TypedRow {
        package enum Column: Int, RowColumn {
            case externalIDs
            case options
            case vip
        }

        /// `vip`
        package var vip: String
        /// `options`
        package var options: [String: String]
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            vip: String = "",
            options: [String: String] = [:],
            externalIDs: [String: String] = [:]
        ) {
            self.vip = vip
            self.options = options
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            externalIDs = row.map(0)
            options = row.map(1)
            vip = row.scalar(2)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 3)
            row.map(externalIDs)
            row.map(options)
            row.scalar(vip)
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
            if vip != old.vip {
                changes.scalar(2, vip)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Load_Balancer_Health_Check",
            columns: [
                .column("vip", .string),
                .column("options", .string, to: .string, .any),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [])
    }
}

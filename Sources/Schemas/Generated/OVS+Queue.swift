// Written by Tools/generate-schemas from OVS.ovsidl; edit that file instead.

import OVSDBModel

extension OVS {
    /// A row of table Queue.
    package struct Queue: TypedRow {
        package enum Column: Int, RowColumn {
            case dscp
            case externalIDs
            case otherConfig
        }

        /// `dscp`: 0..63
        package var dscp: Int?
        /// `other_config`
        package var otherConfig: [String: String]
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            dscp: Int? = nil,
            otherConfig: [String: String] = [:],
            externalIDs: [String: String] = [:]
        ) {
            self.dscp = dscp
            self.otherConfig = otherConfig
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            dscp = row.optional(0)
            externalIDs = row.map(1)
            otherConfig = row.map(2)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 3)
            row.optional(dscp)
            row.map(externalIDs)
            row.map(otherConfig)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if dscp != old.dscp {
                changes.optional(0, dscp)
            }
            if externalIDs != old.externalIDs {
                changes.map(1, externalIDs)
            }
            if otherConfig != old.otherConfig {
                changes.map(2, otherConfig)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Queue",
            columns: [
                .column("dscp", .integers(0, 63), .optional),
                .column("other_config", .string, to: .string, .any),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [])
    }
}

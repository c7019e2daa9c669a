// Written by Tools/generate-schemas from OVS.ovsidl; edit that file instead.

import OVSDBModel

extension OVS {
    /// A row of table CT_Zone.
    package struct CTZone: TypedRow {
        package enum Column: Int, RowColumn {
            case externalIDs
            case limit
            case timeoutPolicy
        }

        /// `timeout_policy`: strong reference to CT_Timeout_Policy
        package var timeoutPolicy: RowUUID?
        /// `limit`: 0..4294967295
        package var limit: Int?
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            timeoutPolicy: RowUUID? = nil,
            limit: Int? = nil,
            externalIDs: [String: String] = [:]
        ) {
            self.timeoutPolicy = timeoutPolicy
            self.limit = limit
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            externalIDs = row.map(0)
            limit = row.optional(1)
            timeoutPolicy = row.optional(2)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 3)
            row.map(externalIDs)
            row.optional(limit)
            row.optional(timeoutPolicy)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if externalIDs != old.externalIDs {
                changes.map(0, externalIDs)
            }
            if limit != old.limit {
                changes.optional(1, limit)
            }
            if timeoutPolicy != old.timeoutPolicy {
                changes.optional(2, timeoutPolicy)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "CT_Zone",
            columns: [
                .column("timeout_policy", .strong("CT_Timeout_Policy"), .optional),
                .column("limit", .integers(0, 4294967295), .optional),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [])
    }
}

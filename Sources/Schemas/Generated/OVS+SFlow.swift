// Written by Tools/generate-schemas from OVS.ovsidl; edit that file instead.

import OVSDBModel

extension OVS {
    /// A row of table sFlow.
    package struct SFlow: TypedRow {
        package enum Column: Int, RowColumn {
            case agent
            case externalIDs
            case header
            case polling
            case sampling
            case targets
        }

        /// `targets`: at least one
        package var targets: [String]
        /// `sampling`
        package var sampling: Int?
        /// `polling`
        package var polling: Int?
        /// `header`
        package var header: Int?
        /// `agent`
        package var agent: String?
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            targets: [String] = [],
            sampling: Int? = nil,
            polling: Int? = nil,
            header: Int? = nil,
            agent: String? = nil,
            externalIDs: [String: String] = [:]
        ) {
            self.targets = canonicalSet(targets)
            self.sampling = sampling
            self.polling = polling
            self.header = header
            self.agent = agent
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            agent = row.optional(0)
            externalIDs = row.map(1)
            header = row.optional(2)
            polling = row.optional(3)
            sampling = row.optional(4)
            targets = row.set(5)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 6)
            row.optional(agent)
            row.map(externalIDs)
            row.optional(header)
            row.optional(polling)
            row.optional(sampling)
            row.set(targets)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if agent != old.agent {
                changes.optional(0, agent)
            }
            if externalIDs != old.externalIDs {
                changes.map(1, externalIDs)
            }
            if header != old.header {
                changes.optional(2, header)
            }
            if polling != old.polling {
                changes.optional(3, polling)
            }
            if sampling != old.sampling {
                changes.optional(4, sampling)
            }
            if targets != old.targets {
                changes.set(5, targets)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "sFlow",
            columns: [
                .column("targets", .string, .some),
                .column("sampling", .integer, .optional),
                .column("polling", .integer, .optional),
                .column("header", .integer, .optional),
                .column("agent", .string, .optional),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [])
    }
}

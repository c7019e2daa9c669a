// Written by Tools/generate-schemas from OVS.ovsidl; edit that file instead.

import OVSDBModel

extension OVS {
    /// A row of table Flow_Table.
    package struct FlowTable: TypedRow {
        package enum Column: Int, RowColumn {
            case externalIDs
            case flowLimit
            case groups
            case name
            case overflowPolicy
            case prefixes
        }

        package static let overflowPolicyEvict = "evict"
        package static let overflowPolicyRefuse = "refuse"

        /// `name`
        package var name: String?
        /// `flow_limit`: 0..
        package var flowLimit: Int?
        /// `overflow_policy`: one of evict, refuse
        package var overflowPolicy: String?
        /// `groups`
        package var groups: [String]
        /// `prefixes`: 0 to 4 elements
        package var prefixes: [String]
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            name: String? = nil,
            flowLimit: Int? = nil,
            overflowPolicy: String? = nil,
            groups: [String] = [],
            prefixes: [String] = [],
            externalIDs: [String: String] = [:]
        ) {
            self.name = name
            self.flowLimit = flowLimit
            self.overflowPolicy = overflowPolicy
            self.groups = canonicalSet(groups)
            self.prefixes = canonicalSet(prefixes)
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            externalIDs = row.map(0)
            flowLimit = row.optional(1)
            groups = row.set(2)
            name = row.optional(3)
            overflowPolicy = row.optional(4)
            prefixes = row.set(5)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 6)
            row.map(externalIDs)
            row.optional(flowLimit)
            row.set(groups)
            row.optional(name)
            row.optional(overflowPolicy)
            row.set(prefixes)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if externalIDs != old.externalIDs {
                changes.map(0, externalIDs)
            }
            if flowLimit != old.flowLimit {
                changes.optional(1, flowLimit)
            }
            if groups != old.groups {
                changes.set(2, groups)
            }
            if name != old.name {
                changes.optional(3, name)
            }
            if overflowPolicy != old.overflowPolicy {
                changes.optional(4, overflowPolicy)
            }
            if prefixes != old.prefixes {
                changes.set(5, prefixes)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Flow_Table",
            columns: [
                .column("name", .string, .optional),
                .column("flow_limit", .integers(0, nil), .optional),
                .column("overflow_policy", .strings(in: ["evict", "refuse"]), .optional),
                .column("groups", .string, .any),
                .column("prefixes", .string, .between(0, 4)),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [])
    }
}

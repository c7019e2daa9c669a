// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table Network_Function_Group.
    package struct NetworkFunctionGroup: TypedRow {
        package enum Column: Int, RowColumn {
            case externalIDs
            case fallback
            case id
            case mode
            case name
            case networkFunction
            case networkFunctionActive
        }

        package static let fallbackFailClose = "fail-close"
        package static let fallbackFailOpen = "fail-open"
        package static let modeInline = "inline"
        package static let modeVtap = "vtap"

        /// `name`
        package var name: String
        /// `fallback`: one of fail-close, fail-open
        package var fallback: String?
        /// `network_function`: strong reference to Network_Function
        package var networkFunction: [RowUUID]
        /// `network_function_active`: strong reference to Network_Function
        package var networkFunctionActive: RowUUID?
        /// `mode`: one of inline, vtap
        package var mode: String
        /// `id`: 1..255
        package var id: Int
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            name: String = "",
            fallback: String? = nil,
            networkFunction: [RowUUID] = [],
            networkFunctionActive: RowUUID? = nil,
            mode: String = "",
            id: Int = 0,
            externalIDs: [String: String] = [:]
        ) {
            self.name = name
            self.fallback = fallback
            self.networkFunction = canonicalSet(networkFunction)
            self.networkFunctionActive = networkFunctionActive
            self.mode = mode
            self.id = id
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            externalIDs = row.map(0)
            fallback = row.optional(1)
            id = row.scalar(2)
            mode = row.scalar(3)
            name = row.scalar(4)
            networkFunction = row.set(5)
            networkFunctionActive = row.optional(6)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 7)
            row.map(externalIDs)
            row.optional(fallback)
            row.scalar(id)
            row.scalar(mode)
            row.scalar(name)
            row.set(networkFunction)
            row.optional(networkFunctionActive)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if externalIDs != old.externalIDs {
                changes.map(0, externalIDs)
            }
            if fallback != old.fallback {
                changes.optional(1, fallback)
            }
            if id != old.id {
                changes.scalar(2, id)
            }
            if mode != old.mode {
                changes.scalar(3, mode)
            }
            if name != old.name {
                changes.scalar(4, name)
            }
            if networkFunction != old.networkFunction {
                changes.set(5, networkFunction)
            }
            if networkFunctionActive != old.networkFunctionActive {
                changes.optional(6, networkFunctionActive)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Network_Function_Group",
            columns: [
                .column("name", .string),
                .column("fallback", .strings(in: ["fail-close", "fail-open"]), .optional),
                .column("network_function", .strong("Network_Function"), .any),
                .column("network_function_active", .strong("Network_Function"), .optional),
                .column("mode", .strings(in: ["inline", "vtap"])),
                .column("id", .integers(1, 255)),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["name"], ["id"]])
    }
}

// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table Network_Function.
    package struct NetworkFunction: TypedRow {
        package enum Column: Int, RowColumn {
            case externalIDs
            case healthCheck
            case id
            case inport
            case name
            case outport
        }

        /// `name`
        package var name: String
        /// `outport`: strong reference to Logical_Switch_Port
        package var outport: RowUUID?
        /// `inport`: strong reference to Logical_Switch_Port
        package var inport: RowUUID
        /// `health_check`: strong reference to Network_Function_Health_Check
        package var healthCheck: RowUUID?
        /// `id`: 1..255
        package var id: Int
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            name: String = "",
            outport: RowUUID? = nil,
            inport: RowUUID = .zero,
            healthCheck: RowUUID? = nil,
            id: Int = 0,
            externalIDs: [String: String] = [:]
        ) {
            self.name = name
            self.outport = outport
            self.inport = inport
            self.healthCheck = healthCheck
            self.id = id
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            externalIDs = row.map(0)
            healthCheck = row.optional(1)
            id = row.scalar(2)
            inport = row.scalar(3)
            name = row.scalar(4)
            outport = row.optional(5)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 6)
            row.map(externalIDs)
            row.optional(healthCheck)
            row.scalar(id)
            row.scalar(inport)
            row.scalar(name)
            row.optional(outport)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if externalIDs != old.externalIDs {
                changes.map(0, externalIDs)
            }
            if healthCheck != old.healthCheck {
                changes.optional(1, healthCheck)
            }
            if id != old.id {
                changes.scalar(2, id)
            }
            if inport != old.inport {
                changes.scalar(3, inport)
            }
            if name != old.name {
                changes.scalar(4, name)
            }
            if outport != old.outport {
                changes.optional(5, outport)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Network_Function",
            columns: [
                .column("name", .string),
                .column("outport", .strong("Logical_Switch_Port"), .optional),
                .column("inport", .strong("Logical_Switch_Port")),
                .column("health_check", .strong("Network_Function_Health_Check"), .optional),
                .column("id", .integers(1, 255)),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["name"], ["id"]])
    }
}

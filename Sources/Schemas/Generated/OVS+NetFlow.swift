// Written by Tools/generate-schemas from OVS.ovsidl; edit that file instead.

import OVSDBModel

extension OVS {
    /// A row of table NetFlow.
    package struct NetFlow: TypedRow {
        package enum Column: Int, RowColumn {
            case activeTimeout
            case addIDToInterface
            case engineID
            case engineType
            case externalIDs
            case targets
        }

        /// `targets`: at least one
        package var targets: [String]
        /// `engine_type`: 0..255
        package var engineType: Int?
        /// `engine_id`: 0..255
        package var engineID: Int?
        /// `add_id_to_interface`
        package var addIDToInterface: Bool
        /// `active_timeout`: -1..
        package var activeTimeout: Int
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            targets: [String] = [],
            engineType: Int? = nil,
            engineID: Int? = nil,
            addIDToInterface: Bool = false,
            activeTimeout: Int = 0,
            externalIDs: [String: String] = [:]
        ) {
            self.targets = canonicalSet(targets)
            self.engineType = engineType
            self.engineID = engineID
            self.addIDToInterface = addIDToInterface
            self.activeTimeout = activeTimeout
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            activeTimeout = row.scalar(0)
            addIDToInterface = row.scalar(1)
            engineID = row.optional(2)
            engineType = row.optional(3)
            externalIDs = row.map(4)
            targets = row.set(5)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 6)
            row.scalar(activeTimeout)
            row.scalar(addIDToInterface)
            row.optional(engineID)
            row.optional(engineType)
            row.map(externalIDs)
            row.set(targets)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if activeTimeout != old.activeTimeout {
                changes.scalar(0, activeTimeout)
            }
            if addIDToInterface != old.addIDToInterface {
                changes.scalar(1, addIDToInterface)
            }
            if engineID != old.engineID {
                changes.optional(2, engineID)
            }
            if engineType != old.engineType {
                changes.optional(3, engineType)
            }
            if externalIDs != old.externalIDs {
                changes.map(4, externalIDs)
            }
            if targets != old.targets {
                changes.set(5, targets)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "NetFlow",
            columns: [
                .column("targets", .string, .some),
                .column("engine_type", .integers(0, 255), .optional),
                .column("engine_id", .integers(0, 255), .optional),
                .column("add_id_to_interface", .boolean),
                .column("active_timeout", .integers(-1, nil)),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [])
    }
}

// Written by Tools/generate-schemas from OVS.ovsidl; edit that file instead.

import OVSDBModel

extension OVS {
    /// A row of table QoS.
    package struct QoS: TypedRow {
        package enum Column: Int, RowColumn {
            case externalIDs
            case otherConfig
            case queues
            case type
        }

        /// `type`
        package var type: String
        /// `queues`: key 0..4294967295; value strong reference to Queue
        package var queues: [Int: RowUUID]
        /// `other_config`
        package var otherConfig: [String: String]
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            type: String = "",
            queues: [Int: RowUUID] = [:],
            otherConfig: [String: String] = [:],
            externalIDs: [String: String] = [:]
        ) {
            self.type = type
            self.queues = queues
            self.otherConfig = otherConfig
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            externalIDs = row.map(0)
            otherConfig = row.map(1)
            queues = row.map(2)
            type = row.scalar(3)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 4)
            row.map(externalIDs)
            row.map(otherConfig)
            row.map(queues)
            row.scalar(type)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if externalIDs != old.externalIDs {
                changes.map(0, externalIDs)
            }
            if otherConfig != old.otherConfig {
                changes.map(1, otherConfig)
            }
            if queues != old.queues {
                changes.map(2, queues)
            }
            if type != old.type {
                changes.scalar(3, type)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "QoS",
            columns: [
                .column("type", .string),
                .column("queues", .integers(0, 4294967295), to: .strong("Queue"), .any),
                .column("other_config", .string, to: .string, .any),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [])
    }
}

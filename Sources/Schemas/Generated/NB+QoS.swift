// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table QoS.
    package struct QoS: TypedRow {
        package enum Column: Int, RowColumn {
            case action
            case bandwidth
            case direction
            case externalIDs
            case match
            case priority
        }

        package static let directionFromLport = "from-lport"
        package static let directionToLport = "to-lport"
        package static let actionDscp = "dscp"
        package static let actionMark = "mark"
        package static let bandwidthBurst = "burst"
        package static let bandwidthRate = "rate"

        /// `priority`: 0..32767
        package var priority: Int
        /// `direction`: one of from-lport, to-lport
        package var direction: String
        /// `match`
        package var match: String
        /// `action`: key one of dscp, mark; value 0..4294967295
        package var action: [String: Int]
        /// `bandwidth`: key one of burst, rate; value 1..4294967295
        package var bandwidth: [String: Int]
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            priority: Int = 0,
            direction: String = "",
            match: String = "",
            action: [String: Int] = [:],
            bandwidth: [String: Int] = [:],
            externalIDs: [String: String] = [:]
        ) {
            self.priority = priority
            self.direction = direction
            self.match = match
            self.action = action
            self.bandwidth = bandwidth
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            action = row.map(0)
            bandwidth = row.map(1)
            direction = row.scalar(2)
            externalIDs = row.map(3)
            match = row.scalar(4)
            priority = row.scalar(5)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 6)
            row.map(action)
            row.map(bandwidth)
            row.scalar(direction)
            row.map(externalIDs)
            row.scalar(match)
            row.scalar(priority)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if action != old.action {
                changes.map(0, action)
            }
            if bandwidth != old.bandwidth {
                changes.map(1, bandwidth)
            }
            if direction != old.direction {
                changes.scalar(2, direction)
            }
            if externalIDs != old.externalIDs {
                changes.map(3, externalIDs)
            }
            if match != old.match {
                changes.scalar(4, match)
            }
            if priority != old.priority {
                changes.scalar(5, priority)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "QoS",
            columns: [
                .column("priority", .integers(0, 32767)),
                .column("direction", .strings(in: ["from-lport", "to-lport"])),
                .column("match", .string),
                .column(
                    "action",
                    .strings(in: [
                        "dscp", "mark",
                    ]), to: .integers(0, 4294967295), .any),
                .column(
                    "bandwidth",
                    .strings(in: [
                        "burst", "rate",
                    ]), to: .integers(1, 4294967295), .any),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [])
    }
}

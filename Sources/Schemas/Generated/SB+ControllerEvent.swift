// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table Controller_Event.
    package struct ControllerEvent: TypedRow {
        package enum Column: Int, RowColumn {
            case chassis
            case eventInfo
            case eventType
            case seqNum
        }

        package static let eventTypeEmptyLbBackends = "empty_lb_backends"

        /// `event_type`: one of empty_lb_backends
        package var eventType: String
        /// `event_info`
        package var eventInfo: [String: String]
        /// `chassis`: weak reference to Chassis
        package var chassis: RowUUID?
        /// `seq_num`
        package var seqNum: Int

        package init(
            eventType: String = "",
            eventInfo: [String: String] = [:],
            chassis: RowUUID? = nil,
            seqNum: Int = 0
        ) {
            self.eventType = eventType
            self.eventInfo = eventInfo
            self.chassis = chassis
            self.seqNum = seqNum
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            chassis = row.optional(0)
            eventInfo = row.map(1)
            eventType = row.scalar(2)
            seqNum = row.scalar(3)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 4)
            row.optional(chassis)
            row.map(eventInfo)
            row.scalar(eventType)
            row.scalar(seqNum)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if chassis != old.chassis {
                changes.optional(0, chassis)
            }
            if eventInfo != old.eventInfo {
                changes.map(1, eventInfo)
            }
            if eventType != old.eventType {
                changes.scalar(2, eventType)
            }
            if seqNum != old.seqNum {
                changes.scalar(3, seqNum)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Controller_Event",
            columns: [
                .column("event_type", .strings(in: ["empty_lb_backends"])),
                .column("event_info", .string, to: .string, .any),
                .column("chassis", .weak("Chassis"), .optional),
                .column("seq_num", .integer),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [])
    }
}

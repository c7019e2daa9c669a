// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table FDB.
    package struct FDB: TypedRow {
        package enum Column: Int, RowColumn {
            case dpKey
            case mac
            case portKey
            case timestamp
        }

        /// `mac`
        package var mac: String
        /// `dp_key`: 1..16777215
        package var dpKey: Int
        /// `port_key`: 1..16777215
        package var portKey: Int
        /// `timestamp`
        package var timestamp: Int

        package init(
            mac: String = "",
            dpKey: Int = 0,
            portKey: Int = 0,
            timestamp: Int = 0
        ) {
            self.mac = mac
            self.dpKey = dpKey
            self.portKey = portKey
            self.timestamp = timestamp
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            dpKey = row.scalar(0)
            mac = row.scalar(1)
            portKey = row.scalar(2)
            timestamp = row.scalar(3)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 4)
            row.scalar(dpKey)
            row.scalar(mac)
            row.scalar(portKey)
            row.scalar(timestamp)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if dpKey != old.dpKey {
                changes.scalar(0, dpKey)
            }
            if mac != old.mac {
                changes.scalar(1, mac)
            }
            if portKey != old.portKey {
                changes.scalar(2, portKey)
            }
            if timestamp != old.timestamp {
                changes.scalar(3, timestamp)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "FDB",
            columns: [
                .column("mac", .string),
                .column("dp_key", .integers(1, 16777215)),
                .column("port_key", .integers(1, 16777215)),
                .column("timestamp", .integer),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["mac", "dp_key"]])
    }
}

// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table Static_MAC_Binding.
    package struct StaticMACBinding: TypedRow {
        package enum Column: Int, RowColumn {
            case ip
            case logicalPort
            case mac
            case overrideDynamicMAC
        }

        /// `logical_port`
        package var logicalPort: String
        /// `ip`
        package var ip: String
        /// `mac`
        package var mac: String
        /// `override_dynamic_mac`
        package var overrideDynamicMAC: Bool

        package init(
            logicalPort: String = "",
            ip: String = "",
            mac: String = "",
            overrideDynamicMAC: Bool = false
        ) {
            self.logicalPort = logicalPort
            self.ip = ip
            self.mac = mac
            self.overrideDynamicMAC = overrideDynamicMAC
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            ip = row.scalar(0)
            logicalPort = row.scalar(1)
            mac = row.scalar(2)
            overrideDynamicMAC = row.scalar(3)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 4)
            row.scalar(ip)
            row.scalar(logicalPort)
            row.scalar(mac)
            row.scalar(overrideDynamicMAC)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if ip != old.ip {
                changes.scalar(0, ip)
            }
            if logicalPort != old.logicalPort {
                changes.scalar(1, logicalPort)
            }
            if mac != old.mac {
                changes.scalar(2, mac)
            }
            if overrideDynamicMAC != old.overrideDynamicMAC {
                changes.scalar(3, overrideDynamicMAC)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Static_MAC_Binding",
            columns: [
                .column("logical_port", .string),
                .column("ip", .string),
                .column("mac", .string),
                .column("override_dynamic_mac", .boolean),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["logical_port", "ip"]])
    }
}

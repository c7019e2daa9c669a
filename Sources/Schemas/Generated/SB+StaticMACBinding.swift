// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table Static_MAC_Binding.
    package struct StaticMACBinding: TypedRow {
        package enum Column: Int, RowColumn {
            case datapath
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
        /// `datapath`: strong reference to Datapath_Binding
        package var datapath: RowUUID

        package init(
            logicalPort: String = "",
            ip: String = "",
            mac: String = "",
            overrideDynamicMAC: Bool = false,
            datapath: RowUUID = .zero
        ) {
            self.logicalPort = logicalPort
            self.ip = ip
            self.mac = mac
            self.overrideDynamicMAC = overrideDynamicMAC
            self.datapath = datapath
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            datapath = row.scalar(0)
            ip = row.scalar(1)
            logicalPort = row.scalar(2)
            mac = row.scalar(3)
            overrideDynamicMAC = row.scalar(4)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 5)
            row.scalar(datapath)
            row.scalar(ip)
            row.scalar(logicalPort)
            row.scalar(mac)
            row.scalar(overrideDynamicMAC)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if datapath != old.datapath {
                changes.scalar(0, datapath)
            }
            if ip != old.ip {
                changes.scalar(1, ip)
            }
            if logicalPort != old.logicalPort {
                changes.scalar(2, logicalPort)
            }
            if mac != old.mac {
                changes.scalar(3, mac)
            }
            if overrideDynamicMAC != old.overrideDynamicMAC {
                changes.scalar(4, overrideDynamicMAC)
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
                .column("datapath", .strong("Datapath_Binding")),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["logical_port", "ip"]])
    }
}

// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table Advertised_MAC_Binding.
    package struct AdvertisedMACBinding: TypedRow {
        package enum Column: Int, RowColumn {
            case datapath
            case externalIDs
            case ip
            case logicalPort
            case mac
        }

        /// `datapath`: strong reference to Datapath_Binding
        package var datapath: RowUUID
        /// `logical_port`: strong reference to Port_Binding
        package var logicalPort: RowUUID
        /// `ip`
        package var ip: String
        /// `mac`
        package var mac: String
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            datapath: RowUUID = .zero,
            logicalPort: RowUUID = .zero,
            ip: String = "",
            mac: String = "",
            externalIDs: [String: String] = [:]
        ) {
            self.datapath = datapath
            self.logicalPort = logicalPort
            self.ip = ip
            self.mac = mac
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            datapath = row.scalar(0)
            externalIDs = row.map(1)
            ip = row.scalar(2)
            logicalPort = row.scalar(3)
            mac = row.scalar(4)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 5)
            row.scalar(datapath)
            row.map(externalIDs)
            row.scalar(ip)
            row.scalar(logicalPort)
            row.scalar(mac)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if datapath != old.datapath {
                changes.scalar(0, datapath)
            }
            if externalIDs != old.externalIDs {
                changes.map(1, externalIDs)
            }
            if ip != old.ip {
                changes.scalar(2, ip)
            }
            if logicalPort != old.logicalPort {
                changes.scalar(3, logicalPort)
            }
            if mac != old.mac {
                changes.scalar(4, mac)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Advertised_MAC_Binding",
            columns: [
                .column("datapath", .strong("Datapath_Binding")),
                .column("logical_port", .strong("Port_Binding")),
                .column("ip", .string),
                .column("mac", .string),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["datapath", "logical_port", "ip", "mac"]])
    }
}

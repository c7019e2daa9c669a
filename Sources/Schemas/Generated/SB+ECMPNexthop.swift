// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table ECMP_Nexthop.
    package struct ECMPNexthop: TypedRow {
        package enum Column: Int, RowColumn {
            case datapath
            case externalIDs
            case mac
            case nexthop
            case port
        }

        /// `nexthop`
        package var nexthop: String
        /// `port`: strong reference to Port_Binding
        package var port: RowUUID
        /// `datapath`: strong reference to Datapath_Binding
        package var datapath: RowUUID
        /// `mac`
        package var mac: String
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            nexthop: String = "",
            port: RowUUID = .zero,
            datapath: RowUUID = .zero,
            mac: String = "",
            externalIDs: [String: String] = [:]
        ) {
            self.nexthop = nexthop
            self.port = port
            self.datapath = datapath
            self.mac = mac
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            datapath = row.scalar(0)
            externalIDs = row.map(1)
            mac = row.scalar(2)
            nexthop = row.scalar(3)
            port = row.scalar(4)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 5)
            row.scalar(datapath)
            row.map(externalIDs)
            row.scalar(mac)
            row.scalar(nexthop)
            row.scalar(port)
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
            if mac != old.mac {
                changes.scalar(2, mac)
            }
            if nexthop != old.nexthop {
                changes.scalar(3, nexthop)
            }
            if port != old.port {
                changes.scalar(4, port)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "ECMP_Nexthop",
            columns: [
                .column("nexthop", .string),
                .column("port", .strong("Port_Binding")),
                .column("datapath", .strong("Datapath_Binding")),
                .column("mac", .string),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["nexthop", "port"]])
    }
}

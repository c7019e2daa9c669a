// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table Learned_Route.
    package struct LearnedRoute: TypedRow {
        package enum Column: Int, RowColumn {
            case datapath
            case externalIDs
            case ipPrefix
            case logicalPort
            case nexthop
        }

        /// `datapath`: strong reference to Datapath_Binding
        package var datapath: RowUUID
        /// `logical_port`: strong reference to Port_Binding
        package var logicalPort: RowUUID
        /// `ip_prefix`
        package var ipPrefix: String
        /// `nexthop`
        package var nexthop: String
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            datapath: RowUUID = .zero,
            logicalPort: RowUUID = .zero,
            ipPrefix: String = "",
            nexthop: String = "",
            externalIDs: [String: String] = [:]
        ) {
            self.datapath = datapath
            self.logicalPort = logicalPort
            self.ipPrefix = ipPrefix
            self.nexthop = nexthop
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            datapath = row.scalar(0)
            externalIDs = row.map(1)
            ipPrefix = row.scalar(2)
            logicalPort = row.scalar(3)
            nexthop = row.scalar(4)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 5)
            row.scalar(datapath)
            row.map(externalIDs)
            row.scalar(ipPrefix)
            row.scalar(logicalPort)
            row.scalar(nexthop)
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
            if ipPrefix != old.ipPrefix {
                changes.scalar(2, ipPrefix)
            }
            if logicalPort != old.logicalPort {
                changes.scalar(3, logicalPort)
            }
            if nexthop != old.nexthop {
                changes.scalar(4, nexthop)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Learned_Route",
            columns: [
                .column("datapath", .strong("Datapath_Binding")),
                .column("logical_port", .strong("Port_Binding")),
                .column("ip_prefix", .string),
                .column("nexthop", .string),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["datapath", "logical_port", "ip_prefix", "nexthop"]])
    }
}

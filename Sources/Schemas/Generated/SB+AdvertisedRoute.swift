// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table Advertised_Route.
    package struct AdvertisedRoute: TypedRow {
        package enum Column: Int, RowColumn {
            case datapath
            case externalIDs
            case ipPrefix
            case logicalPort
            case trackedPort
        }

        /// `datapath`: strong reference to Datapath_Binding
        package var datapath: RowUUID
        /// `logical_port`: strong reference to Port_Binding
        package var logicalPort: RowUUID
        /// `ip_prefix`
        package var ipPrefix: String
        /// `tracked_port`: strong reference to Port_Binding
        package var trackedPort: RowUUID?
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            datapath: RowUUID = .zero,
            logicalPort: RowUUID = .zero,
            ipPrefix: String = "",
            trackedPort: RowUUID? = nil,
            externalIDs: [String: String] = [:]
        ) {
            self.datapath = datapath
            self.logicalPort = logicalPort
            self.ipPrefix = ipPrefix
            self.trackedPort = trackedPort
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
            trackedPort = row.optional(4)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 5)
            row.scalar(datapath)
            row.map(externalIDs)
            row.scalar(ipPrefix)
            row.scalar(logicalPort)
            row.optional(trackedPort)
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
            if trackedPort != old.trackedPort {
                changes.optional(4, trackedPort)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Advertised_Route",
            columns: [
                .column("datapath", .strong("Datapath_Binding")),
                .column("logical_port", .strong("Port_Binding")),
                .column("ip_prefix", .string),
                .column("tracked_port", .strong("Port_Binding"), .optional),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["datapath", "logical_port", "ip_prefix", "tracked_port"]])
    }
}

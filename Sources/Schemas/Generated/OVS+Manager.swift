// Written by Tools/generate-schemas from OVS.ovsidl; edit that file instead.

import OVSDBModel

extension OVS {
    /// A row of table Manager.
    package struct Manager: TypedRow {
        package enum Column: Int, RowColumn {
            case connectionMode
            case externalIDs
            case inactivityProbe
            case isConnected
            case maxBackoff
            case otherConfig
            case status
            case target
        }

        package static let connectionModeInBand = "in-band"
        package static let connectionModeOutOfBand = "out-of-band"

        /// `target`
        package var target: String
        /// `max_backoff`: 1000..
        package var maxBackoff: Int?
        /// `inactivity_probe`
        package var inactivityProbe: Int?
        /// `connection_mode`: one of in-band, out-of-band
        package var connectionMode: String?
        /// `other_config`
        package var otherConfig: [String: String]
        /// `external_ids`
        package var externalIDs: [String: String]
        /// `is_connected`: not stored
        package var isConnected: Bool
        /// `status`: not stored
        package var status: [String: String]

        package init(
            target: String = "",
            maxBackoff: Int? = nil,
            inactivityProbe: Int? = nil,
            connectionMode: String? = nil,
            otherConfig: [String: String] = [:],
            externalIDs: [String: String] = [:],
            isConnected: Bool = false,
            status: [String: String] = [:]
        ) {
            self.target = target
            self.maxBackoff = maxBackoff
            self.inactivityProbe = inactivityProbe
            self.connectionMode = connectionMode
            self.otherConfig = otherConfig
            self.externalIDs = externalIDs
            self.isConnected = isConnected
            self.status = status
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            connectionMode = row.optional(0)
            externalIDs = row.map(1)
            inactivityProbe = row.optional(2)
            isConnected = row.scalar(3)
            maxBackoff = row.optional(4)
            otherConfig = row.map(5)
            status = row.map(6)
            target = row.scalar(7)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 8)
            row.optional(connectionMode)
            row.map(externalIDs)
            row.optional(inactivityProbe)
            row.scalar(isConnected)
            row.optional(maxBackoff)
            row.map(otherConfig)
            row.map(status)
            row.scalar(target)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if connectionMode != old.connectionMode {
                changes.optional(0, connectionMode)
            }
            if externalIDs != old.externalIDs {
                changes.map(1, externalIDs)
            }
            if inactivityProbe != old.inactivityProbe {
                changes.optional(2, inactivityProbe)
            }
            if isConnected != old.isConnected {
                changes.scalar(3, isConnected)
            }
            if maxBackoff != old.maxBackoff {
                changes.optional(4, maxBackoff)
            }
            if otherConfig != old.otherConfig {
                changes.map(5, otherConfig)
            }
            if status != old.status {
                changes.map(6, status)
            }
            if target != old.target {
                changes.scalar(7, target)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Manager",
            columns: [
                .column("target", .string),
                .column("max_backoff", .integers(1000, nil), .optional),
                .column("inactivity_probe", .integer, .optional),
                .column("connection_mode", .strings(in: ["in-band", "out-of-band"]), .optional),
                .column("other_config", .string, to: .string, .any),
                .column("external_ids", .string, to: .string, .any),
                .column("is_connected", .boolean, isEphemeral: true),
                .column("status", .string, to: .string, .any, isEphemeral: true),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [["target"]])
    }
}

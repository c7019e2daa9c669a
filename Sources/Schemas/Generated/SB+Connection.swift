// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table Connection.
    package struct Connection: TypedRow {
        package enum Column: Int, RowColumn {
            case externalIDs
            case inactivityProbe
            case isConnected
            case maxBackoff
            case otherConfig
            case readOnly
            case role
            case status
            case target
        }

        /// `target`
        package var target: String
        /// `max_backoff`: 1000..
        package var maxBackoff: Int?
        /// `inactivity_probe`
        package var inactivityProbe: Int?
        /// `read_only`
        package var readOnly: Bool
        /// `role`
        package var role: String
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
            readOnly: Bool = false,
            role: String = "",
            otherConfig: [String: String] = [:],
            externalIDs: [String: String] = [:],
            isConnected: Bool = false,
            status: [String: String] = [:]
        ) {
            self.target = target
            self.maxBackoff = maxBackoff
            self.inactivityProbe = inactivityProbe
            self.readOnly = readOnly
            self.role = role
            self.otherConfig = otherConfig
            self.externalIDs = externalIDs
            self.isConnected = isConnected
            self.status = status
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            externalIDs = row.map(0)
            inactivityProbe = row.optional(1)
            isConnected = row.scalar(2)
            maxBackoff = row.optional(3)
            otherConfig = row.map(4)
            readOnly = row.scalar(5)
            role = row.scalar(6)
            status = row.map(7)
            target = row.scalar(8)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 9)
            row.map(externalIDs)
            row.optional(inactivityProbe)
            row.scalar(isConnected)
            row.optional(maxBackoff)
            row.map(otherConfig)
            row.scalar(readOnly)
            row.scalar(role)
            row.map(status)
            row.scalar(target)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if externalIDs != old.externalIDs {
                changes.map(0, externalIDs)
            }
            if inactivityProbe != old.inactivityProbe {
                changes.optional(1, inactivityProbe)
            }
            if isConnected != old.isConnected {
                changes.scalar(2, isConnected)
            }
            if maxBackoff != old.maxBackoff {
                changes.optional(3, maxBackoff)
            }
            if otherConfig != old.otherConfig {
                changes.map(4, otherConfig)
            }
            if readOnly != old.readOnly {
                changes.scalar(5, readOnly)
            }
            if role != old.role {
                changes.scalar(6, role)
            }
            if status != old.status {
                changes.map(7, status)
            }
            if target != old.target {
                changes.scalar(8, target)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Connection",
            columns: [
                .column("target", .string),
                .column("max_backoff", .integers(1000, nil), .optional),
                .column("inactivity_probe", .integer, .optional),
                .column("read_only", .boolean),
                .column("role", .string),
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

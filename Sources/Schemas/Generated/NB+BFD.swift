// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table BFD.
    package struct BFD: TypedRow {
        package enum Column: Int, RowColumn {
            case detectMult
            case dstIP
            case externalIDs
            case logicalPort
            case minRx
            case minTx
            case options
            case status
        }

        package static let statusAdminDown = "admin_down"
        package static let statusDown = "down"
        package static let statusInit = "init"
        package static let statusUp = "up"

        /// `logical_port`
        package var logicalPort: String
        /// `dst_ip`
        package var dstIP: String
        /// `min_tx`: 1..
        package var minTx: Int?
        /// `min_rx`
        package var minRx: Int?
        /// `detect_mult`: 1..
        package var detectMult: Int?
        /// `status`: one of admin_down, down, init, up
        package var status: String?
        /// `external_ids`
        package var externalIDs: [String: String]
        /// `options`
        package var options: [String: String]

        package init(
            logicalPort: String = "",
            dstIP: String = "",
            minTx: Int? = nil,
            minRx: Int? = nil,
            detectMult: Int? = nil,
            status: String? = nil,
            externalIDs: [String: String] = [:],
            options: [String: String] = [:]
        ) {
            self.logicalPort = logicalPort
            self.dstIP = dstIP
            self.minTx = minTx
            self.minRx = minRx
            self.detectMult = detectMult
            self.status = status
            self.externalIDs = externalIDs
            self.options = options
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            detectMult = row.optional(0)
            dstIP = row.scalar(1)
            externalIDs = row.map(2)
            logicalPort = row.scalar(3)
            minRx = row.optional(4)
            minTx = row.optional(5)
            options = row.map(6)
            status = row.optional(7)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 8)
            row.optional(detectMult)
            row.scalar(dstIP)
            row.map(externalIDs)
            row.scalar(logicalPort)
            row.optional(minRx)
            row.optional(minTx)
            row.map(options)
            row.optional(status)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if detectMult != old.detectMult {
                changes.optional(0, detectMult)
            }
            if dstIP != old.dstIP {
                changes.scalar(1, dstIP)
            }
            if externalIDs != old.externalIDs {
                changes.map(2, externalIDs)
            }
            if logicalPort != old.logicalPort {
                changes.scalar(3, logicalPort)
            }
            if minRx != old.minRx {
                changes.optional(4, minRx)
            }
            if minTx != old.minTx {
                changes.optional(5, minTx)
            }
            if options != old.options {
                changes.map(6, options)
            }
            if status != old.status {
                changes.optional(7, status)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "BFD",
            columns: [
                .column("logical_port", .string),
                .column("dst_ip", .string),
                .column("min_tx", .integers(1, nil), .optional),
                .column("min_rx", .integer, .optional),
                .column("detect_mult", .integers(1, nil), .optional),
                .column("status", .strings(in: ["admin_down", "down", "init", "up"]), .optional),
                .column("external_ids", .string, to: .string, .any),
                .column("options", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["logical_port", "dst_ip"]])
    }
}

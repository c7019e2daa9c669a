// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table BFD.
    package struct BFD: TypedRow {
        package enum Column: Int, RowColumn {
            case chassisName
            case detectMult
            case disc
            case dstIP
            case externalIDs
            case logicalPort
            case minRx
            case minTx
            case options
            case srcPort
            case status
        }

        package static let statusAdminDown = "admin_down"
        package static let statusDown = "down"
        package static let statusInit = "init"
        package static let statusUp = "up"

        /// `src_port`: 49152..65535
        package var srcPort: Int
        /// `disc`
        package var disc: Int
        /// `logical_port`
        package var logicalPort: String
        /// `dst_ip`
        package var dstIP: String
        /// `min_tx`
        package var minTx: Int
        /// `min_rx`
        package var minRx: Int
        /// `detect_mult`
        package var detectMult: Int
        /// `status`: one of admin_down, down, init, up
        package var status: String
        /// `external_ids`
        package var externalIDs: [String: String]
        /// `options`
        package var options: [String: String]
        /// `chassis_name`
        package var chassisName: String

        package init(
            srcPort: Int = 0,
            disc: Int = 0,
            logicalPort: String = "",
            dstIP: String = "",
            minTx: Int = 0,
            minRx: Int = 0,
            detectMult: Int = 0,
            status: String = "",
            externalIDs: [String: String] = [:],
            options: [String: String] = [:],
            chassisName: String = ""
        ) {
            self.srcPort = srcPort
            self.disc = disc
            self.logicalPort = logicalPort
            self.dstIP = dstIP
            self.minTx = minTx
            self.minRx = minRx
            self.detectMult = detectMult
            self.status = status
            self.externalIDs = externalIDs
            self.options = options
            self.chassisName = chassisName
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            chassisName = row.scalar(0)
            detectMult = row.scalar(1)
            disc = row.scalar(2)
            dstIP = row.scalar(3)
            externalIDs = row.map(4)
            logicalPort = row.scalar(5)
            minRx = row.scalar(6)
            minTx = row.scalar(7)
            options = row.map(8)
            srcPort = row.scalar(9)
            status = row.scalar(10)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 11)
            row.scalar(chassisName)
            row.scalar(detectMult)
            row.scalar(disc)
            row.scalar(dstIP)
            row.map(externalIDs)
            row.scalar(logicalPort)
            row.scalar(minRx)
            row.scalar(minTx)
            row.map(options)
            row.scalar(srcPort)
            row.scalar(status)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if chassisName != old.chassisName {
                changes.scalar(0, chassisName)
            }
            if detectMult != old.detectMult {
                changes.scalar(1, detectMult)
            }
            if disc != old.disc {
                changes.scalar(2, disc)
            }
            if dstIP != old.dstIP {
                changes.scalar(3, dstIP)
            }
            if externalIDs != old.externalIDs {
                changes.map(4, externalIDs)
            }
            if logicalPort != old.logicalPort {
                changes.scalar(5, logicalPort)
            }
            if minRx != old.minRx {
                changes.scalar(6, minRx)
            }
            if minTx != old.minTx {
                changes.scalar(7, minTx)
            }
            if options != old.options {
                changes.map(8, options)
            }
            if srcPort != old.srcPort {
                changes.scalar(9, srcPort)
            }
            if status != old.status {
                changes.scalar(10, status)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "BFD",
            columns: [
                .column("src_port", .integers(49152, 65535)),
                .column("disc", .integer),
                .column("logical_port", .string),
                .column("dst_ip", .string),
                .column("min_tx", .integer),
                .column("min_rx", .integer),
                .column("detect_mult", .integer),
                .column("status", .strings(in: ["admin_down", "down", "init", "up"])),
                .column("external_ids", .string, to: .string, .any),
                .column("options", .string, to: .string, .any),
                .column("chassis_name", .string),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["logical_port", "dst_ip", "src_port", "disc"]])
    }
}

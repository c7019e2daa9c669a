// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table Logical_Switch_Port_Health_Check.
    package struct LogicalSwitchPortHealthCheck: TypedRow {
        package enum Column: Int, RowColumn {
            case address
            case options
            case port
            case `protocol`
            case srcIP
            case status
        }

        package static let protocolICMP = "icmp"
        package static let protocolTCP = "tcp"
        package static let protocolUDP = "udp"
        package static let statusError = "error"
        package static let statusOffline = "offline"
        package static let statusOnline = "online"

        /// `protocol`: one of icmp, tcp, udp
        package var `protocol`: String
        /// `src_ip`
        package var srcIP: String
        /// `port`: 0..65535
        package var port: Int
        /// `address`
        package var address: String
        /// `status`: one of error, offline, online
        package var status: String?
        /// `options`
        package var options: [String: String]

        package init(
            protocol: String = "",
            srcIP: String = "",
            port: Int = 0,
            address: String = "",
            status: String? = nil,
            options: [String: String] = [:]
        ) {
            self.protocol = `protocol`
            self.srcIP = srcIP
            self.port = port
            self.address = address
            self.status = status
            self.options = options
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            address = row.scalar(0)
            options = row.map(1)
            port = row.scalar(2)
            `protocol` = row.scalar(3)
            srcIP = row.scalar(4)
            status = row.optional(5)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 6)
            row.scalar(address)
            row.map(options)
            row.scalar(port)
            row.scalar(`protocol`)
            row.scalar(srcIP)
            row.optional(status)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if address != old.address {
                changes.scalar(0, address)
            }
            if options != old.options {
                changes.map(1, options)
            }
            if port != old.port {
                changes.scalar(2, port)
            }
            if `protocol` != old.protocol {
                changes.scalar(3, `protocol`)
            }
            if srcIP != old.srcIP {
                changes.scalar(4, srcIP)
            }
            if status != old.status {
                changes.optional(5, status)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Logical_Switch_Port_Health_Check",
            columns: [
                .column("protocol", .strings(in: ["icmp", "tcp", "udp"])),
                .column("src_ip", .string),
                .column("port", .integers(0, 65535)),
                .column("address", .string),
                .column("status", .strings(in: ["error", "offline", "online"]), .optional),
                .column("options", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [])
    }
}

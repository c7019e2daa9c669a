// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table Service_Monitor.
    package struct ServiceMonitor: TypedRow {
        package enum Column: Int, RowColumn {
            case chassisName
            case externalIDs
            case icLearned
            case ip
            case logicalInputPort
            case logicalPort
            case mac
            case options
            case port
            case `protocol`
            case remote
            case srcIP
            case srcMAC
            case status
            case type
        }

        package static let typeLoadBalancer = "load-balancer"
        package static let typeLogicalSwitchPort = "logical-switch-port"
        package static let typeNetworkFunction = "network-function"
        package static let protocolICMP = "icmp"
        package static let protocolTCP = "tcp"
        package static let protocolUDP = "udp"
        package static let statusError = "error"
        package static let statusOffline = "offline"
        package static let statusOnline = "online"

        /// `type`: one of load-balancer, logical-switch-port, network-function
        package var type: String?
        /// `ip`
        package var ip: String
        /// `mac`
        package var mac: String
        /// `protocol`: one of icmp, tcp, udp
        package var `protocol`: String?
        /// `port`: 0..65535
        package var port: Int
        /// `logical_input_port`
        package var logicalInputPort: String
        /// `logical_port`
        package var logicalPort: String
        /// `src_mac`
        package var srcMAC: String
        /// `src_ip`
        package var srcIP: String
        /// `chassis_name`
        package var chassisName: String
        /// `status`: one of error, offline, online
        package var status: String?
        /// `ic_learned`
        package var icLearned: Bool
        /// `remote`
        package var remote: Bool
        /// `options`
        package var options: [String: String]
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            type: String? = nil,
            ip: String = "",
            mac: String = "",
            protocol: String? = nil,
            port: Int = 0,
            logicalInputPort: String = "",
            logicalPort: String = "",
            srcMAC: String = "",
            srcIP: String = "",
            chassisName: String = "",
            status: String? = nil,
            icLearned: Bool = false,
            remote: Bool = false,
            options: [String: String] = [:],
            externalIDs: [String: String] = [:]
        ) {
            self.type = type
            self.ip = ip
            self.mac = mac
            self.protocol = `protocol`
            self.port = port
            self.logicalInputPort = logicalInputPort
            self.logicalPort = logicalPort
            self.srcMAC = srcMAC
            self.srcIP = srcIP
            self.chassisName = chassisName
            self.status = status
            self.icLearned = icLearned
            self.remote = remote
            self.options = options
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            chassisName = row.scalar(0)
            externalIDs = row.map(1)
            icLearned = row.scalar(2)
            ip = row.scalar(3)
            logicalInputPort = row.scalar(4)
            logicalPort = row.scalar(5)
            mac = row.scalar(6)
            options = row.map(7)
            port = row.scalar(8)
            `protocol` = row.optional(9)
            remote = row.scalar(10)
            srcIP = row.scalar(11)
            srcMAC = row.scalar(12)
            status = row.optional(13)
            type = row.optional(14)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 15)
            row.scalar(chassisName)
            row.map(externalIDs)
            row.scalar(icLearned)
            row.scalar(ip)
            row.scalar(logicalInputPort)
            row.scalar(logicalPort)
            row.scalar(mac)
            row.map(options)
            row.scalar(port)
            row.optional(`protocol`)
            row.scalar(remote)
            row.scalar(srcIP)
            row.scalar(srcMAC)
            row.optional(status)
            row.optional(type)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if chassisName != old.chassisName {
                changes.scalar(0, chassisName)
            }
            if externalIDs != old.externalIDs {
                changes.map(1, externalIDs)
            }
            if icLearned != old.icLearned {
                changes.scalar(2, icLearned)
            }
            if ip != old.ip {
                changes.scalar(3, ip)
            }
            if logicalInputPort != old.logicalInputPort {
                changes.scalar(4, logicalInputPort)
            }
            if logicalPort != old.logicalPort {
                changes.scalar(5, logicalPort)
            }
            if mac != old.mac {
                changes.scalar(6, mac)
            }
            if options != old.options {
                changes.map(7, options)
            }
            if port != old.port {
                changes.scalar(8, port)
            }
            if `protocol` != old.protocol {
                changes.optional(9, `protocol`)
            }
            if remote != old.remote {
                changes.scalar(10, remote)
            }
            if srcIP != old.srcIP {
                changes.scalar(11, srcIP)
            }
            if srcMAC != old.srcMAC {
                changes.scalar(12, srcMAC)
            }
            if status != old.status {
                changes.optional(13, status)
            }
            if type != old.type {
                changes.optional(14, type)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Service_Monitor",
            columns: [
                .column(
                    "type",
                    .strings(in: [
                        "load-balancer", "logical-switch-port", "network-function",
                    ]), .optional),
                .column("ip", .string),
                .column("mac", .string),
                .column("protocol", .strings(in: ["icmp", "tcp", "udp"]), .optional),
                .column("port", .integers(0, 65535)),
                .column("logical_input_port", .string),
                .column("logical_port", .string),
                .column("src_mac", .string),
                .column("src_ip", .string),
                .column("chassis_name", .string),
                .column("status", .strings(in: ["error", "offline", "online"]), .optional),
                .column("ic_learned", .boolean),
                .column("remote", .boolean),
                .column("options", .string, to: .string, .any),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["logical_port", "ip", "port", "protocol"]])
    }
}

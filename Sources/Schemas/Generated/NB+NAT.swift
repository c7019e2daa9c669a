// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table NAT.
    package struct NAT: TypedRow {
        package enum Column: Int, RowColumn {
            case allowedExtIPs
            case exemptedExtIPs
            case externalIDs
            case externalIP
            case externalMAC
            case externalPortRange
            case gatewayPort
            case logicalIP
            case logicalPort
            case match
            case options
            case priority
            case type
        }

        package static let typeDnat = "dnat"
        package static let typeDnatAndSnat = "dnat_and_snat"
        package static let typeSnat = "snat"

        /// `external_ip`
        package var externalIP: String
        /// `external_mac`
        package var externalMAC: String?
        /// `external_port_range`
        package var externalPortRange: String
        /// `logical_ip`
        package var logicalIP: String
        /// `logical_port`
        package var logicalPort: String?
        /// `type`: one of dnat, dnat_and_snat, snat
        package var type: String
        /// `allowed_ext_ips`: strong reference to Address_Set
        package var allowedExtIPs: RowUUID?
        /// `exempted_ext_ips`: strong reference to Address_Set
        package var exemptedExtIPs: RowUUID?
        /// `gateway_port`: weak reference to Logical_Router_Port
        package var gatewayPort: RowUUID?
        /// `priority`: 0..32767
        package var priority: Int
        /// `match`
        package var match: String
        /// `options`
        package var options: [String: String]
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            externalIP: String = "",
            externalMAC: String? = nil,
            externalPortRange: String = "",
            logicalIP: String = "",
            logicalPort: String? = nil,
            type: String = "",
            allowedExtIPs: RowUUID? = nil,
            exemptedExtIPs: RowUUID? = nil,
            gatewayPort: RowUUID? = nil,
            priority: Int = 0,
            match: String = "",
            options: [String: String] = [:],
            externalIDs: [String: String] = [:]
        ) {
            self.externalIP = externalIP
            self.externalMAC = externalMAC
            self.externalPortRange = externalPortRange
            self.logicalIP = logicalIP
            self.logicalPort = logicalPort
            self.type = type
            self.allowedExtIPs = allowedExtIPs
            self.exemptedExtIPs = exemptedExtIPs
            self.gatewayPort = gatewayPort
            self.priority = priority
            self.match = match
            self.options = options
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            allowedExtIPs = row.optional(0)
            exemptedExtIPs = row.optional(1)
            externalIDs = row.map(2)
            externalIP = row.scalar(3)
            externalMAC = row.optional(4)
            externalPortRange = row.scalar(5)
            gatewayPort = row.optional(6)
            logicalIP = row.scalar(7)
            logicalPort = row.optional(8)
            match = row.scalar(9)
            options = row.map(10)
            priority = row.scalar(11)
            type = row.scalar(12)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 13)
            row.optional(allowedExtIPs)
            row.optional(exemptedExtIPs)
            row.map(externalIDs)
            row.scalar(externalIP)
            row.optional(externalMAC)
            row.scalar(externalPortRange)
            row.optional(gatewayPort)
            row.scalar(logicalIP)
            row.optional(logicalPort)
            row.scalar(match)
            row.map(options)
            row.scalar(priority)
            row.scalar(type)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if allowedExtIPs != old.allowedExtIPs {
                changes.optional(0, allowedExtIPs)
            }
            if exemptedExtIPs != old.exemptedExtIPs {
                changes.optional(1, exemptedExtIPs)
            }
            if externalIDs != old.externalIDs {
                changes.map(2, externalIDs)
            }
            if externalIP != old.externalIP {
                changes.scalar(3, externalIP)
            }
            if externalMAC != old.externalMAC {
                changes.optional(4, externalMAC)
            }
            if externalPortRange != old.externalPortRange {
                changes.scalar(5, externalPortRange)
            }
            if gatewayPort != old.gatewayPort {
                changes.optional(6, gatewayPort)
            }
            if logicalIP != old.logicalIP {
                changes.scalar(7, logicalIP)
            }
            if logicalPort != old.logicalPort {
                changes.optional(8, logicalPort)
            }
            if match != old.match {
                changes.scalar(9, match)
            }
            if options != old.options {
                changes.map(10, options)
            }
            if priority != old.priority {
                changes.scalar(11, priority)
            }
            if type != old.type {
                changes.scalar(12, type)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "NAT",
            columns: [
                .column("external_ip", .string),
                .column("external_mac", .string, .optional),
                .column("external_port_range", .string),
                .column("logical_ip", .string),
                .column("logical_port", .string, .optional),
                .column("type", .strings(in: ["dnat", "dnat_and_snat", "snat"])),
                .column("allowed_ext_ips", .strong("Address_Set"), .optional),
                .column("exempted_ext_ips", .strong("Address_Set"), .optional),
                .column("gateway_port", .weak("Logical_Router_Port"), .optional),
                .column("priority", .integers(0, 32767)),
                .column("match", .string),
                .column("options", .string, to: .string, .any),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [])
    }
}

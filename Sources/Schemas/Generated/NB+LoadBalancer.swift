// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table Load_Balancer.
    package struct LoadBalancer: TypedRow {
        package enum Column: Int, RowColumn {
            case externalIDs
            case healthCheck
            case ipPortMappings
            case name
            case options
            case `protocol`
            case selectionFields
            case vips
        }

        package static let protocolSCTP = "sctp"
        package static let protocolTCP = "tcp"
        package static let protocolUDP = "udp"
        package static let selectionFieldsEthDst = "eth_dst"
        package static let selectionFieldsEthSrc = "eth_src"
        package static let selectionFieldsIPDst = "ip_dst"
        package static let selectionFieldsIPSrc = "ip_src"
        package static let selectionFieldsIPv6Dst = "ipv6_dst"
        package static let selectionFieldsIPv6Src = "ipv6_src"
        package static let selectionFieldsTpDst = "tp_dst"
        package static let selectionFieldsTpSrc = "tp_src"

        /// `name`
        package var name: String
        /// `vips`
        package var vips: [String: String]
        /// `protocol`: one of sctp, tcp, udp
        package var `protocol`: String?
        /// `health_check`: strong reference to Load_Balancer_Health_Check
        package var healthCheck: [RowUUID]
        /// `ip_port_mappings`
        package var ipPortMappings: [String: String]
        /// `selection_fields`: one of eth_dst, eth_src, ip_dst, ip_src, ipv6_dst, ipv6_src, tp_dst,
        /// tp_src
        package var selectionFields: [String]
        /// `options`
        package var options: [String: String]
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            name: String = "",
            vips: [String: String] = [:],
            protocol: String? = nil,
            healthCheck: [RowUUID] = [],
            ipPortMappings: [String: String] = [:],
            selectionFields: [String] = [],
            options: [String: String] = [:],
            externalIDs: [String: String] = [:]
        ) {
            self.name = name
            self.vips = vips
            self.protocol = `protocol`
            self.healthCheck = canonicalSet(healthCheck)
            self.ipPortMappings = ipPortMappings
            self.selectionFields = canonicalSet(selectionFields)
            self.options = options
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            externalIDs = row.map(0)
            healthCheck = row.set(1)
            ipPortMappings = row.map(2)
            name = row.scalar(3)
            options = row.map(4)
            `protocol` = row.optional(5)
            selectionFields = row.set(6)
            vips = row.map(7)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 8)
            row.map(externalIDs)
            row.set(healthCheck)
            row.map(ipPortMappings)
            row.scalar(name)
            row.map(options)
            row.optional(`protocol`)
            row.set(selectionFields)
            row.map(vips)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if externalIDs != old.externalIDs {
                changes.map(0, externalIDs)
            }
            if healthCheck != old.healthCheck {
                changes.set(1, healthCheck)
            }
            if ipPortMappings != old.ipPortMappings {
                changes.map(2, ipPortMappings)
            }
            if name != old.name {
                changes.scalar(3, name)
            }
            if options != old.options {
                changes.map(4, options)
            }
            if `protocol` != old.protocol {
                changes.optional(5, `protocol`)
            }
            if selectionFields != old.selectionFields {
                changes.set(6, selectionFields)
            }
            if vips != old.vips {
                changes.map(7, vips)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Load_Balancer",
            columns: [
                .column("name", .string),
                .column("vips", .string, to: .string, .any),
                .column("protocol", .strings(in: ["sctp", "tcp", "udp"]), .optional),
                .column("health_check", .strong("Load_Balancer_Health_Check"), .any),
                .column("ip_port_mappings", .string, to: .string, .any),
                .column(
                    "selection_fields",
                    .strings(in: [
                        "eth_dst", "eth_src", "ip_dst", "ip_src", "ipv6_dst", "ipv6_src", "tp_dst",
                        "tp_src",
                    ]), .any),
                .column("options", .string, to: .string, .any),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [])
    }
}

// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table Logical_Router_Static_Route.
    package struct LogicalRouterStaticRoute: TypedRow {
        package enum Column: Int, RowColumn {
            case bfd
            case externalIDs
            case ipPrefix
            case nexthop
            case options
            case outputPort
            case policy
            case routeTable
            case selectionFields
        }

        package static let policyDstIP = "dst-ip"
        package static let policySrcIP = "src-ip"
        package static let selectionFieldsEthDst = "eth_dst"
        package static let selectionFieldsEthSrc = "eth_src"
        package static let selectionFieldsIPDst = "ip_dst"
        package static let selectionFieldsIPProto = "ip_proto"
        package static let selectionFieldsIPSrc = "ip_src"
        package static let selectionFieldsIPv6Dst = "ipv6_dst"
        package static let selectionFieldsIPv6Src = "ipv6_src"
        package static let selectionFieldsTpDst = "tp_dst"
        package static let selectionFieldsTpSrc = "tp_src"

        /// `route_table`
        package var routeTable: String
        /// `ip_prefix`
        package var ipPrefix: String
        /// `policy`: one of dst-ip, src-ip
        package var policy: String?
        /// `nexthop`
        package var nexthop: String
        /// `output_port`
        package var outputPort: String?
        /// `bfd`: weak reference to BFD
        package var bfd: RowUUID?
        /// `selection_fields`: one of eth_dst, eth_src, ip_dst, ip_proto, ip_src, ipv6_dst,
        /// ipv6_src, tp_dst, tp_src
        package var selectionFields: [String]
        /// `options`
        package var options: [String: String]
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            routeTable: String = "",
            ipPrefix: String = "",
            policy: String? = nil,
            nexthop: String = "",
            outputPort: String? = nil,
            bfd: RowUUID? = nil,
            selectionFields: [String] = [],
            options: [String: String] = [:],
            externalIDs: [String: String] = [:]
        ) {
            self.routeTable = routeTable
            self.ipPrefix = ipPrefix
            self.policy = policy
            self.nexthop = nexthop
            self.outputPort = outputPort
            self.bfd = bfd
            self.selectionFields = canonicalSet(selectionFields)
            self.options = options
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            bfd = row.optional(0)
            externalIDs = row.map(1)
            ipPrefix = row.scalar(2)
            nexthop = row.scalar(3)
            options = row.map(4)
            outputPort = row.optional(5)
            policy = row.optional(6)
            routeTable = row.scalar(7)
            selectionFields = row.set(8)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 9)
            row.optional(bfd)
            row.map(externalIDs)
            row.scalar(ipPrefix)
            row.scalar(nexthop)
            row.map(options)
            row.optional(outputPort)
            row.optional(policy)
            row.scalar(routeTable)
            row.set(selectionFields)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if bfd != old.bfd {
                changes.optional(0, bfd)
            }
            if externalIDs != old.externalIDs {
                changes.map(1, externalIDs)
            }
            if ipPrefix != old.ipPrefix {
                changes.scalar(2, ipPrefix)
            }
            if nexthop != old.nexthop {
                changes.scalar(3, nexthop)
            }
            if options != old.options {
                changes.map(4, options)
            }
            if outputPort != old.outputPort {
                changes.optional(5, outputPort)
            }
            if policy != old.policy {
                changes.optional(6, policy)
            }
            if routeTable != old.routeTable {
                changes.scalar(7, routeTable)
            }
            if selectionFields != old.selectionFields {
                changes.set(8, selectionFields)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Logical_Router_Static_Route",
            columns: [
                .column("route_table", .string),
                .column("ip_prefix", .string),
                .column("policy", .strings(in: ["dst-ip", "src-ip"]), .optional),
                .column("nexthop", .string),
                .column("output_port", .string, .optional),
                .column("bfd", .weak("BFD"), .optional),
                .column(
                    "selection_fields",
                    .strings(in: [
                        "eth_dst", "eth_src", "ip_dst", "ip_proto", "ip_src", "ipv6_dst",
                        "ipv6_src", "tp_dst", "tp_src",
                    ]), .any),
                .column("options", .string, to: .string, .any),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [])
    }
}

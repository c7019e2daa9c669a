// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table Load_Balancer.
    package struct LoadBalancer: TypedRow {
        package enum Column: Int, RowColumn {
            case datapathGroup
            case datapaths
            case externalIDs
            case lrDatapathGroup
            case lsDatapathGroup
            case name
            case options
            case `protocol`
            case vips
        }

        package static let protocolSCTP = "sctp"
        package static let protocolTCP = "tcp"
        package static let protocolUDP = "udp"

        /// `name`
        package var name: String
        /// `vips`
        package var vips: [String: String]
        /// `protocol`: one of sctp, tcp, udp
        package var `protocol`: String?
        /// `datapaths`: strong reference to Datapath_Binding
        package var datapaths: [RowUUID]
        /// `datapath_group`: strong reference to Logical_DP_Group
        package var datapathGroup: RowUUID?
        /// `ls_datapath_group`: strong reference to Logical_DP_Group
        package var lsDatapathGroup: RowUUID?
        /// `lr_datapath_group`: strong reference to Logical_DP_Group
        package var lrDatapathGroup: RowUUID?
        /// `options`
        package var options: [String: String]
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            name: String = "",
            vips: [String: String] = [:],
            protocol: String? = nil,
            datapaths: [RowUUID] = [],
            datapathGroup: RowUUID? = nil,
            lsDatapathGroup: RowUUID? = nil,
            lrDatapathGroup: RowUUID? = nil,
            options: [String: String] = [:],
            externalIDs: [String: String] = [:]
        ) {
            self.name = name
            self.vips = vips
            self.protocol = `protocol`
            self.datapaths = canonicalSet(datapaths)
            self.datapathGroup = datapathGroup
            self.lsDatapathGroup = lsDatapathGroup
            self.lrDatapathGroup = lrDatapathGroup
            self.options = options
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            datapathGroup = row.optional(0)
            datapaths = row.set(1)
            externalIDs = row.map(2)
            lrDatapathGroup = row.optional(3)
            lsDatapathGroup = row.optional(4)
            name = row.scalar(5)
            options = row.map(6)
            `protocol` = row.optional(7)
            vips = row.map(8)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 9)
            row.optional(datapathGroup)
            row.set(datapaths)
            row.map(externalIDs)
            row.optional(lrDatapathGroup)
            row.optional(lsDatapathGroup)
            row.scalar(name)
            row.map(options)
            row.optional(`protocol`)
            row.map(vips)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if datapathGroup != old.datapathGroup {
                changes.optional(0, datapathGroup)
            }
            if datapaths != old.datapaths {
                changes.set(1, datapaths)
            }
            if externalIDs != old.externalIDs {
                changes.map(2, externalIDs)
            }
            if lrDatapathGroup != old.lrDatapathGroup {
                changes.optional(3, lrDatapathGroup)
            }
            if lsDatapathGroup != old.lsDatapathGroup {
                changes.optional(4, lsDatapathGroup)
            }
            if name != old.name {
                changes.scalar(5, name)
            }
            if options != old.options {
                changes.map(6, options)
            }
            if `protocol` != old.protocol {
                changes.optional(7, `protocol`)
            }
            if vips != old.vips {
                changes.map(8, vips)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Load_Balancer",
            columns: [
                .column("name", .string),
                .column("vips", .string, to: .string, .any),
                .column("protocol", .strings(in: ["sctp", "tcp", "udp"]), .optional),
                .column("datapaths", .strong("Datapath_Binding"), .any),
                .column("datapath_group", .strong("Logical_DP_Group"), .optional),
                .column("ls_datapath_group", .strong("Logical_DP_Group"), .optional),
                .column("lr_datapath_group", .strong("Logical_DP_Group"), .optional),
                .column("options", .string, to: .string, .any),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [])
    }
}

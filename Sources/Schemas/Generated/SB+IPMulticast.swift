// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table IP_Multicast.
    package struct IPMulticast: TypedRow {
        package enum Column: Int, RowColumn {
            case datapath
            case enabled
            case ethSrc
            case idleTimeout
            case ip4Src
            case ip6Src
            case querier
            case queryInterval
            case queryMaxResp
            case seqNo
            case tableSize
        }

        /// `datapath`: weak reference to Datapath_Binding
        package var datapath: RowUUID
        /// `enabled`
        package var enabled: Bool?
        /// `querier`
        package var querier: Bool?
        /// `eth_src`
        package var ethSrc: String
        /// `ip4_src`
        package var ip4Src: String
        /// `ip6_src`
        package var ip6Src: String
        /// `table_size`
        package var tableSize: Int?
        /// `idle_timeout`
        package var idleTimeout: Int?
        /// `query_interval`
        package var queryInterval: Int?
        /// `query_max_resp`
        package var queryMaxResp: Int?
        /// `seq_no`
        package var seqNo: Int

        package init(
            datapath: RowUUID = .zero,
            enabled: Bool? = nil,
            querier: Bool? = nil,
            ethSrc: String = "",
            ip4Src: String = "",
            ip6Src: String = "",
            tableSize: Int? = nil,
            idleTimeout: Int? = nil,
            queryInterval: Int? = nil,
            queryMaxResp: Int? = nil,
            seqNo: Int = 0
        ) {
            self.datapath = datapath
            self.enabled = enabled
            self.querier = querier
            self.ethSrc = ethSrc
            self.ip4Src = ip4Src
            self.ip6Src = ip6Src
            self.tableSize = tableSize
            self.idleTimeout = idleTimeout
            self.queryInterval = queryInterval
            self.queryMaxResp = queryMaxResp
            self.seqNo = seqNo
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            datapath = row.scalar(0)
            enabled = row.optional(1)
            ethSrc = row.scalar(2)
            idleTimeout = row.optional(3)
            ip4Src = row.scalar(4)
            ip6Src = row.scalar(5)
            querier = row.optional(6)
            queryInterval = row.optional(7)
            queryMaxResp = row.optional(8)
            seqNo = row.scalar(9)
            tableSize = row.optional(10)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 11)
            row.scalar(datapath)
            row.optional(enabled)
            row.scalar(ethSrc)
            row.optional(idleTimeout)
            row.scalar(ip4Src)
            row.scalar(ip6Src)
            row.optional(querier)
            row.optional(queryInterval)
            row.optional(queryMaxResp)
            row.scalar(seqNo)
            row.optional(tableSize)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if datapath != old.datapath {
                changes.scalar(0, datapath)
            }
            if enabled != old.enabled {
                changes.optional(1, enabled)
            }
            if ethSrc != old.ethSrc {
                changes.scalar(2, ethSrc)
            }
            if idleTimeout != old.idleTimeout {
                changes.optional(3, idleTimeout)
            }
            if ip4Src != old.ip4Src {
                changes.scalar(4, ip4Src)
            }
            if ip6Src != old.ip6Src {
                changes.scalar(5, ip6Src)
            }
            if querier != old.querier {
                changes.optional(6, querier)
            }
            if queryInterval != old.queryInterval {
                changes.optional(7, queryInterval)
            }
            if queryMaxResp != old.queryMaxResp {
                changes.optional(8, queryMaxResp)
            }
            if seqNo != old.seqNo {
                changes.scalar(9, seqNo)
            }
            if tableSize != old.tableSize {
                changes.optional(10, tableSize)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "IP_Multicast",
            columns: [
                .column("datapath", .weak("Datapath_Binding")),
                .column("enabled", .boolean, .optional),
                .column("querier", .boolean, .optional),
                .column("eth_src", .string),
                .column("ip4_src", .string),
                .column("ip6_src", .string),
                .column("table_size", .integer, .optional),
                .column("idle_timeout", .integer, .optional),
                .column("query_interval", .integer, .optional),
                .column("query_max_resp", .integer, .optional),
                .column("seq_no", .integer),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["datapath"]])
    }
}

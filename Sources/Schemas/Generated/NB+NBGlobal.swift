// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table NB_Global.
    package struct NBGlobal: TypedRow {
        package enum Column: Int, RowColumn {
            case connections
            case externalIDs
            case hvCfg
            case hvCfgTimestamp
            case ipsec
            case name
            case nbCfg
            case nbCfgTimestamp
            case options
            case sbCfg
            case sbCfgTimestamp
            case ssl
        }

        /// `name`
        package var name: String
        /// `nb_cfg`
        package var nbCfg: Int
        /// `nb_cfg_timestamp`
        package var nbCfgTimestamp: Int
        /// `sb_cfg`
        package var sbCfg: Int
        /// `sb_cfg_timestamp`
        package var sbCfgTimestamp: Int
        /// `hv_cfg`
        package var hvCfg: Int
        /// `hv_cfg_timestamp`
        package var hvCfgTimestamp: Int
        /// `external_ids`
        package var externalIDs: [String: String]
        /// `connections`: strong reference to Connection
        package var connections: [RowUUID]
        /// `ssl`: strong reference to SSL
        package var ssl: RowUUID?
        /// `options`
        package var options: [String: String]
        /// `ipsec`
        package var ipsec: Bool

        package init(
            name: String = "",
            nbCfg: Int = 0,
            nbCfgTimestamp: Int = 0,
            sbCfg: Int = 0,
            sbCfgTimestamp: Int = 0,
            hvCfg: Int = 0,
            hvCfgTimestamp: Int = 0,
            externalIDs: [String: String] = [:],
            connections: [RowUUID] = [],
            ssl: RowUUID? = nil,
            options: [String: String] = [:],
            ipsec: Bool = false
        ) {
            self.name = name
            self.nbCfg = nbCfg
            self.nbCfgTimestamp = nbCfgTimestamp
            self.sbCfg = sbCfg
            self.sbCfgTimestamp = sbCfgTimestamp
            self.hvCfg = hvCfg
            self.hvCfgTimestamp = hvCfgTimestamp
            self.externalIDs = externalIDs
            self.connections = canonicalSet(connections)
            self.ssl = ssl
            self.options = options
            self.ipsec = ipsec
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            connections = row.set(0)
            externalIDs = row.map(1)
            hvCfg = row.scalar(2)
            hvCfgTimestamp = row.scalar(3)
            ipsec = row.scalar(4)
            name = row.scalar(5)
            nbCfg = row.scalar(6)
            nbCfgTimestamp = row.scalar(7)
            options = row.map(8)
            sbCfg = row.scalar(9)
            sbCfgTimestamp = row.scalar(10)
            ssl = row.optional(11)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 12)
            row.set(connections)
            row.map(externalIDs)
            row.scalar(hvCfg)
            row.scalar(hvCfgTimestamp)
            row.scalar(ipsec)
            row.scalar(name)
            row.scalar(nbCfg)
            row.scalar(nbCfgTimestamp)
            row.map(options)
            row.scalar(sbCfg)
            row.scalar(sbCfgTimestamp)
            row.optional(ssl)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if connections != old.connections {
                changes.set(0, connections)
            }
            if externalIDs != old.externalIDs {
                changes.map(1, externalIDs)
            }
            if hvCfg != old.hvCfg {
                changes.scalar(2, hvCfg)
            }
            if hvCfgTimestamp != old.hvCfgTimestamp {
                changes.scalar(3, hvCfgTimestamp)
            }
            if ipsec != old.ipsec {
                changes.scalar(4, ipsec)
            }
            if name != old.name {
                changes.scalar(5, name)
            }
            if nbCfg != old.nbCfg {
                changes.scalar(6, nbCfg)
            }
            if nbCfgTimestamp != old.nbCfgTimestamp {
                changes.scalar(7, nbCfgTimestamp)
            }
            if options != old.options {
                changes.map(8, options)
            }
            if sbCfg != old.sbCfg {
                changes.scalar(9, sbCfg)
            }
            if sbCfgTimestamp != old.sbCfgTimestamp {
                changes.scalar(10, sbCfgTimestamp)
            }
            if ssl != old.ssl {
                changes.optional(11, ssl)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "NB_Global",
            columns: [
                .column("name", .string),
                .column("nb_cfg", .integer),
                .column("nb_cfg_timestamp", .integer),
                .column("sb_cfg", .integer),
                .column("sb_cfg_timestamp", .integer),
                .column("hv_cfg", .integer),
                .column("hv_cfg_timestamp", .integer),
                .column("external_ids", .string, to: .string, .any),
                .column("connections", .strong("Connection"), .any),
                .column("ssl", .strong("SSL"), .optional),
                .column("options", .string, to: .string, .any),
                .column("ipsec", .boolean),
            ],
            maximumRows: 1,
            isRoot: true,
            indexes: [])
    }
}

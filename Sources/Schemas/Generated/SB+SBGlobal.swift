// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table SB_Global.
    package struct SBGlobal: TypedRow {
        package enum Column: Int, RowColumn {
            case connections
            case externalIDs
            case ipsec
            case nbCfg
            case nbCfgTimestamp
            case options
            case ssl
        }

        /// `nb_cfg`
        package var nbCfg: Int
        /// `nb_cfg_timestamp`
        package var nbCfgTimestamp: Int
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
            nbCfg: Int = 0,
            nbCfgTimestamp: Int = 0,
            externalIDs: [String: String] = [:],
            connections: [RowUUID] = [],
            ssl: RowUUID? = nil,
            options: [String: String] = [:],
            ipsec: Bool = false
        ) {
            self.nbCfg = nbCfg
            self.nbCfgTimestamp = nbCfgTimestamp
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
            ipsec = row.scalar(2)
            nbCfg = row.scalar(3)
            nbCfgTimestamp = row.scalar(4)
            options = row.map(5)
            ssl = row.optional(6)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 7)
            row.set(connections)
            row.map(externalIDs)
            row.scalar(ipsec)
            row.scalar(nbCfg)
            row.scalar(nbCfgTimestamp)
            row.map(options)
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
            if ipsec != old.ipsec {
                changes.scalar(2, ipsec)
            }
            if nbCfg != old.nbCfg {
                changes.scalar(3, nbCfg)
            }
            if nbCfgTimestamp != old.nbCfgTimestamp {
                changes.scalar(4, nbCfgTimestamp)
            }
            if options != old.options {
                changes.map(5, options)
            }
            if ssl != old.ssl {
                changes.optional(6, ssl)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "SB_Global",
            columns: [
                .column("nb_cfg", .integer),
                .column("nb_cfg_timestamp", .integer),
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

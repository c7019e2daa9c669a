// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table Chassis_Private.
    package struct ChassisPrivate: TypedRow {
        package enum Column: Int, RowColumn {
            case chassis
            case externalIDs
            case name
            case nbCfg
            case nbCfgTimestamp
        }

        /// `name`
        package var name: String
        /// `chassis`: weak reference to Chassis
        package var chassis: RowUUID?
        /// `nb_cfg`
        package var nbCfg: Int
        /// `nb_cfg_timestamp`
        package var nbCfgTimestamp: Int
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            name: String = "",
            chassis: RowUUID? = nil,
            nbCfg: Int = 0,
            nbCfgTimestamp: Int = 0,
            externalIDs: [String: String] = [:]
        ) {
            self.name = name
            self.chassis = chassis
            self.nbCfg = nbCfg
            self.nbCfgTimestamp = nbCfgTimestamp
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            chassis = row.optional(0)
            externalIDs = row.map(1)
            name = row.scalar(2)
            nbCfg = row.scalar(3)
            nbCfgTimestamp = row.scalar(4)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 5)
            row.optional(chassis)
            row.map(externalIDs)
            row.scalar(name)
            row.scalar(nbCfg)
            row.scalar(nbCfgTimestamp)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if chassis != old.chassis {
                changes.optional(0, chassis)
            }
            if externalIDs != old.externalIDs {
                changes.map(1, externalIDs)
            }
            if name != old.name {
                changes.scalar(2, name)
            }
            if nbCfg != old.nbCfg {
                changes.scalar(3, nbCfg)
            }
            if nbCfgTimestamp != old.nbCfgTimestamp {
                changes.scalar(4, nbCfgTimestamp)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Chassis_Private",
            columns: [
                .column("name", .string),
                .column("chassis", .weak("Chassis"), .optional),
                .column("nb_cfg", .integer),
                .column("nb_cfg_timestamp", .integer),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["name"]])
    }
}

// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table HA_Chassis_Group.
    package struct HAChassisGroup: TypedRow {
        package enum Column: Int, RowColumn {
            case externalIDs
            case haChassis
            case name
            case refChassis
        }

        /// `name`
        package var name: String
        /// `ha_chassis`: strong reference to HA_Chassis
        package var haChassis: [RowUUID]
        /// `ref_chassis`: weak reference to Chassis
        package var refChassis: [RowUUID]
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            name: String = "",
            haChassis: [RowUUID] = [],
            refChassis: [RowUUID] = [],
            externalIDs: [String: String] = [:]
        ) {
            self.name = name
            self.haChassis = canonicalSet(haChassis)
            self.refChassis = canonicalSet(refChassis)
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            externalIDs = row.map(0)
            haChassis = row.set(1)
            name = row.scalar(2)
            refChassis = row.set(3)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 4)
            row.map(externalIDs)
            row.set(haChassis)
            row.scalar(name)
            row.set(refChassis)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if externalIDs != old.externalIDs {
                changes.map(0, externalIDs)
            }
            if haChassis != old.haChassis {
                changes.set(1, haChassis)
            }
            if name != old.name {
                changes.scalar(2, name)
            }
            if refChassis != old.refChassis {
                changes.set(3, refChassis)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "HA_Chassis_Group",
            columns: [
                .column("name", .string),
                .column("ha_chassis", .strong("HA_Chassis"), .any),
                .column("ref_chassis", .weak("Chassis"), .any),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["name"]])
    }
}

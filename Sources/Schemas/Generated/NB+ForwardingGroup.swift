// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table Forwarding_Group.
    package struct ForwardingGroup: TypedRow {
        package enum Column: Int, RowColumn {
            case childPort
            case externalIDs
            case liveness
            case name
            case vip
            case vmac
        }

        /// `name`
        package var name: String
        /// `vip`
        package var vip: String
        /// `vmac`
        package var vmac: String
        /// `liveness`
        package var liveness: Bool
        /// `external_ids`
        package var externalIDs: [String: String]
        /// `child_port`: at least one
        package var childPort: [String]

        package init(
            name: String = "",
            vip: String = "",
            vmac: String = "",
            liveness: Bool = false,
            externalIDs: [String: String] = [:],
            childPort: [String] = []
        ) {
            self.name = name
            self.vip = vip
            self.vmac = vmac
            self.liveness = liveness
            self.externalIDs = externalIDs
            self.childPort = canonicalSet(childPort)
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            childPort = row.set(0)
            externalIDs = row.map(1)
            liveness = row.scalar(2)
            name = row.scalar(3)
            vip = row.scalar(4)
            vmac = row.scalar(5)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 6)
            row.set(childPort)
            row.map(externalIDs)
            row.scalar(liveness)
            row.scalar(name)
            row.scalar(vip)
            row.scalar(vmac)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if childPort != old.childPort {
                changes.set(0, childPort)
            }
            if externalIDs != old.externalIDs {
                changes.map(1, externalIDs)
            }
            if liveness != old.liveness {
                changes.scalar(2, liveness)
            }
            if name != old.name {
                changes.scalar(3, name)
            }
            if vip != old.vip {
                changes.scalar(4, vip)
            }
            if vmac != old.vmac {
                changes.scalar(5, vmac)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Forwarding_Group",
            columns: [
                .column("name", .string),
                .column("vip", .string),
                .column("vmac", .string),
                .column("liveness", .boolean),
                .column("external_ids", .string, to: .string, .any),
                .column("child_port", .string, .some),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [])
    }
}

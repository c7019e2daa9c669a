// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table Port_Group.
    package struct PortGroup: TypedRow {
        package enum Column: Int, RowColumn {
            case acls
            case externalIDs
            case name
            case ports
        }

        /// `name`
        package var name: String
        /// `ports`: weak reference to Logical_Switch_Port
        package var ports: [RowUUID]
        /// `acls`: strong reference to ACL
        package var acls: [RowUUID]
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            name: String = "",
            ports: [RowUUID] = [],
            acls: [RowUUID] = [],
            externalIDs: [String: String] = [:]
        ) {
            self.name = name
            self.ports = canonicalSet(ports)
            self.acls = canonicalSet(acls)
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            acls = row.set(0)
            externalIDs = row.map(1)
            name = row.scalar(2)
            ports = row.set(3)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 4)
            row.set(acls)
            row.map(externalIDs)
            row.scalar(name)
            row.set(ports)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if acls != old.acls {
                changes.set(0, acls)
            }
            if externalIDs != old.externalIDs {
                changes.map(1, externalIDs)
            }
            if name != old.name {
                changes.scalar(2, name)
            }
            if ports != old.ports {
                changes.set(3, ports)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Port_Group",
            columns: [
                .column("name", .string),
                .column("ports", .weak("Logical_Switch_Port"), .any),
                .column("acls", .strong("ACL"), .any),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["name"]])
    }
}

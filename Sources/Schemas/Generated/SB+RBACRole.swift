// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table RBAC_Role.
    package struct RBACRole: TypedRow {
        package enum Column: Int, RowColumn {
            case name
            case permissions
        }

        /// `name`
        package var name: String
        /// `permissions`: value weak reference to RBAC_Permission
        package var permissions: [String: RowUUID]

        package init(
            name: String = "",
            permissions: [String: RowUUID] = [:]
        ) {
            self.name = name
            self.permissions = permissions
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            name = row.scalar(0)
            permissions = row.map(1)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 2)
            row.scalar(name)
            row.map(permissions)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if name != old.name {
                changes.scalar(0, name)
            }
            if permissions != old.permissions {
                changes.map(1, permissions)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "RBAC_Role",
            columns: [
                .column("name", .string),
                .column("permissions", .string, to: .weak("RBAC_Permission"), .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [])
    }
}

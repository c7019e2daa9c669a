// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table RBAC_Permission.
    package struct RBACPermission: TypedRow {
        package enum Column: Int, RowColumn {
            case authorization
            case insertDelete
            case table
            case update
        }

        /// `table`
        package var table: String
        /// `authorization`
        package var authorization: [String]
        /// `insert_delete`
        package var insertDelete: Bool
        /// `update`
        package var update: [String]

        package init(
            table: String = "",
            authorization: [String] = [],
            insertDelete: Bool = false,
            update: [String] = []
        ) {
            self.table = table
            self.authorization = canonicalSet(authorization)
            self.insertDelete = insertDelete
            self.update = canonicalSet(update)
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            authorization = row.set(0)
            insertDelete = row.scalar(1)
            table = row.scalar(2)
            update = row.set(3)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 4)
            row.set(authorization)
            row.scalar(insertDelete)
            row.scalar(table)
            row.set(update)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if authorization != old.authorization {
                changes.set(0, authorization)
            }
            if insertDelete != old.insertDelete {
                changes.scalar(1, insertDelete)
            }
            if table != old.table {
                changes.scalar(2, table)
            }
            if update != old.update {
                changes.set(3, update)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "RBAC_Permission",
            columns: [
                .column("table", .string),
                .column("authorization", .string, .any),
                .column("insert_delete", .boolean),
                .column("update", .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [])
    }
}

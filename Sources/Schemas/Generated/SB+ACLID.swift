// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table ACL_ID.
    package struct ACLID: TypedRow {
        package enum Column: Int, RowColumn {
            case id
        }

        /// `id`: 0..32767
        package var id: Int

        package init(
            id: Int = 0
        ) {
            self.id = id
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            id = row.scalar(0)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 1)
            row.scalar(id)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if id != old.id {
                changes.scalar(0, id)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "ACL_ID",
            columns: [
                .column("id", .integers(0, 32767))
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [])
    }
}

// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table Logical_DP_Group.
    package struct LogicalDPGroup: TypedRow {
        package enum Column: Int, RowColumn {
            case datapaths
        }

        /// `datapaths`: weak reference to Datapath_Binding
        package var datapaths: [RowUUID]

        package init(
            datapaths: [RowUUID] = []
        ) {
            self.datapaths = canonicalSet(datapaths)
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            datapaths = row.set(0)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 1)
            row.set(datapaths)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if datapaths != old.datapaths {
                changes.set(0, datapaths)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Logical_DP_Group",
            columns: [
                .column("datapaths", .weak("Datapath_Binding"), .any)
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [])
    }
}

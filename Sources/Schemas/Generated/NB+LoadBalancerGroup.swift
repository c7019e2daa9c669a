// Written by Tools/generate-schemas from NB.ovsidl; edit that file instead.

import OVSDBModel

extension NB {
    /// A row of table Load_Balancer_Group.
    package struct LoadBalancerGroup: TypedRow {
        package enum Column: Int, RowColumn {
            case loadBalancer
            case name
        }

        /// `name`
        package var name: String
        /// `load_balancer`: weak reference to Load_Balancer
        package var loadBalancer: [RowUUID]

        package init(
            name: String = "",
            loadBalancer: [RowUUID] = []
        ) {
            self.name = name
            self.loadBalancer = canonicalSet(loadBalancer)
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            loadBalancer = row.set(0)
            name = row.scalar(1)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 2)
            row.set(loadBalancer)
            row.scalar(name)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if loadBalancer != old.loadBalancer {
                changes.set(0, loadBalancer)
            }
            if name != old.name {
                changes.scalar(1, name)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Load_Balancer_Group",
            columns: [
                .column("name", .string),
                .column("load_balancer", .weak("Load_Balancer"), .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["name"]])
    }
}

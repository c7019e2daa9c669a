// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table Multicast_Group.
    package struct MulticastGroup: TypedRow {
        package enum Column: Int, RowColumn {
            case datapath
            case name
            case ports
            case tunnelKey
        }

        /// `datapath`: strong reference to Datapath_Binding
        package var datapath: RowUUID
        /// `name`
        package var name: String
        /// `tunnel_key`: 32768..65535
        package var tunnelKey: Int
        /// `ports`: weak reference to Port_Binding
        package var ports: [RowUUID]

        package init(
            datapath: RowUUID = .zero,
            name: String = "",
            tunnelKey: Int = 0,
            ports: [RowUUID] = []
        ) {
            self.datapath = datapath
            self.name = name
            self.tunnelKey = tunnelKey
            self.ports = canonicalSet(ports)
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            datapath = row.scalar(0)
            name = row.scalar(1)
            ports = row.set(2)
            tunnelKey = row.scalar(3)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 4)
            row.scalar(datapath)
            row.scalar(name)
            row.set(ports)
            row.scalar(tunnelKey)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if datapath != old.datapath {
                changes.scalar(0, datapath)
            }
            if name != old.name {
                changes.scalar(1, name)
            }
            if ports != old.ports {
                changes.set(2, ports)
            }
            if tunnelKey != old.tunnelKey {
                changes.scalar(3, tunnelKey)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Multicast_Group",
            columns: [
                .column("datapath", .strong("Datapath_Binding")),
                .column("name", .string),
                .column("tunnel_key", .integers(32768, 65535)),
                .column("ports", .weak("Port_Binding"), .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["datapath", "tunnel_key"], ["datapath", "name"]])
    }
}

// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table IGMP_Group.
    package struct IGMPGroup: TypedRow {
        package enum Column: Int, RowColumn {
            case address
            case chassis
            case chassisName
            case datapath
            case ports
            case `protocol`
        }

        /// `address`
        package var address: String
        /// `protocol`
        package var `protocol`: String
        /// `datapath`: weak reference to Datapath_Binding
        package var datapath: RowUUID?
        /// `chassis`: weak reference to Chassis
        package var chassis: RowUUID?
        /// `ports`: weak reference to Port_Binding
        package var ports: [RowUUID]
        /// `chassis_name`
        package var chassisName: String

        package init(
            address: String = "",
            protocol: String = "",
            datapath: RowUUID? = nil,
            chassis: RowUUID? = nil,
            ports: [RowUUID] = [],
            chassisName: String = ""
        ) {
            self.address = address
            self.protocol = `protocol`
            self.datapath = datapath
            self.chassis = chassis
            self.ports = canonicalSet(ports)
            self.chassisName = chassisName
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            address = row.scalar(0)
            chassis = row.optional(1)
            chassisName = row.scalar(2)
            datapath = row.optional(3)
            ports = row.set(4)
            `protocol` = row.scalar(5)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 6)
            row.scalar(address)
            row.optional(chassis)
            row.scalar(chassisName)
            row.optional(datapath)
            row.set(ports)
            row.scalar(`protocol`)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if address != old.address {
                changes.scalar(0, address)
            }
            if chassis != old.chassis {
                changes.optional(1, chassis)
            }
            if chassisName != old.chassisName {
                changes.scalar(2, chassisName)
            }
            if datapath != old.datapath {
                changes.optional(3, datapath)
            }
            if ports != old.ports {
                changes.set(4, ports)
            }
            if `protocol` != old.protocol {
                changes.scalar(5, `protocol`)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "IGMP_Group",
            columns: [
                .column("address", .string),
                .column("protocol", .string),
                .column("datapath", .weak("Datapath_Binding"), .optional),
                .column("chassis", .weak("Chassis"), .optional),
                .column("ports", .weak("Port_Binding"), .any),
                .column("chassis_name", .string),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["address", "datapath", "chassis"]])
    }
}

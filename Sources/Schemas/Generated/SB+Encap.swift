// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table Encap.
    package struct Encap: TypedRow {
        package enum Column: Int, RowColumn {
            case chassisName
            case ip
            case options
            case type
        }

        package static let typeGeneve = "geneve"
        package static let typeVxlan = "vxlan"

        /// `type`: one of geneve, vxlan
        package var type: String
        /// `options`
        package var options: [String: String]
        /// `ip`
        package var ip: String
        /// `chassis_name`
        package var chassisName: String

        package init(
            type: String = "",
            options: [String: String] = [:],
            ip: String = "",
            chassisName: String = ""
        ) {
            self.type = type
            self.options = options
            self.ip = ip
            self.chassisName = chassisName
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            chassisName = row.scalar(0)
            ip = row.scalar(1)
            options = row.map(2)
            type = row.scalar(3)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 4)
            row.scalar(chassisName)
            row.scalar(ip)
            row.map(options)
            row.scalar(type)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if chassisName != old.chassisName {
                changes.scalar(0, chassisName)
            }
            if ip != old.ip {
                changes.scalar(1, ip)
            }
            if options != old.options {
                changes.map(2, options)
            }
            if type != old.type {
                changes.scalar(3, type)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Encap",
            columns: [
                .column("type", .strings(in: ["geneve", "vxlan"])),
                .column("options", .string, to: .string, .any),
                .column("ip", .string),
                .column("chassis_name", .string),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [["type", "ip"]])
    }
}

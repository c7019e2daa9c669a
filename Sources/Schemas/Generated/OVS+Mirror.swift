// Written by Tools/generate-schemas from OVS.ovsidl; edit that file instead.

import OVSDBModel

extension OVS {
    /// A row of table Mirror.
    package struct Mirror: TypedRow {
        package enum Column: Int, RowColumn {
            case externalIDs
            case filter
            case name
            case outputPort
            case outputVLAN
            case selectAll
            case selectDstPort
            case selectSrcPort
            case selectVLAN
            case snaplen
            case statistics
        }

        /// `name`
        package var name: String
        /// `select_all`
        package var selectAll: Bool
        /// `select_src_port`: weak reference to Port
        package var selectSrcPort: [RowUUID]
        /// `select_dst_port`: weak reference to Port
        package var selectDstPort: [RowUUID]
        /// `select_vlan`: 0..4095; 0 to 4096 elements
        package var selectVLAN: [Int]
        /// `output_port`: weak reference to Port
        package var outputPort: RowUUID?
        /// `output_vlan`: 1..4095
        package var outputVLAN: Int?
        /// `snaplen`: 14..65535
        package var snaplen: Int?
        /// `statistics`: not stored
        package var statistics: [String: Int]
        /// `filter`
        package var filter: String?
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            name: String = "",
            selectAll: Bool = false,
            selectSrcPort: [RowUUID] = [],
            selectDstPort: [RowUUID] = [],
            selectVLAN: [Int] = [],
            outputPort: RowUUID? = nil,
            outputVLAN: Int? = nil,
            snaplen: Int? = nil,
            statistics: [String: Int] = [:],
            filter: String? = nil,
            externalIDs: [String: String] = [:]
        ) {
            self.name = name
            self.selectAll = selectAll
            self.selectSrcPort = canonicalSet(selectSrcPort)
            self.selectDstPort = canonicalSet(selectDstPort)
            self.selectVLAN = canonicalSet(selectVLAN)
            self.outputPort = outputPort
            self.outputVLAN = outputVLAN
            self.snaplen = snaplen
            self.statistics = statistics
            self.filter = filter
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            externalIDs = row.map(0)
            filter = row.optional(1)
            name = row.scalar(2)
            outputPort = row.optional(3)
            outputVLAN = row.optional(4)
            selectAll = row.scalar(5)
            selectDstPort = row.set(6)
            selectSrcPort = row.set(7)
            selectVLAN = row.set(8)
            snaplen = row.optional(9)
            statistics = row.map(10)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 11)
            row.map(externalIDs)
            row.optional(filter)
            row.scalar(name)
            row.optional(outputPort)
            row.optional(outputVLAN)
            row.scalar(selectAll)
            row.set(selectDstPort)
            row.set(selectSrcPort)
            row.set(selectVLAN)
            row.optional(snaplen)
            row.map(statistics)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if externalIDs != old.externalIDs {
                changes.map(0, externalIDs)
            }
            if filter != old.filter {
                changes.optional(1, filter)
            }
            if name != old.name {
                changes.scalar(2, name)
            }
            if outputPort != old.outputPort {
                changes.optional(3, outputPort)
            }
            if outputVLAN != old.outputVLAN {
                changes.optional(4, outputVLAN)
            }
            if selectAll != old.selectAll {
                changes.scalar(5, selectAll)
            }
            if selectDstPort != old.selectDstPort {
                changes.set(6, selectDstPort)
            }
            if selectSrcPort != old.selectSrcPort {
                changes.set(7, selectSrcPort)
            }
            if selectVLAN != old.selectVLAN {
                changes.set(8, selectVLAN)
            }
            if snaplen != old.snaplen {
                changes.optional(9, snaplen)
            }
            if statistics != old.statistics {
                changes.map(10, statistics)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Mirror",
            columns: [
                .column("name", .string),
                .column("select_all", .boolean),
                .column("select_src_port", .weak("Port"), .any),
                .column("select_dst_port", .weak("Port"), .any),
                .column("select_vlan", .integers(0, 4095), .between(0, 4096)),
                .column("output_port", .weak("Port"), .optional),
                .column("output_vlan", .integers(1, 4095), .optional),
                .column("snaplen", .integers(14, 65535), .optional),
                .column("statistics", .string, to: .integer, .any, isEphemeral: true),
                .column("filter", .string, .optional),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [])
    }
}

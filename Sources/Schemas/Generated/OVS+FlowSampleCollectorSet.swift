// Written by Tools/generate-schemas from OVS.ovsidl; edit that file instead.

import OVSDBModel

extension OVS {
    /// A row of table Flow_Sample_Collector_Set.
    package struct FlowSampleCollectorSet: TypedRow {
        package enum Column: Int, RowColumn {
            case bridge
            case externalIDs
            case id
            case ipfix
            case localGroupID
        }

        /// `id`: 0..4294967295
        package var id: Int
        /// `bridge`: strong reference to Bridge
        package var bridge: RowUUID
        /// `ipfix`: strong reference to IPFIX
        package var ipfix: RowUUID?
        /// `local_group_id`: 0..4294967295
        package var localGroupID: Int?
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            id: Int = 0,
            bridge: RowUUID = .zero,
            ipfix: RowUUID? = nil,
            localGroupID: Int? = nil,
            externalIDs: [String: String] = [:]
        ) {
            self.id = id
            self.bridge = bridge
            self.ipfix = ipfix
            self.localGroupID = localGroupID
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            bridge = row.scalar(0)
            externalIDs = row.map(1)
            id = row.scalar(2)
            ipfix = row.optional(3)
            localGroupID = row.optional(4)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 5)
            row.scalar(bridge)
            row.map(externalIDs)
            row.scalar(id)
            row.optional(ipfix)
            row.optional(localGroupID)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if bridge != old.bridge {
                changes.scalar(0, bridge)
            }
            if externalIDs != old.externalIDs {
                changes.map(1, externalIDs)
            }
            if id != old.id {
                changes.scalar(2, id)
            }
            if ipfix != old.ipfix {
                changes.optional(3, ipfix)
            }
            if localGroupID != old.localGroupID {
                changes.optional(4, localGroupID)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Flow_Sample_Collector_Set",
            columns: [
                .column("id", .integers(0, 4294967295)),
                .column("bridge", .strong("Bridge")),
                .column("ipfix", .strong("IPFIX"), .optional),
                .column("local_group_id", .integers(0, 4294967295), .optional),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["id", "bridge"]])
    }
}

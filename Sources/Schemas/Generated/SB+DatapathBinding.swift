// Written by Tools/generate-schemas from SB.ovsidl; edit that file instead.

import OVSDBModel

extension SB {
    /// A row of table Datapath_Binding.
    package struct DatapathBinding: TypedRow {
        package enum Column: Int, RowColumn {
            case externalIDs
            case loadBalancers
            case nbUUID
            case tunnelKey
            case type
        }

        package static let typeLogicalRouter = "logical-router"
        package static let typeLogicalSwitch = "logical-switch"

        /// `tunnel_key`: 1..16777215
        package var tunnelKey: Int
        /// `load_balancers`
        package var loadBalancers: [RowUUID]
        /// `type`: one of logical-router, logical-switch
        package var type: String?
        /// `nb_uuid`
        package var nbUUID: RowUUID?
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            tunnelKey: Int = 0,
            loadBalancers: [RowUUID] = [],
            type: String? = nil,
            nbUUID: RowUUID? = nil,
            externalIDs: [String: String] = [:]
        ) {
            self.tunnelKey = tunnelKey
            self.loadBalancers = canonicalSet(loadBalancers)
            self.type = type
            self.nbUUID = nbUUID
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            externalIDs = row.map(0)
            loadBalancers = row.set(1)
            nbUUID = row.optional(2)
            tunnelKey = row.scalar(3)
            type = row.optional(4)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 5)
            row.map(externalIDs)
            row.set(loadBalancers)
            row.optional(nbUUID)
            row.scalar(tunnelKey)
            row.optional(type)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if externalIDs != old.externalIDs {
                changes.map(0, externalIDs)
            }
            if loadBalancers != old.loadBalancers {
                changes.set(1, loadBalancers)
            }
            if nbUUID != old.nbUUID {
                changes.optional(2, nbUUID)
            }
            if tunnelKey != old.tunnelKey {
                changes.scalar(3, tunnelKey)
            }
            if type != old.type {
                changes.optional(4, type)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Datapath_Binding",
            columns: [
                .column("tunnel_key", .integers(1, 16777215)),
                .column("load_balancers", .uuid, .any),
                .column("type", .strings(in: ["logical-router", "logical-switch"]), .optional),
                .column("nb_uuid", .uuid, .optional),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: true,
            indexes: [["tunnel_key"]])
    }
}

// Written by Tools/generate-schemas from OVS.ovsidl; edit that file instead.

import OVSDBModel

extension OVS {
    /// A row of table Datapath.
    package struct Datapath: TypedRow {
        package enum Column: Int, RowColumn {
            case capabilities
            case ctZoneDefaultLimit
            case ctZones
            case datapathVersion
            case externalIDs
        }

        /// `datapath_version`
        package var datapathVersion: String
        /// `ct_zones`: key 0..65535; value strong reference to CT_Zone
        package var ctZones: [Int: RowUUID]
        /// `capabilities`
        package var capabilities: [String: String]
        /// `ct_zone_default_limit`: 0..4294967295
        package var ctZoneDefaultLimit: Int?
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            datapathVersion: String = "",
            ctZones: [Int: RowUUID] = [:],
            capabilities: [String: String] = [:],
            ctZoneDefaultLimit: Int? = nil,
            externalIDs: [String: String] = [:]
        ) {
            self.datapathVersion = datapathVersion
            self.ctZones = ctZones
            self.capabilities = capabilities
            self.ctZoneDefaultLimit = ctZoneDefaultLimit
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            capabilities = row.map(0)
            ctZoneDefaultLimit = row.optional(1)
            ctZones = row.map(2)
            datapathVersion = row.scalar(3)
            externalIDs = row.map(4)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 5)
            row.map(capabilities)
            row.optional(ctZoneDefaultLimit)
            row.map(ctZones)
            row.scalar(datapathVersion)
            row.map(externalIDs)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if capabilities != old.capabilities {
                changes.map(0, capabilities)
            }
            if ctZoneDefaultLimit != old.ctZoneDefaultLimit {
                changes.optional(1, ctZoneDefaultLimit)
            }
            if ctZones != old.ctZones {
                changes.map(2, ctZones)
            }
            if datapathVersion != old.datapathVersion {
                changes.scalar(3, datapathVersion)
            }
            if externalIDs != old.externalIDs {
                changes.map(4, externalIDs)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Datapath",
            columns: [
                .column("datapath_version", .string),
                .column("ct_zones", .integers(0, 65535), to: .strong("CT_Zone"), .any),
                .column("capabilities", .string, to: .string, .any),
                .column("ct_zone_default_limit", .integers(0, 4294967295), .optional),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [])
    }
}

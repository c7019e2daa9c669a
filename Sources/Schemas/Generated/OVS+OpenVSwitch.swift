// Written by Tools/generate-schemas from OVS.ovsidl; edit that file instead.

import OVSDBModel

extension OVS {
    /// A row of table Open_vSwitch.
    package struct OpenVSwitch: TypedRow {
        package enum Column: Int, RowColumn {
            case bridges
            case curCfg
            case datapathTypes
            case datapaths
            case dbVersion
            case dpdkInitialized
            case dpdkVersion
            case externalIDs
            case ifaceTypes
            case managerOptions
            case nextCfg
            case otherConfig
            case ovsVersion
            case ssl
            case statistics
            case systemType
            case systemVersion
        }

        /// `datapaths`: value strong reference to Datapath
        package var datapaths: [String: RowUUID]
        /// `bridges`: strong reference to Bridge
        package var bridges: [RowUUID]
        /// `manager_options`: strong reference to Manager
        package var managerOptions: [RowUUID]
        /// `ssl`: strong reference to SSL
        package var ssl: RowUUID?
        /// `other_config`
        package var otherConfig: [String: String]
        /// `external_ids`
        package var externalIDs: [String: String]
        /// `next_cfg`
        package var nextCfg: Int
        /// `cur_cfg`
        package var curCfg: Int
        /// `statistics`: not stored
        package var statistics: [String: String]
        /// `ovs_version`
        package var ovsVersion: String?
        /// `db_version`
        package var dbVersion: String?
        /// `system_type`
        package var systemType: String?
        /// `system_version`
        package var systemVersion: String?
        /// `datapath_types`
        package var datapathTypes: [String]
        /// `iface_types`
        package var ifaceTypes: [String]
        /// `dpdk_initialized`
        package var dpdkInitialized: Bool
        /// `dpdk_version`
        package var dpdkVersion: String?

        package init(
            datapaths: [String: RowUUID] = [:],
            bridges: [RowUUID] = [],
            managerOptions: [RowUUID] = [],
            ssl: RowUUID? = nil,
            otherConfig: [String: String] = [:],
            externalIDs: [String: String] = [:],
            nextCfg: Int = 0,
            curCfg: Int = 0,
            statistics: [String: String] = [:],
            ovsVersion: String? = nil,
            dbVersion: String? = nil,
            systemType: String? = nil,
            systemVersion: String? = nil,
            datapathTypes: [String] = [],
            ifaceTypes: [String] = [],
            dpdkInitialized: Bool = false,
            dpdkVersion: String? = nil
        ) {
            self.datapaths = datapaths
            self.bridges = canonicalSet(bridges)
            self.managerOptions = canonicalSet(managerOptions)
            self.ssl = ssl
            self.otherConfig = otherConfig
            self.externalIDs = externalIDs
            self.nextCfg = nextCfg
            self.curCfg = curCfg
            self.statistics = statistics
            self.ovsVersion = ovsVersion
            self.dbVersion = dbVersion
            self.systemType = systemType
            self.systemVersion = systemVersion
            self.datapathTypes = canonicalSet(datapathTypes)
            self.ifaceTypes = canonicalSet(ifaceTypes)
            self.dpdkInitialized = dpdkInitialized
            self.dpdkVersion = dpdkVersion
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            bridges = row.set(0)
            curCfg = row.scalar(1)
            datapathTypes = row.set(2)
            datapaths = row.map(3)
            dbVersion = row.optional(4)
            dpdkInitialized = row.scalar(5)
            dpdkVersion = row.optional(6)
            externalIDs = row.map(7)
            ifaceTypes = row.set(8)
            managerOptions = row.set(9)
            nextCfg = row.scalar(10)
            otherConfig = row.map(11)
            ovsVersion = row.optional(12)
            ssl = row.optional(13)
            statistics = row.map(14)
            systemType = row.optional(15)
            systemVersion = row.optional(16)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 17)
            row.set(bridges)
            row.scalar(curCfg)
            row.set(datapathTypes)
            row.map(datapaths)
            row.optional(dbVersion)
            row.scalar(dpdkInitialized)
            row.optional(dpdkVersion)
            row.map(externalIDs)
            row.set(ifaceTypes)
            row.set(managerOptions)
            row.scalar(nextCfg)
            row.map(otherConfig)
            row.optional(ovsVersion)
            row.optional(ssl)
            row.map(statistics)
            row.optional(systemType)
            row.optional(systemVersion)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if bridges != old.bridges {
                changes.set(0, bridges)
            }
            if curCfg != old.curCfg {
                changes.scalar(1, curCfg)
            }
            if datapathTypes != old.datapathTypes {
                changes.set(2, datapathTypes)
            }
            if datapaths != old.datapaths {
                changes.map(3, datapaths)
            }
            if dbVersion != old.dbVersion {
                changes.optional(4, dbVersion)
            }
            if dpdkInitialized != old.dpdkInitialized {
                changes.scalar(5, dpdkInitialized)
            }
            if dpdkVersion != old.dpdkVersion {
                changes.optional(6, dpdkVersion)
            }
            if externalIDs != old.externalIDs {
                changes.map(7, externalIDs)
            }
            if ifaceTypes != old.ifaceTypes {
                changes.set(8, ifaceTypes)
            }
            if managerOptions != old.managerOptions {
                changes.set(9, managerOptions)
            }
            if nextCfg != old.nextCfg {
                changes.scalar(10, nextCfg)
            }
            if otherConfig != old.otherConfig {
                changes.map(11, otherConfig)
            }
            if ovsVersion != old.ovsVersion {
                changes.optional(12, ovsVersion)
            }
            if ssl != old.ssl {
                changes.optional(13, ssl)
            }
            if statistics != old.statistics {
                changes.map(14, statistics)
            }
            if systemType != old.systemType {
                changes.optional(15, systemType)
            }
            if systemVersion != old.systemVersion {
                changes.optional(16, systemVersion)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Open_vSwitch",
            columns: [
                .column("datapaths", .string, to: .strong("Datapath"), .any),
                .column("bridges", .strong("Bridge"), .any),
                .column("manager_options", .strong("Manager"), .any),
                .column("ssl", .strong("SSL"), .optional),
                .column("other_config", .string, to: .string, .any),
                .column("external_ids", .string, to: .string, .any),
                .column("next_cfg", .integer),
                .column("cur_cfg", .integer),
                .column("statistics", .string, to: .string, .any, isEphemeral: true),
                .column("ovs_version", .string, .optional),
                .column("db_version", .string, .optional),
                .column("system_type", .string, .optional),
                .column("system_version", .string, .optional),
                .column("datapath_types", .string, .any),
                .column("iface_types", .string, .any),
                .column("dpdk_initialized", .boolean),
                .column("dpdk_version", .string, .optional),
            ],
            maximumRows: 1,
            isRoot: true,
            indexes: [])
    }
}

// Written by Tools/generate-schemas from OVS.ovsidl; edit that file instead.

import OVSDBModel

extension OVS {
    /// A row of table Port.
    package struct Port: TypedRow {
        package enum Column: Int, RowColumn {
            case bondActiveSlave
            case bondDowndelay
            case bondFakeIface
            case bondMode
            case bondUpdelay
            case cvlans
            case externalIDs
            case fakeBridge
            case interfaces
            case lacp
            case mac
            case name
            case otherConfig
            case protected
            case qos
            case rstpStatistics
            case rstpStatus
            case statistics
            case status
            case tag
            case trunks
            case vlanMode
        }

        package static let vlanModeAccess = "access"
        package static let vlanModeDot1qTunnel = "dot1q-tunnel"
        package static let vlanModeNativeTagged = "native-tagged"
        package static let vlanModeNativeUntagged = "native-untagged"
        package static let vlanModeTrunk = "trunk"
        package static let bondModeActiveBackup = "active-backup"
        package static let bondModeBalanceSlb = "balance-slb"
        package static let bondModeBalanceTCP = "balance-tcp"
        package static let lacpActive = "active"
        package static let lacpOff = "off"
        package static let lacpPassive = "passive"

        /// `name`: fixed at insertion
        package var name: String
        /// `interfaces`: strong reference to Interface; at least one
        package var interfaces: [RowUUID]
        /// `trunks`: 0..4095; 0 to 4096 elements
        package var trunks: [Int]
        /// `cvlans`: 0..4095; 0 to 4096 elements
        package var cvlans: [Int]
        /// `tag`: 0..4095
        package var tag: Int?
        /// `vlan_mode`: one of access, dot1q-tunnel, native-tagged, native-untagged, trunk
        package var vlanMode: String?
        /// `qos`: strong reference to QoS
        package var qos: RowUUID?
        /// `mac`
        package var mac: String?
        /// `bond_mode`: one of active-backup, balance-slb, balance-tcp
        package var bondMode: String?
        /// `lacp`: one of active, off, passive
        package var lacp: String?
        /// `bond_updelay`
        package var bondUpdelay: Int
        /// `bond_downdelay`
        package var bondDowndelay: Int
        /// `bond_active_slave`
        package var bondActiveSlave: String?
        /// `bond_fake_iface`
        package var bondFakeIface: Bool
        /// `fake_bridge`
        package var fakeBridge: Bool
        /// `status`: not stored
        package var status: [String: String]
        /// `rstp_status`: not stored
        package var rstpStatus: [String: String]
        /// `rstp_statistics`: not stored
        package var rstpStatistics: [String: Int]
        /// `statistics`: not stored
        package var statistics: [String: Int]
        /// `protected`
        package var protected: Bool
        /// `other_config`
        package var otherConfig: [String: String]
        /// `external_ids`
        package var externalIDs: [String: String]

        package init(
            name: String = "",
            interfaces: [RowUUID] = [],
            trunks: [Int] = [],
            cvlans: [Int] = [],
            tag: Int? = nil,
            vlanMode: String? = nil,
            qos: RowUUID? = nil,
            mac: String? = nil,
            bondMode: String? = nil,
            lacp: String? = nil,
            bondUpdelay: Int = 0,
            bondDowndelay: Int = 0,
            bondActiveSlave: String? = nil,
            bondFakeIface: Bool = false,
            fakeBridge: Bool = false,
            status: [String: String] = [:],
            rstpStatus: [String: String] = [:],
            rstpStatistics: [String: Int] = [:],
            statistics: [String: Int] = [:],
            protected: Bool = false,
            otherConfig: [String: String] = [:],
            externalIDs: [String: String] = [:]
        ) {
            self.name = name
            self.interfaces = canonicalSet(interfaces)
            self.trunks = canonicalSet(trunks)
            self.cvlans = canonicalSet(cvlans)
            self.tag = tag
            self.vlanMode = vlanMode
            self.qos = qos
            self.mac = mac
            self.bondMode = bondMode
            self.lacp = lacp
            self.bondUpdelay = bondUpdelay
            self.bondDowndelay = bondDowndelay
            self.bondActiveSlave = bondActiveSlave
            self.bondFakeIface = bondFakeIface
            self.fakeBridge = fakeBridge
            self.status = status
            self.rstpStatus = rstpStatus
            self.rstpStatistics = rstpStatistics
            self.statistics = statistics
            self.protected = protected
            self.otherConfig = otherConfig
            self.externalIDs = externalIDs
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            bondActiveSlave = row.optional(0)
            bondDowndelay = row.scalar(1)
            bondFakeIface = row.scalar(2)
            bondMode = row.optional(3)
            bondUpdelay = row.scalar(4)
            cvlans = row.set(5)
            externalIDs = row.map(6)
            fakeBridge = row.scalar(7)
            interfaces = row.set(8)
            lacp = row.optional(9)
            mac = row.optional(10)
            name = row.scalar(11)
            otherConfig = row.map(12)
            protected = row.scalar(13)
            qos = row.optional(14)
            rstpStatistics = row.map(15)
            rstpStatus = row.map(16)
            statistics = row.map(17)
            status = row.map(18)
            tag = row.optional(19)
            trunks = row.set(20)
            vlanMode = row.optional(21)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 22)
            row.optional(bondActiveSlave)
            row.scalar(bondDowndelay)
            row.scalar(bondFakeIface)
            row.optional(bondMode)
            row.scalar(bondUpdelay)
            row.set(cvlans)
            row.map(externalIDs)
            row.scalar(fakeBridge)
            row.set(interfaces)
            row.optional(lacp)
            row.optional(mac)
            row.scalar(name)
            row.map(otherConfig)
            row.scalar(protected)
            row.optional(qos)
            row.map(rstpStatistics)
            row.map(rstpStatus)
            row.map(statistics)
            row.map(status)
            row.optional(tag)
            row.set(trunks)
            row.optional(vlanMode)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if bondActiveSlave != old.bondActiveSlave {
                changes.optional(0, bondActiveSlave)
            }
            if bondDowndelay != old.bondDowndelay {
                changes.scalar(1, bondDowndelay)
            }
            if bondFakeIface != old.bondFakeIface {
                changes.scalar(2, bondFakeIface)
            }
            if bondMode != old.bondMode {
                changes.optional(3, bondMode)
            }
            if bondUpdelay != old.bondUpdelay {
                changes.scalar(4, bondUpdelay)
            }
            if cvlans != old.cvlans {
                changes.set(5, cvlans)
            }
            if externalIDs != old.externalIDs {
                changes.map(6, externalIDs)
            }
            if fakeBridge != old.fakeBridge {
                changes.scalar(7, fakeBridge)
            }
            if interfaces != old.interfaces {
                changes.set(8, interfaces)
            }
            if lacp != old.lacp {
                changes.optional(9, lacp)
            }
            if mac != old.mac {
                changes.optional(10, mac)
            }
            if name != old.name {
                changes.scalar(11, name)
            }
            if otherConfig != old.otherConfig {
                changes.map(12, otherConfig)
            }
            if protected != old.protected {
                changes.scalar(13, protected)
            }
            if qos != old.qos {
                changes.optional(14, qos)
            }
            if rstpStatistics != old.rstpStatistics {
                changes.map(15, rstpStatistics)
            }
            if rstpStatus != old.rstpStatus {
                changes.map(16, rstpStatus)
            }
            if statistics != old.statistics {
                changes.map(17, statistics)
            }
            if status != old.status {
                changes.map(18, status)
            }
            if tag != old.tag {
                changes.optional(19, tag)
            }
            if trunks != old.trunks {
                changes.set(20, trunks)
            }
            if vlanMode != old.vlanMode {
                changes.optional(21, vlanMode)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Port",
            columns: [
                .column("name", .string, isMutable: false),
                .column("interfaces", .strong("Interface"), .some),
                .column("trunks", .integers(0, 4095), .between(0, 4096)),
                .column("cvlans", .integers(0, 4095), .between(0, 4096)),
                .column("tag", .integers(0, 4095), .optional),
                .column(
                    "vlan_mode",
                    .strings(in: [
                        "access", "dot1q-tunnel", "native-tagged", "native-untagged", "trunk",
                    ]), .optional),
                .column("qos", .strong("QoS"), .optional),
                .column("mac", .string, .optional),
                .column(
                    "bond_mode",
                    .strings(in: [
                        "active-backup", "balance-slb", "balance-tcp",
                    ]), .optional),
                .column("lacp", .strings(in: ["active", "off", "passive"]), .optional),
                .column("bond_updelay", .integer),
                .column("bond_downdelay", .integer),
                .column("bond_active_slave", .string, .optional),
                .column("bond_fake_iface", .boolean),
                .column("fake_bridge", .boolean),
                .column("status", .string, to: .string, .any, isEphemeral: true),
                .column("rstp_status", .string, to: .string, .any, isEphemeral: true),
                .column("rstp_statistics", .string, to: .integer, .any, isEphemeral: true),
                .column("statistics", .string, to: .integer, .any, isEphemeral: true),
                .column("protected", .boolean),
                .column("other_config", .string, to: .string, .any),
                .column("external_ids", .string, to: .string, .any),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [["name"]])
    }
}

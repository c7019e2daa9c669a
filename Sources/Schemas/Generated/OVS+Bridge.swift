// Written by Tools/generate-schemas from OVS.ovsidl; edit that file instead.

import OVSDBModel

extension OVS {
    /// A row of table Bridge.
    package struct Bridge: TypedRow {
        package enum Column: Int, RowColumn {
            case autoAttach
            case controller
            case datapathID
            case datapathType
            case datapathVersion
            case externalIDs
            case failMode
            case floodVLANs
            case flowTables
            case ipfix
            case mcastSnoopingEnable
            case mirrors
            case name
            case netflow
            case otherConfig
            case ports
            case protocols
            case rstpEnable
            case rstpStatus
            case sflow
            case status
            case stpEnable
        }

        package static let protocolsOpenFlow10 = "OpenFlow10"
        package static let protocolsOpenFlow11 = "OpenFlow11"
        package static let protocolsOpenFlow12 = "OpenFlow12"
        package static let protocolsOpenFlow13 = "OpenFlow13"
        package static let protocolsOpenFlow14 = "OpenFlow14"
        package static let protocolsOpenFlow15 = "OpenFlow15"
        package static let failModeSecure = "secure"
        package static let failModeStandalone = "standalone"

        /// `name`: fixed at insertion
        package var name: String
        /// `datapath_type`
        package var datapathType: String
        /// `datapath_version`
        package var datapathVersion: String
        /// `datapath_id`: not stored
        package var datapathID: String?
        /// `stp_enable`
        package var stpEnable: Bool
        /// `rstp_enable`
        package var rstpEnable: Bool
        /// `mcast_snooping_enable`
        package var mcastSnoopingEnable: Bool
        /// `ports`: strong reference to Port
        package var ports: [RowUUID]
        /// `mirrors`: strong reference to Mirror
        package var mirrors: [RowUUID]
        /// `netflow`: strong reference to NetFlow
        package var netflow: RowUUID?
        /// `sflow`: strong reference to sFlow
        package var sflow: RowUUID?
        /// `ipfix`: strong reference to IPFIX
        package var ipfix: RowUUID?
        /// `controller`: strong reference to Controller
        package var controller: [RowUUID]
        /// `protocols`: one of OpenFlow10, OpenFlow11, OpenFlow12, OpenFlow13, OpenFlow14,
        /// OpenFlow15
        package var protocols: [String]
        /// `fail_mode`: one of secure, standalone
        package var failMode: String?
        /// `status`: not stored
        package var status: [String: String]
        /// `rstp_status`: not stored
        package var rstpStatus: [String: String]
        /// `other_config`
        package var otherConfig: [String: String]
        /// `external_ids`
        package var externalIDs: [String: String]
        /// `flood_vlans`: 0..4095; 0 to 4096 elements
        package var floodVLANs: [Int]
        /// `flow_tables`: key 0..254; value strong reference to Flow_Table
        package var flowTables: [Int: RowUUID]
        /// `auto_attach`: strong reference to AutoAttach
        package var autoAttach: RowUUID?

        package init(
            name: String = "",
            datapathType: String = "",
            datapathVersion: String = "",
            datapathID: String? = nil,
            stpEnable: Bool = false,
            rstpEnable: Bool = false,
            mcastSnoopingEnable: Bool = false,
            ports: [RowUUID] = [],
            mirrors: [RowUUID] = [],
            netflow: RowUUID? = nil,
            sflow: RowUUID? = nil,
            ipfix: RowUUID? = nil,
            controller: [RowUUID] = [],
            protocols: [String] = [],
            failMode: String? = nil,
            status: [String: String] = [:],
            rstpStatus: [String: String] = [:],
            otherConfig: [String: String] = [:],
            externalIDs: [String: String] = [:],
            floodVLANs: [Int] = [],
            flowTables: [Int: RowUUID] = [:],
            autoAttach: RowUUID? = nil
        ) {
            self.name = name
            self.datapathType = datapathType
            self.datapathVersion = datapathVersion
            self.datapathID = datapathID
            self.stpEnable = stpEnable
            self.rstpEnable = rstpEnable
            self.mcastSnoopingEnable = mcastSnoopingEnable
            self.ports = canonicalSet(ports)
            self.mirrors = canonicalSet(mirrors)
            self.netflow = netflow
            self.sflow = sflow
            self.ipfix = ipfix
            self.controller = canonicalSet(controller)
            self.protocols = canonicalSet(protocols)
            self.failMode = failMode
            self.status = status
            self.rstpStatus = rstpStatus
            self.otherConfig = otherConfig
            self.externalIDs = externalIDs
            self.floodVLANs = canonicalSet(floodVLANs)
            self.flowTables = flowTables
            self.autoAttach = autoAttach
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            autoAttach = row.optional(0)
            controller = row.set(1)
            datapathID = row.optional(2)
            datapathType = row.scalar(3)
            datapathVersion = row.scalar(4)
            externalIDs = row.map(5)
            failMode = row.optional(6)
            floodVLANs = row.set(7)
            flowTables = row.map(8)
            ipfix = row.optional(9)
            mcastSnoopingEnable = row.scalar(10)
            mirrors = row.set(11)
            name = row.scalar(12)
            netflow = row.optional(13)
            otherConfig = row.map(14)
            ports = row.set(15)
            protocols = row.set(16)
            rstpEnable = row.scalar(17)
            rstpStatus = row.map(18)
            sflow = row.optional(19)
            status = row.map(20)
            stpEnable = row.scalar(21)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 22)
            row.optional(autoAttach)
            row.set(controller)
            row.optional(datapathID)
            row.scalar(datapathType)
            row.scalar(datapathVersion)
            row.map(externalIDs)
            row.optional(failMode)
            row.set(floodVLANs)
            row.map(flowTables)
            row.optional(ipfix)
            row.scalar(mcastSnoopingEnable)
            row.set(mirrors)
            row.scalar(name)
            row.optional(netflow)
            row.map(otherConfig)
            row.set(ports)
            row.set(protocols)
            row.scalar(rstpEnable)
            row.map(rstpStatus)
            row.optional(sflow)
            row.map(status)
            row.scalar(stpEnable)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if autoAttach != old.autoAttach {
                changes.optional(0, autoAttach)
            }
            if controller != old.controller {
                changes.set(1, controller)
            }
            if datapathID != old.datapathID {
                changes.optional(2, datapathID)
            }
            if datapathType != old.datapathType {
                changes.scalar(3, datapathType)
            }
            if datapathVersion != old.datapathVersion {
                changes.scalar(4, datapathVersion)
            }
            if externalIDs != old.externalIDs {
                changes.map(5, externalIDs)
            }
            if failMode != old.failMode {
                changes.optional(6, failMode)
            }
            if floodVLANs != old.floodVLANs {
                changes.set(7, floodVLANs)
            }
            if flowTables != old.flowTables {
                changes.map(8, flowTables)
            }
            if ipfix != old.ipfix {
                changes.optional(9, ipfix)
            }
            if mcastSnoopingEnable != old.mcastSnoopingEnable {
                changes.scalar(10, mcastSnoopingEnable)
            }
            if mirrors != old.mirrors {
                changes.set(11, mirrors)
            }
            if name != old.name {
                changes.scalar(12, name)
            }
            if netflow != old.netflow {
                changes.optional(13, netflow)
            }
            if otherConfig != old.otherConfig {
                changes.map(14, otherConfig)
            }
            if ports != old.ports {
                changes.set(15, ports)
            }
            if protocols != old.protocols {
                changes.set(16, protocols)
            }
            if rstpEnable != old.rstpEnable {
                changes.scalar(17, rstpEnable)
            }
            if rstpStatus != old.rstpStatus {
                changes.map(18, rstpStatus)
            }
            if sflow != old.sflow {
                changes.optional(19, sflow)
            }
            if status != old.status {
                changes.map(20, status)
            }
            if stpEnable != old.stpEnable {
                changes.scalar(21, stpEnable)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Bridge",
            columns: [
                .column("name", .string, isMutable: false),
                .column("datapath_type", .string),
                .column("datapath_version", .string),
                .column("datapath_id", .string, .optional, isEphemeral: true),
                .column("stp_enable", .boolean),
                .column("rstp_enable", .boolean),
                .column("mcast_snooping_enable", .boolean),
                .column("ports", .strong("Port"), .any),
                .column("mirrors", .strong("Mirror"), .any),
                .column("netflow", .strong("NetFlow"), .optional),
                .column("sflow", .strong("sFlow"), .optional),
                .column("ipfix", .strong("IPFIX"), .optional),
                .column("controller", .strong("Controller"), .any),
                .column(
                    "protocols",
                    .strings(in: [
                        "OpenFlow10", "OpenFlow11", "OpenFlow12", "OpenFlow13", "OpenFlow14",
                        "OpenFlow15",
                    ]), .any),
                .column("fail_mode", .strings(in: ["secure", "standalone"]), .optional),
                .column("status", .string, to: .string, .any, isEphemeral: true),
                .column("rstp_status", .string, to: .string, .any, isEphemeral: true),
                .column("other_config", .string, to: .string, .any),
                .column("external_ids", .string, to: .string, .any),
                .column("flood_vlans", .integers(0, 4095), .between(0, 4096)),
                .column("flow_tables", .integers(0, 254), to: .strong("Flow_Table"), .any),
                .column("auto_attach", .strong("AutoAttach"), .optional),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [["name"]])
    }
}

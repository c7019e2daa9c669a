// Written by Tools/generate-schemas from OVS.ovsidl; edit that file instead.

import OVSDBModel

extension OVS {
    /// A row of table Interface.
    package struct Interface: TypedRow {
        package enum Column: Int, RowColumn {
            case adminState
            case bfd
            case bfdStatus
            case cfmFault
            case cfmFaultStatus
            case cfmFlapCount
            case cfmHealth
            case cfmMpid
            case cfmRemoteMpids
            case cfmRemoteOpstate
            case duplex
            case error
            case externalIDs
            case ifindex
            case ingressPolicingBurst
            case ingressPolicingKpktsBurst
            case ingressPolicingKpktsRate
            case ingressPolicingRate
            case lacpCurrent
            case linkResets
            case linkSpeed
            case linkState
            case lldp
            case mac
            case macInUse
            case mtu
            case mtuRequest
            case name
            case ofport
            case ofportRequest
            case options
            case otherConfig
            case statistics
            case status
            case type
        }

        package static let cfmRemoteOpstateDown = "down"
        package static let cfmRemoteOpstateUp = "up"
        package static let adminStateDown = "down"
        package static let adminStateUp = "up"
        package static let linkStateDown = "down"
        package static let linkStateUp = "up"
        package static let duplexFull = "full"
        package static let duplexHalf = "half"

        /// `name`: fixed at insertion
        package var name: String
        /// `type`
        package var type: String
        /// `options`
        package var options: [String: String]
        /// `ingress_policing_rate`: 0..
        package var ingressPolicingRate: Int
        /// `ingress_policing_burst`: 0..
        package var ingressPolicingBurst: Int
        /// `ingress_policing_kpkts_rate`: 0..
        package var ingressPolicingKpktsRate: Int
        /// `ingress_policing_kpkts_burst`: 0..
        package var ingressPolicingKpktsBurst: Int
        /// `mac_in_use`: not stored
        package var macInUse: String?
        /// `mac`
        package var mac: String?
        /// `ifindex`: 0..4294967295; not stored
        package var ifindex: Int?
        /// `external_ids`
        package var externalIDs: [String: String]
        /// `ofport`
        package var ofport: Int?
        /// `ofport_request`: 1..65279
        package var ofportRequest: Int?
        /// `bfd`
        package var bfd: [String: String]
        /// `bfd_status`: not stored
        package var bfdStatus: [String: String]
        /// `cfm_mpid`
        package var cfmMpid: Int?
        /// `cfm_remote_mpids`: not stored
        package var cfmRemoteMpids: [Int]
        /// `cfm_flap_count`
        package var cfmFlapCount: Int?
        /// `cfm_fault`: not stored
        package var cfmFault: Bool?
        /// `cfm_fault_status`: not stored
        package var cfmFaultStatus: [String]
        /// `cfm_remote_opstate`: one of down, up; not stored
        package var cfmRemoteOpstate: String?
        /// `cfm_health`: 0..100; not stored
        package var cfmHealth: Int?
        /// `lacp_current`: not stored
        package var lacpCurrent: Bool?
        /// `lldp`
        package var lldp: [String: String]
        /// `other_config`
        package var otherConfig: [String: String]
        /// `statistics`: not stored
        package var statistics: [String: Int]
        /// `status`: not stored
        package var status: [String: String]
        /// `admin_state`: one of down, up; not stored
        package var adminState: String?
        /// `link_state`: one of down, up; not stored
        package var linkState: String?
        /// `link_resets`: not stored
        package var linkResets: Int?
        /// `link_speed`: not stored
        package var linkSpeed: Int?
        /// `duplex`: one of full, half; not stored
        package var duplex: String?
        /// `mtu`: not stored
        package var mtu: Int?
        /// `mtu_request`: 1..
        package var mtuRequest: Int?
        /// `error`
        package var error: String?

        package init(
            name: String = "",
            type: String = "",
            options: [String: String] = [:],
            ingressPolicingRate: Int = 0,
            ingressPolicingBurst: Int = 0,
            ingressPolicingKpktsRate: Int = 0,
            ingressPolicingKpktsBurst: Int = 0,
            macInUse: String? = nil,
            mac: String? = nil,
            ifindex: Int? = nil,
            externalIDs: [String: String] = [:],
            ofport: Int? = nil,
            ofportRequest: Int? = nil,
            bfd: [String: String] = [:],
            bfdStatus: [String: String] = [:],
            cfmMpid: Int? = nil,
            cfmRemoteMpids: [Int] = [],
            cfmFlapCount: Int? = nil,
            cfmFault: Bool? = nil,
            cfmFaultStatus: [String] = [],
            cfmRemoteOpstate: String? = nil,
            cfmHealth: Int? = nil,
            lacpCurrent: Bool? = nil,
            lldp: [String: String] = [:],
            otherConfig: [String: String] = [:],
            statistics: [String: Int] = [:],
            status: [String: String] = [:],
            adminState: String? = nil,
            linkState: String? = nil,
            linkResets: Int? = nil,
            linkSpeed: Int? = nil,
            duplex: String? = nil,
            mtu: Int? = nil,
            mtuRequest: Int? = nil,
            error: String? = nil
        ) {
            self.name = name
            self.type = type
            self.options = options
            self.ingressPolicingRate = ingressPolicingRate
            self.ingressPolicingBurst = ingressPolicingBurst
            self.ingressPolicingKpktsRate = ingressPolicingKpktsRate
            self.ingressPolicingKpktsBurst = ingressPolicingKpktsBurst
            self.macInUse = macInUse
            self.mac = mac
            self.ifindex = ifindex
            self.externalIDs = externalIDs
            self.ofport = ofport
            self.ofportRequest = ofportRequest
            self.bfd = bfd
            self.bfdStatus = bfdStatus
            self.cfmMpid = cfmMpid
            self.cfmRemoteMpids = canonicalSet(cfmRemoteMpids)
            self.cfmFlapCount = cfmFlapCount
            self.cfmFault = cfmFault
            self.cfmFaultStatus = canonicalSet(cfmFaultStatus)
            self.cfmRemoteOpstate = cfmRemoteOpstate
            self.cfmHealth = cfmHealth
            self.lacpCurrent = lacpCurrent
            self.lldp = lldp
            self.otherConfig = otherConfig
            self.statistics = statistics
            self.status = status
            self.adminState = adminState
            self.linkState = linkState
            self.linkResets = linkResets
            self.linkSpeed = linkSpeed
            self.duplex = duplex
            self.mtu = mtu
            self.mtuRequest = mtuRequest
            self.error = error
        }

        package init() {
            self.init(row: Row([]))
        }

        package init(row: Row) {
            adminState = row.optional(0)
            bfd = row.map(1)
            bfdStatus = row.map(2)
            cfmFault = row.optional(3)
            cfmFaultStatus = row.set(4)
            cfmFlapCount = row.optional(5)
            cfmHealth = row.optional(6)
            cfmMpid = row.optional(7)
            cfmRemoteMpids = row.set(8)
            cfmRemoteOpstate = row.optional(9)
            duplex = row.optional(10)
            error = row.optional(11)
            externalIDs = row.map(12)
            ifindex = row.optional(13)
            ingressPolicingBurst = row.scalar(14)
            ingressPolicingKpktsBurst = row.scalar(15)
            ingressPolicingKpktsRate = row.scalar(16)
            ingressPolicingRate = row.scalar(17)
            lacpCurrent = row.optional(18)
            linkResets = row.optional(19)
            linkSpeed = row.optional(20)
            linkState = row.optional(21)
            lldp = row.map(22)
            mac = row.optional(23)
            macInUse = row.optional(24)
            mtu = row.optional(25)
            mtuRequest = row.optional(26)
            name = row.scalar(27)
            ofport = row.optional(28)
            ofportRequest = row.optional(29)
            options = row.map(30)
            otherConfig = row.map(31)
            statistics = row.map(32)
            status = row.map(33)
            type = row.scalar(34)
        }

        package func row() -> Row {
            var row = RowBuilder(count: 35)
            row.optional(adminState)
            row.map(bfd)
            row.map(bfdStatus)
            row.optional(cfmFault)
            row.set(cfmFaultStatus)
            row.optional(cfmFlapCount)
            row.optional(cfmHealth)
            row.optional(cfmMpid)
            row.set(cfmRemoteMpids)
            row.optional(cfmRemoteOpstate)
            row.optional(duplex)
            row.optional(error)
            row.map(externalIDs)
            row.optional(ifindex)
            row.scalar(ingressPolicingBurst)
            row.scalar(ingressPolicingKpktsBurst)
            row.scalar(ingressPolicingKpktsRate)
            row.scalar(ingressPolicingRate)
            row.optional(lacpCurrent)
            row.optional(linkResets)
            row.optional(linkSpeed)
            row.optional(linkState)
            row.map(lldp)
            row.optional(mac)
            row.optional(macInUse)
            row.optional(mtu)
            row.optional(mtuRequest)
            row.scalar(name)
            row.optional(ofport)
            row.optional(ofportRequest)
            row.map(options)
            row.map(otherConfig)
            row.map(statistics)
            row.map(status)
            row.scalar(type)
            return row.finished()
        }

        package func changes(from old: Self) -> [ColumnValue] {
            var changes = ColumnChanges(table: Self.table)
            if adminState != old.adminState {
                changes.optional(0, adminState)
            }
            if bfd != old.bfd {
                changes.map(1, bfd)
            }
            if bfdStatus != old.bfdStatus {
                changes.map(2, bfdStatus)
            }
            if cfmFault != old.cfmFault {
                changes.optional(3, cfmFault)
            }
            if cfmFaultStatus != old.cfmFaultStatus {
                changes.set(4, cfmFaultStatus)
            }
            if cfmFlapCount != old.cfmFlapCount {
                changes.optional(5, cfmFlapCount)
            }
            if cfmHealth != old.cfmHealth {
                changes.optional(6, cfmHealth)
            }
            if cfmMpid != old.cfmMpid {
                changes.optional(7, cfmMpid)
            }
            if cfmRemoteMpids != old.cfmRemoteMpids {
                changes.set(8, cfmRemoteMpids)
            }
            if cfmRemoteOpstate != old.cfmRemoteOpstate {
                changes.optional(9, cfmRemoteOpstate)
            }
            if duplex != old.duplex {
                changes.optional(10, duplex)
            }
            if error != old.error {
                changes.optional(11, error)
            }
            if externalIDs != old.externalIDs {
                changes.map(12, externalIDs)
            }
            if ifindex != old.ifindex {
                changes.optional(13, ifindex)
            }
            if ingressPolicingBurst != old.ingressPolicingBurst {
                changes.scalar(14, ingressPolicingBurst)
            }
            if ingressPolicingKpktsBurst != old.ingressPolicingKpktsBurst {
                changes.scalar(15, ingressPolicingKpktsBurst)
            }
            if ingressPolicingKpktsRate != old.ingressPolicingKpktsRate {
                changes.scalar(16, ingressPolicingKpktsRate)
            }
            if ingressPolicingRate != old.ingressPolicingRate {
                changes.scalar(17, ingressPolicingRate)
            }
            if lacpCurrent != old.lacpCurrent {
                changes.optional(18, lacpCurrent)
            }
            if linkResets != old.linkResets {
                changes.optional(19, linkResets)
            }
            if linkSpeed != old.linkSpeed {
                changes.optional(20, linkSpeed)
            }
            if linkState != old.linkState {
                changes.optional(21, linkState)
            }
            if lldp != old.lldp {
                changes.map(22, lldp)
            }
            if mac != old.mac {
                changes.optional(23, mac)
            }
            if macInUse != old.macInUse {
                changes.optional(24, macInUse)
            }
            if mtu != old.mtu {
                changes.optional(25, mtu)
            }
            if mtuRequest != old.mtuRequest {
                changes.optional(26, mtuRequest)
            }
            if name != old.name {
                changes.scalar(27, name)
            }
            if ofport != old.ofport {
                changes.optional(28, ofport)
            }
            if ofportRequest != old.ofportRequest {
                changes.optional(29, ofportRequest)
            }
            if options != old.options {
                changes.map(30, options)
            }
            if otherConfig != old.otherConfig {
                changes.map(31, otherConfig)
            }
            if statistics != old.statistics {
                changes.map(32, statistics)
            }
            if status != old.status {
                changes.map(33, status)
            }
            if type != old.type {
                changes.scalar(34, type)
            }
            return changes.finished()
        }

        package static let table = TableSchema(
            name: "Interface",
            columns: [
                .column("name", .string, isMutable: false),
                .column("type", .string),
                .column("options", .string, to: .string, .any),
                .column("ingress_policing_rate", .integers(0, nil)),
                .column("ingress_policing_burst", .integers(0, nil)),
                .column("ingress_policing_kpkts_rate", .integers(0, nil)),
                .column("ingress_policing_kpkts_burst", .integers(0, nil)),
                .column("mac_in_use", .string, .optional, isEphemeral: true),
                .column("mac", .string, .optional),
                .column("ifindex", .integers(0, 4294967295), .optional, isEphemeral: true),
                .column("external_ids", .string, to: .string, .any),
                .column("ofport", .integer, .optional),
                .column("ofport_request", .integers(1, 65279), .optional),
                .column("bfd", .string, to: .string, .any),
                .column("bfd_status", .string, to: .string, .any, isEphemeral: true),
                .column("cfm_mpid", .integer, .optional),
                .column("cfm_remote_mpids", .integer, .any, isEphemeral: true),
                .column("cfm_flap_count", .integer, .optional),
                .column("cfm_fault", .boolean, .optional, isEphemeral: true),
                .column("cfm_fault_status", .string, .any, isEphemeral: true),
                .column(
                    "cfm_remote_opstate",
                    .strings(in: [
                        "down", "up",
                    ]), .optional, isEphemeral: true),
                .column("cfm_health", .integers(0, 100), .optional, isEphemeral: true),
                .column("lacp_current", .boolean, .optional, isEphemeral: true),
                .column("lldp", .string, to: .string, .any),
                .column("other_config", .string, to: .string, .any),
                .column("statistics", .string, to: .integer, .any, isEphemeral: true),
                .column("status", .string, to: .string, .any, isEphemeral: true),
                .column("admin_state", .strings(in: ["down", "up"]), .optional, isEphemeral: true),
                .column("link_state", .strings(in: ["down", "up"]), .optional, isEphemeral: true),
                .column("link_resets", .integer, .optional, isEphemeral: true),
                .column("link_speed", .integer, .optional, isEphemeral: true),
                .column("duplex", .strings(in: ["full", "half"]), .optional, isEphemeral: true),
                .column("mtu", .integer, .optional, isEphemeral: true),
                .column("mtu_request", .integers(1, nil), .optional),
                .column("error", .string, .optional),
            ],
            maximumRows: nil,
            isRoot: false,
            indexes: [["name"]])
    }
}

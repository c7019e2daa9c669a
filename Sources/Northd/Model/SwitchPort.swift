import OVSDBModel
import Schemas
import Wire

/// A port of a logical switch, parsed once from its Northbound row.
package struct SwitchPort: Hashable, Sendable {
    /// Logical_Switch_Port.type; other strings are kept.
    package enum Kind: Hashable, Sendable {
        case vif
        case router(peer: String?)
        case `switch`(peer: String?)
        case localnet, localport, virtual, external, l2gateway, vtep, remote
        case unknown(String)
    }

    package let datapath: RowUUID
    package let name: String
    package let kind: Kind
    package let stations: [StationAddress]
    package let hasUnknown: Bool
    package let takesRouterAddresses: Bool
    /// What the port asks northd for.
    package let dynamic: DynamicRequest?
    package let isSecured: Bool
    package let isEnabled: Bool
    package let learnsStations: Bool
    package let respondsForStations: Bool
    /// A router port whose traffic is tracked and filtered: options:enable_router_port_acl.
    package let filtersRouter: Bool
    /// options:requested-tnl-key.
    package let requestedKey: Int?
    /// Rows of Mirror.
    package let mirrors: [RowUUID]
    /// How packets for its stations reach it, and whether those for everybody do.
    package let delivery: Delivery
    /// The longest packets that it takes, in bytes without the Ethernet header: an extension.
    package let mtu: Int?

    /// Parses a row that belongs to `datapath`. What is wrong with an address is told to
    /// `report`, and that address is left out.
    package init(
        _ row: NB.LogicalSwitchPort, of datapath: RowUUID,
        report: (_ column: String, _ reason: String) -> Void
    ) {
        self.datapath = datapath
        name = row.name
        kind = Kind(row)
        requestedKey = row.options["requested-tnl-key"].flatMap { Int($0) }
        mirrors = row.mirrorRules
        isEnabled = row.enabled ?? true
        isSecured = !row.portSecurity.isEmpty
        for text in row.portSecurity {
            if let reason = PortSecurity.fault(in: text) { report("port_security", reason) }
        }
        let addresses = row.addresses.compactMap { text -> PortAddress? in
            do throws(AddressError) {
                return try PortAddress(parsing: text)
            } catch {
                report("addresses", error.reason)
                return nil
            }
        }
        stations = addresses.compactMap {
            if case .station(let station) = $0 { station } else { nil }
        }
        hasUnknown = addresses.contains(.unknown)
        takesRouterAddresses = addresses.contains(.router)
        dynamic =
            addresses.lazy.compactMap {
                if case .dynamic(let request) = $0 { request } else { nil }
            }
            .first
        learnsStations = SwitchPort.learnsStations(row, kind, hasUnknown)
        respondsForStations =
            !hasUnknown && kind != .virtual && kind != .external && kind != .l2gateway
            && row.options["disable_arp_nd_rsp"] != "true"
        delivery = Delivery(row, kind, hasUnknown: hasUnknown)
        filtersRouter = kind.isRouter && row.options["enable_router_port_acl"] == "true"
        mtu = row.options["mtu"].flatMap { text in
            let size = PacketSize(parsing: text)
            if size == nil { report("options:mtu", "no packet size: \"\(text)\"") }
            return size?.bytes
        }
        if case .unknown(let type) = kind { report("type", "unknown type \"\(type)\"") }
    }

    private static func learnsStations(
        _ row: NB.LogicalSwitchPort, _ kind: Kind, _ hasUnknown: Bool
    ) -> Bool {
        switch kind {
        case .localnet: return hasUnknown && row.options["localnet_learn_fdb"] == "true"
        case .vif, .switch:
            return hasUnknown && row.portSecurity.isEmpty
                && row.options["lsp_learn_fdb"] != "false"
        case .router, .localport, .virtual, .external, .l2gateway, .vtep, .remote, .unknown:
            return false
        }
    }
}

extension SwitchPort.Kind {
    package init(_ row: NB.LogicalSwitchPort) {
        switch row.type {
        case "": self = .vif
        case "router": self = .router(peer: row.options["router-port"] ?? row.peer)
        case "switch": self = .switch(peer: row.peer ?? row.options["peer"])
        case "localnet": self = .localnet
        case "localport": self = .localport
        case "virtual": self = .virtual
        case "external": self = .external
        case "l2gateway": self = .l2gateway
        case "vtep": self = .vtep
        case "remote": self = .remote
        default: self = .unknown(row.type)
        }
    }

    /// Port_Binding.type.
    package var bindingType: String {
        switch self {
        case .vif, .unknown: ""
        case .router, .switch: "patch"
        case .localnet: "localnet"
        case .localport: "localport"
        case .virtual: "virtual"
        case .external: "external"
        case .l2gateway: "l2gateway"
        case .vtep: "vtep"
        case .remote: "remote"
        }
    }

    package var isRouter: Bool {
        if case .router = self { true } else { false }
    }

    package var isSwitch: Bool {
        if case .switch = self { true } else { false }
    }

    /// Traffic of the port isn't tracked in the switch.
    package var isUntracked: Bool { isRouter || isSwitch || self == .localnet }

    /// Whether a chassis claims the port and says when it is up.
    package var isClaimed: Bool {
        switch self {
        case .router, .switch: false
        case .vif, .localnet, .localport, .virtual, .external, .l2gateway, .vtep, .remote,
            .unknown:
            true
        }
    }
}

extension SwitchPort {
    /// It is a member of the groups that packets are flooded to.
    package var takesFloods: Bool { isEnabled && delivery.contains(.takesMulticast) }

    /// Options of a port that concern its deliveries.
    package struct Delivery: OptionSet, Hashable, Sendable {
        package let rawValue: UInt8

        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Ports that take unknown stations get copies: options:pkt_clone_type=mc_unknown.
        package static let copiesToUnknown = Delivery(rawValue: 1)
        /// Its stations are learned, those configured too: options:force_fdb_lookup.
        package static let isLearned = Delivery(rawValue: 2)
        /// Not without options:receive_multicast=false.
        package static let takesMulticast = Delivery(rawValue: 4)

        init(_ row: NB.LogicalSwitchPort, _ kind: Kind, hasUnknown: Bool) {
            self = []
            if kind == .vif, row.options["pkt_clone_type"]?.lowercased() == "mc_unknown" {
                insert(.copiesToUnknown)
            }
            if kind == .vif, hasUnknown, row.options["force_fdb_lookup"] == "true" {
                insert(.isLearned)
            }
            if row.options["receive_multicast"] != "false" { insert(.takesMulticast) }
        }
    }
}

import OVSDBModel
import Schemas
import Wire

/// A logical router without its parts, parsed once from its Northbound row.
package struct Router: Hashable, Sendable {
    package let name: String
    /// options:chassis: all of the router is on this chassis (a gateway router).
    package let chassis: String?
    package let learnsFromRequests: Bool
    /// Other routers' Ethernet addresses are asked for instead of taken from the configuration.
    package let learnsRouters: Bool
    package let relaysMulticast: Bool
    /// options:ct-commit-all: every connection is committed, translated or not.
    package let commitsAll: Bool
    package let forcedAfterDNAT: ForcedSource
    package let forcedAfterBalancing: ForcedSource
    package let copp: RowUUID?

    package var isGatewayRouter: Bool { chassis != nil }

    package init(
        _ row: NB.LogicalRouter, report: (_ column: String, _ reason: String) -> Void = { _, _ in }
    ) {
        let options = row.options
        name = row.name
        chassis = options["chassis"]
        learnsFromRequests = options["always_learn_from_arp_request"] != "false"
        learnsRouters = options["dynamic_neigh_routers"] == "true"
        relaysMulticast = options["mcast_relay"] == "true"
        commitsAll = options["ct-commit-all"] == "true"
        forcedAfterDNAT = ForcedSource(
            options["dnat_force_snat_ip"], "dnat_force_snat_ip", report: report)
        forcedAfterBalancing = ForcedSource(
            options["lb_force_snat_ip"], "lb_force_snat_ip", report: report)
        copp = row.copp
    }
}

/// The source that translated connections get, so that replies come back to this gateway router:
/// `dnat_force_snat_ip` and `lb_force_snat_ip` of Logical_Router.options.
package struct ForcedSource: Hashable, Sendable {
    package private(set) var v4: IPv4Address?
    package private(set) var v6: IPv6Address?
    /// `router_ip`: the address of the port that the packet leaves by.
    package private(set) var isPortAddress = false

    package var isEmpty: Bool { addresses.isEmpty && !isPortAddress }

    package var addresses: [IPAddress] {
        (v4.map { [.v4($0)] } ?? []) + (v6.map { [.v6($0)] } ?? [])
    }

    /// `router_ip`, or at most one address of each family, separated by spaces.
    init(
        _ text: String?, _ option: String, report: (_ column: String, _ reason: String) -> Void
    ) {
        guard let text else { return }
        if text == "router_ip" {
            isPortAddress = true
            return
        }
        for word in text.split(whereSeparator: { $0 == " " || $0 == "," }) {
            switch IPAddress(parsing: word) {
            case .v4(let address)?: v4 = v4 ?? address
            case .v6(let address)?: v6 = v6 ?? address
            case nil: report("options:\(option)", "no address: \"\(word)\"")
            }
        }
    }
}

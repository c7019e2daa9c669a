import OVSDBModel
import Schemas
import Wire

/// A static route, parsed once from its Northbound row; where it leads is derived later.
package struct StaticRoute: Hashable, Sendable {
    package enum Target: Hashable, Sendable {
        case nextHop(IPAddress)
        /// The destination is on the network of the port.
        case onLink
        case discard
    }

    package let router: RowUUID
    package let prefix: IPPrefix
    package let target: Target
    package let outputPort: String?
    /// Matches the source instead of the destination.
    package let isSourceRoute: Bool
    /// "" is the main table.
    package let table: String
    /// Fields to hash where several routes share a prefix, by the configuration's names.
    package let hashFields: [String]
    /// Replies go back by the next hop that the connection came in by.
    package let repliesAlike: Bool
    /// Goes before the networks of the router's ports, of the same length.
    package let overridesConnected: Bool
    /// options:origin: learned of a network that is connected elsewhere.
    package let isConnectedElsewhere: Bool

    package init?(
        _ row: NB.LogicalRouterStaticRoute, of router: RowUUID,
        report: (_ column: String, _ reason: String) -> Void
    ) {
        guard let prefix = IPPrefix(parsing: row.ipPrefix) else {
            report("ip_prefix", "no prefix: \"\(row.ipPrefix)\"")
            return nil
        }
        if row.nexthop == "discard" {
            target = .discard
        } else if let hop = IPAddress(parsing: row.nexthop) {
            target = .nextHop(hop)
        } else if row.nexthop.isEmpty && row.outputPort != nil {
            target = .onLink
        } else {
            report("nexthop", "no address: \"\(row.nexthop)\"")
            return nil
        }
        self.router = router
        self.prefix = prefix.network
        outputPort = row.outputPort
        isSourceRoute = row.policy == "src-ip"
        table = row.routeTable
        hashFields = row.selectionFields
        repliesAlike = row.options["ecmp_symmetric_reply"] == "true"
        overridesConnected = row.options["override-connected"] == "true"
        isConnectedElsewhere = row.options["origin"] == "connected"
    }
}

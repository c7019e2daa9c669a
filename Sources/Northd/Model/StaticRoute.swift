import OVSDBModel
import Schemas
import Wire

/// A static route, parsed once from its Northbound row; where it leads is derived later.
package struct StaticRoute: Hashable, Sendable {
    package enum Target: Hashable, Sendable {
        case nextHop(IPAddress)
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
        } else {
            report("nexthop", "no address: \"\(row.nexthop)\"")
            return nil
        }
        self.router = router
        self.prefix = prefix.network
        outputPort = row.outputPort
        isSourceRoute = row.policy == "src-ip"
        table = row.routeTable
    }
}

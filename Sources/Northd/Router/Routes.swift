// Routes: the longest prefix wins, whatever its origin; within a prefix a connected network beats
// a static route, and routes by source come last.

import LogicalFlow
import OVSDBModel
import Wire

/// Where a route leads: a next hop through a port, which a connected network leaves to the packet.
package struct RouteHop: Hashable, Sendable {
    package let portName: String
    package let mac: MACAddress
    /// The router's address on the way.
    package let source: IPAddress
    /// Nil where the destination is the next hop.
    package let nextHop: IPAddress?

    /// From the route's lookup to the neighbour's: registers of the next hop.
    func actions(loopback: Bool) -> [Action] {
        let isIPv4 = source.v4 != nil
        let target = isIPv4 ? RouterCell.nextHop4 : RouterCell.nextHop6
        let origin = isIPv4 ? RouterCell.source4 : RouterCell.source6
        let destination: Symbol = isIPv4 ? .ip4Dst : .ip6Dst
        var actions: [Action] = [
            nextHop.map { .load(target, .ip($0)) } ?? .move(target, from: destination),
            .load(origin, .ip(source)), .load(.ethSrc, mac), .outport(portName),
        ]
        if loopback { actions.append(.load(.flagsLoopback, flag: true)) }
        return actions + [.load(RouterCell.nextHopIsIPv4, flag: isIPv4), .next]
    }
}

/// The order of routes.
enum RoutePriority {
    /// More than the offsets of one length, so that the length decides first.
    private static let step = 12
    private static let base = 129 * step

    enum Origin: Int {
        case source = 0
        case `static` = 4
        case connected = 6
    }

    static func of(_ prefix: IPPrefix, _ origin: Origin) -> Int {
        base + step * prefix.length + origin.rawValue
    }
}

extension Match {
    static func route(to prefix: IPPrefix, bySource: Bool = false) -> Match {
        let isIPv4 = prefix.address.v4 != nil
        let symbol: Symbol =
            switch (isIPv4, bySource) {
            case (true, false): .ip4Dst
            case (true, true): .ip4Src
            case (false, false): .ip6Dst
            case (false, true): .ip6Src
            }
        return .equal(symbol, .ip(prefix))
    }
}

/// The networks of a port.
package struct ConnectedRoutes: RouterFeature {
    package let port: RouterPort

    package init(port: RouterPort) { self.port = port }

    package func emit(into flows: inout RouterFlows) {
        for network in port.networks4 { add(.v4(network), &flows) }
        for network in port.networks6 { add(.v6(network), &flows) }
    }

    private func add(_ network: IPPrefix, _ flows: inout RouterFlows) {
        let prefix = network.network
        let hop = RouteHop(
            portName: port.name, mac: port.mac, source: network.address, nextHop: nil)
        var match = Match.route(to: prefix)
        if network.address.v6?.isLinkLocal == true { match = .both(.inport(port.name), match) }
        flows.add(
            .inRouting, RoutePriority.of(prefix, .connected), match,
            ActionList(
                [.decrementTTL, .load(RouterCell.ecmpGroup, 0)] + hop.actions(loopback: true)))
    }
}

/// What the routes of one prefix have in common.
package struct RouteKey: Hashable, Sendable {
    package let router: RowUUID
    package let prefix: IPPrefix
    package let isSourceRoute: Bool
}

/// A static route whose way out is known.
package struct ResolvedRoute: Hashable, Sendable {
    package let key: RouteKey
    /// Nil discards.
    package let hop: RouteHop?
}

/// The static routes of one prefix. Several share the load by the packet's hash.
package struct StaticRoutes: RouterFeature {
    package let key: RouteKey
    /// In a fixed order; empty discards.
    package let hops: [RouteHop]
    /// Names the group where there are several hops.
    package let group: Int

    package init(key: RouteKey, hops: [RouteHop], group: Int = 0) {
        self.key = key
        self.hops = hops
        self.group = group
    }

    package func emit(into flows: inout RouterFlows) {
        let priority = RoutePriority.of(key.prefix, key.isSourceRoute ? .source : .static)
        let match = Match.both(
            .equal(RouterCell.routeTable, 0),
            .route(to: key.prefix, bySource: key.isSourceRoute))
        switch hops.count {
        case 0: flows.add(.inRouting, priority, match, .drop)
        case 1:
            flows.add(
                .inRouting, priority, match,
                ActionList(
                    [.decrementTTL, .load(RouterCell.ecmpGroup, 0)]
                        + hops[0].actions(loopback: true)))
        default: share(priority, match, &flows)
        }
    }

    private func share(_ priority: Int, _ match: Match, _ flows: inout RouterFlows) {
        let members = hops.indices.map { Action.Selection.Member(UInt16($0 + 1)) }
        flows.add(
            .inRouting, priority, match,
            [
                .decrementTTL, .load(.flagsLoopback, flag: true),
                .load(RouterCell.ecmpGroup, .decimal(UInt64(group))),
                .select(RouterCell.ecmpMember, Action.Selection(members)),
            ])
        for (index, hop) in hops.enumerated() {
            flows.add(
                .inRoutingECMP, 100,
                .both(
                    .equal(RouterCell.ecmpGroup, .decimal(UInt64(group))),
                    .equal(RouterCell.ecmpMember, .decimal(UInt64(index + 1)))),
                ActionList(hop.actions(loopback: false)))
        }
    }
}

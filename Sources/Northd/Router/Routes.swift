// Routes: the longest prefix wins, whatever its origin; within a prefix a connected network beats
// a static route, and routes by source come last.

import LogicalFlow
import OVSDBModel
import Wire

/// Where a route leads: a next hop through a port, which a connected network leaves to the packet.
package struct RouteHop: Hashable, Sendable {
    package let portName: String
    package let mac: MACAddress
    /// The router's address on the way; nil on a port without addresses of the family.
    package let source: IPAddress?
    /// Nil where the destination is the next hop.
    package let nextHop: IPAddress?
    /// Family of the next hop, which may differ from the packet's.
    package let isIPv4: Bool
    /// Tunnel key of the port, where replies are to come back the same way.
    package var replyKey: Int?

    package init(
        portName: String, mac: MACAddress, source: IPAddress?, nextHop: IPAddress?,
        isIPv4: Bool? = nil
    ) {
        self.portName = portName
        self.mac = mac
        self.source = source
        self.nextHop = nextHop
        self.isIPv4 = isIPv4 ?? ((nextHop ?? source)?.v4 != nil)
    }

    private var origin: Symbol { isIPv4 ? RouterCell.source4 : RouterCell.source6 }

    var loadSource: [Action] { source.map { [.load(origin, .ip($0))] } ?? [] }

    /// From the route's lookup to the neighbour's: registers of the next hop.
    func actions(loopback: Bool) -> [Action] {
        let target = isIPv4 ? RouterCell.nextHop4 : RouterCell.nextHop6
        let destination: Symbol = isIPv4 ? .ip4Dst : .ip6Dst
        var actions: [Action] =
            [nextHop.map { .load(target, .ip($0)) } ?? .move(target, from: destination)]
            + loadSource + [.load(.ethSrc, mac), .outport(portName)]
        if loopback { actions.append(.load(.flagsLoopback, flag: true)) }
        actions.append(.load(RouterCell.nextHopIsIPv4, flag: isIPv4))
        if replyKey != nil { actions.append(.load(RouterCell.mustKeepNextHop, flag: true)) }
        return actions + [.next]
    }
}

/// The order of routes.
enum RoutePriority {
    /// More than the offsets of one length, so that the length decides first.
    private static let step = 12
    private static let base = 129 * step

    enum Origin: Int {
        case source = 0
        case learned = 2
        case `static` = 4
        case connected = 6
        /// Learned of a network that is connected elsewhere, and put before the connected ones.
        case preferredElsewhere = 8
        /// Put before the connected ones by the configuration.
        case preferred = 10
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

    /// A BFD packet (RFC 5881 §4).
    static let isSessionPacket = Match.equal(.udpDst, 3784)
}

/// The networks of a port.
package struct ConnectedRoutes: RouterFeature {
    package let port: RouterPort
    /// BFD sessions run at the port.
    package let hasSessions: Bool

    package init(port: RouterPort, hasSessions: Bool = false) {
        self.port = port
        self.hasSessions = hasSessions
    }

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
        flows.route(
            RoutePriority.of(prefix, .connected), match, hop, hasSessions: hasSessions)
    }
}

extension RouterFlows {
    /// A route by one hop. BFD packets keep their hop count, which must be 255 (RFC 5881 §5).
    mutating func route(
        _ priority: Int, _ match: Match, _ hop: RouteHop, hasSessions: Bool
    ) {
        let actions = [.load(RouterCell.ecmpGroup, 0)] + hop.actions(loopback: true)
        add(.inRouting, priority, match, ActionList([.decrementTTL] + actions))
        if hasSessions {
            add(.inRouting, priority + 1, .both(match, .isSessionPacket), ActionList(actions))
        }
    }
}

/// What the routes of one prefix have in common.
package struct RouteKey: Hashable, Sendable {
    package let router: RowUUID
    package let prefix: IPPrefix
    package let isSourceRoute: Bool
    package var table = ""
    package var overridesConnected = false
    package var isConnectedElsewhere = false

    package init(
        router: RowUUID, prefix: IPPrefix, isSourceRoute: Bool, table: String = "",
        overridesConnected: Bool = false, isConnectedElsewhere: Bool = false
    ) {
        self.router = router
        self.prefix = prefix
        self.isSourceRoute = isSourceRoute
        self.table = table
        self.overridesConnected = overridesConnected
        self.isConnectedElsewhere = isConnectedElsewhere
    }

    var origin: RoutePriority.Origin {
        switch (isSourceRoute, isConnectedElsewhere, overridesConnected) {
        case (true, _, _): .source
        case (false, true, true): .preferredElsewhere
        case (false, true, false): .connected
        case (false, false, true): .preferred
        case (false, false, false): .static
        }
    }
}

/// A static route whose way out is known.
package struct ResolvedRoute: Hashable, Sendable {
    package let key: RouteKey
    /// Nil discards.
    package let hop: RouteHop?
    package let hashFields: [String]
    package let hasSessions: Bool

    package init(
        key: RouteKey, hop: RouteHop?, hashFields: [String] = [], hasSessions: Bool = false
    ) {
        self.key = key
        self.hop = hop
        self.hashFields = hashFields
        self.hasSessions = hasSessions
    }
}

/// The static routes of one prefix. Several share the load by the packet's hash.
package struct StaticRoutes: RouterFeature {
    package let key: RouteKey
    /// In a fixed order; empty discards.
    package let hops: [RouteHop]
    /// Names the group where there are several hops.
    package let group: Int
    /// Number of the route table; 0 is the main one.
    package let table: Int
    package let hashFields: [String]
    package let hasSessions: Bool

    package init(
        key: RouteKey, hops: [RouteHop], group: Int = 0, table: Int = 0,
        hashFields: [String] = [], hasSessions: Bool = false
    ) {
        self.key = key
        self.hops = hops
        self.group = group
        self.table = table
        self.hashFields = hashFields
        self.hasSessions = hasSessions
    }

    package func emit(into flows: inout RouterFlows) {
        let priority = RoutePriority.of(key.prefix, key.origin)
        let match = self.match
        if hops.isEmpty {
            return flows.drop(.inRouting, priority, match, because: .discardingRoute)
        }
        if group == 0 {
            return flows.route(priority, match, hops[0], hasSessions: hasSessions)
        }
        share(priority, match, &flows)
        var seen: Set<String> = []
        for hop in hops where hop.replyKey != nil && seen.insert(hop.portName).inserted {
            AlikeReplies(key: key, hop: hop, route: match).emit(into: &flows)
        }
    }

    /// A connected network of the main table goes for every table.
    private var match: Match {
        let route = Match.route(to: key.prefix, bySource: key.isSourceRoute)
        if table == 0 && key.isConnectedElsewhere { return route }
        return .both(.equal(RouterCell.routeTable, .decimal(UInt64(table))), route)
    }

    private func share(_ priority: Int, _ match: Match, _ flows: inout RouterFlows) {
        let begin: [Action] = [
            .decrementTTL, .load(.flagsLoopback, flag: true),
            .load(RouterCell.ecmpGroup, .decimal(UInt64(group))),
        ]
        if hops.count == 1 {
            flows.add(
                .inRouting, priority, match,
                ActionList(begin + [.load(RouterCell.ecmpMember, 1), .next]))
        } else {
            choose(priority, match, begin, &flows)
        }
        for (index, hop) in hops.enumerated() {
            flows.add(
                .inRoutingECMP, 100,
                .both(
                    .equal(RouterCell.ecmpGroup, .decimal(UInt64(group))),
                    .equal(RouterCell.ecmpMember, .decimal(UInt64(index + 1)))),
                ActionList(hop.actions(loopback: false)))
        }
    }

    /// Transport ports are hashed by the name that each protocol has for them.
    private func choose(
        _ priority: Int, _ match: Match, _ begin: [Action], _ flows: inout RouterFlows
    ) {
        let members = Action.Selection.Member.numbered(hops.count, from: 1)
        let usesPorts = hashFields.contains { $0.hasPrefix("tp_") }
        let protocols: [(String, Symbol)] =
            usesPorts ? [("tcp", .tcp), ("udp", .udp), ("sctp", .sctp)] : []
        for (name, symbol) in protocols {
            let fields = hashFields.map { field in
                field.hasPrefix("tp_") ? name + field.dropFirst(2) : field
            }
            flows.add(
                .inRouting, priority + 1, .both(match, .symbol(symbol)),
                ActionList(
                    begin + [
                        .select(
                            RouterCell.ecmpMember,
                            Action.Selection(members, hashFields: fields.sorted()))
                    ]))
        }
        let fields = hashFields.filter { !$0.hasPrefix("tp_") }
        flows.add(
            .inRouting, priority, match,
            ActionList(
                begin + [
                    .select(
                        RouterCell.ecmpMember, Action.Selection(members, hashFields: fields))
                ]))
    }
}

/// Connections that came in by one of several next hops are answered by the same one: conntrack
/// keeps its Ethernet address and the port (options:ecmp_symmetric_reply).
struct AlikeReplies {
    let key: RouteKey
    let hop: RouteHop
    let route: Match

    func emit(into flows: inout RouterFlows) {
        guard let number = hop.replyKey else { return }
        let replyPort = Constant.decimal(UInt64(number))
        let arriving = Match.both(
            .inport(hop.portName), .route(to: key.prefix, bySource: !key.isSourceRoute))
        flows.add(.inDefrag, 100, arriving, [.ctNext(nil)])
        flows.add(.inDefrag, 100, route, [.ctNext(nil)])
        flows.add(
            .inECMPStateful, 100,
            .both(arriving, .either(.symbol(.ctNew), .symbol(.ctEst))),
            [
                .ctCommit([
                    .move(.ctLabelECMPReplyEth, from: .ethSrc),
                    .load(.ctMarkECMPReplyPort, replyPort),
                ]), .next,
            ])
        let isReply = Match.equal(.ctMarkECMPReplyPort, replyPort)
        flows.add(
            .inRouting, 10300, .both(isReply, route),
            ActionList(
                [
                    .decrementTTL, .load(.flagsLoopback, flag: true), .load(.ethSrc, hop.mac),
                ] + hop.loadSource + [.outport(hop.portName), .next]))
        flows.add(.inPolicy, 65535, isReply, [.next])
        flows.add(
            .inNeighbourResolve, 200, isReply,
            [
                .push(FieldRange(.xxreg1)), .move(.xxreg1, from: .ctLabel),
                .move(FieldRange(.ethDst), from: Symbol.xxreg1[32...79]),
                .pop(FieldRange(.xxreg1)), .next,
            ])
        flows.add(
            .inECMPStatefulEgress, 100,
            .both(
                .equal(RouterCell.mustKeepNextHop, 1), .symbol(.ip), .outport(hop.portName)),
            [
                .ctCommit([
                    .move(.ctLabelECMPReplyEth, from: .ethDst),
                    .load(.ctMarkECMPReplyPort, replyPort),
                ]), .output,
            ])
    }
}

/// Packets that enter at a port are routed by its table.
package struct PortRouteTable: RouterFeature {
    package let port: String
    package let table: Int

    package func emit(into flows: inout RouterFlows) {
        flows.add(
            .inRoutingPre, 100, .inport(port),
            [.load(RouterCell.routeTable, .decimal(UInt64(table))), .next])
    }
}

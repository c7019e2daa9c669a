import Incremental
import OVSDBModel
import Schemas
import Wire

/// A network of a router.
struct RouterNetwork: Hashable, Sendable {
    let router: RowUUID
    let network: IPPrefix
}

/// Static routes. The port that leads to a next hop is found by its networks, one read per prefix
/// length that the router uses and not one per port.
struct Routes: Sendable {
    let groups: Allocator<StickyKeys>

    init(
        _ engine: Engine, _ inputs: Inputs, _ outputs: Outputs, _ model: Model,
        _ state: StickyState
    ) {
        let owners = engine.index("router port by network", of: model.routerPorts) {
            _, port -> [RouterNetwork] in
            guard let port, port.isEnabled else { return [] }
            let networks =
                port.networks4.map { IPPrefix.v4($0.network) }
                + port.networks6.filter { !$0.address.isLinkLocal }.map { .v6($0.network) }
            return Set(networks).map { RouterNetwork(router: port.router, network: $0) }
        }
        let lengths = Routes.prefixLengths(engine, inputs, model)
        let resolved = engine.function("route", over: inputs.routes) { key, row, context in
            let report = { (column: String, reason: String) in
                context.emit(
                    outputs.problems,
                    Problem("Logical_Router_Static_Route", key, column, reason))
            }
            guard let owner = context.read(inputs.routerOfRoute, key),
                let route = StaticRoute(row, of: owner.first, report: report)
            else { return ResolvedRoute?.none }
            guard route.table.isEmpty else {
                report("route_table", "route tables are not served yet")
                return nil
            }
            return Routes.resolve(route, model, owners, lengths, context, report)
        }
        groups = Routes.flows(engine, resolved, outputs, state)
    }

    /// The distinct prefix lengths of each router's networks, longest first, IPv4 and IPv6.
    private static func prefixLengths(
        _ engine: Engine, _ inputs: Inputs, _ model: Model
    ) -> Function<RowUUID, PrefixLengths> {
        engine.function("prefix lengths", over: inputs.datapaths) { key, row, context in
            guard case .router = row else { return PrefixLengths() }
            var lengths = PrefixLengths()
            for port in context.members(model.portsOfRouter, key) {
                guard let port = context.read(model.routerPorts, port) ?? nil else { continue }
                lengths.add(port)
            }
            return lengths
        }
    }

    private static func resolve(
        _ route: StaticRoute, _ model: Model, _ owners: Index<RouterNetwork, RowUUID>,
        _ lengths: Function<RowUUID, PrefixLengths>, _ context: Context,
        _ report: (_ column: String, _ reason: String) -> Void
    ) -> ResolvedRoute? {
        let key = RouteKey(
            router: route.router, prefix: route.prefix, isSourceRoute: route.isSourceRoute)
        guard case .nextHop(let hop) = route.target else {
            return ResolvedRoute(key: key, hop: nil)
        }
        guard (hop.v4 == nil) == (route.prefix.address.v4 == nil) else {
            report("nexthop", "next hop and prefix are of different families")
            return nil
        }
        let port: RouterPort?
        if let name = route.outputPort {
            port = context.first(model.routerPortByName, name).flatMap {
                context.read(model.routerPorts, $0) ?? nil
            }
        } else {
            port = context.read(lengths, route.router)?.prefixes(of: hop).lazy.compactMap {
                context.first(owners, RouterNetwork(router: route.router, network: $0))
            }.first.flatMap { context.read(model.routerPorts, $0) ?? nil }
        }
        guard let port, port.router == route.router,
            let source = port.source(for: hop) ?? port.anySource(like: hop)
        else {
            report("nexthop", "no port leads to next hop \(hop)")
            return nil
        }
        return ResolvedRoute(
            key: key,
            hop: RouteHop(portName: port.name, mac: port.mac, source: source, nextHop: hop))
    }

    /// The least route of a prefix stands for all of them.
    private static func flows(
        _ engine: Engine, _ resolved: Function<RowUUID, ResolvedRoute?>, _ outputs: Outputs,
        _ state: StickyState
    ) -> Allocator<StickyKeys> {
        let byKey = engine.index("routes by prefix", of: resolved) { _, route in
            route.map { [$0.key] } ?? []
        }
        let requests = engine.function("route group request", over: resolved) {
            key, route, context -> KeyRequest? in
            guard let route else { return nil }
            let members = context.members(byKey, route.key)
            guard members.count > 1, members.first == key else { return nil }
            return KeyRequest(space: route.key.router)
        }
        let groups = engine.allocator("route group", of: requests, policy: state.routeGroups)
        engine.emitter("route flows", over: resolved) { key, route, context in
            guard let route else { return }
            let members = context.members(byKey, route.key)
            guard members.first == key else { return }
            let routes = members.compactMap { context.read(resolved, $0) ?? nil }
            let discards = routes.contains { $0.hop == nil }
            let group = members.count > 1 ? context.read(groups, key) ?? 0 : 0
            context.emit(
                StaticRoutes(
                    key: route.key, hops: discards ? [] : routes.compactMap(\.hop), group: group),
                .datapath(route.key.router), hint: members.count == 1 ? key : nil, to: outputs)
        }
        return groups
    }
}

/// Prefix lengths in use, longest first.
struct PrefixLengths: Hashable, Sendable {
    private var v4: [Int] = []
    private var v6: [Int] = []

    mutating func add(_ port: RouterPort) {
        v4 = Set(v4 + port.networks4.map(\.length)).sorted(by: >)
        v6 = Set(v6 + port.networks6.map(\.length)).sorted(by: >)
    }

    /// The networks that could contain the address, most specific first.
    func prefixes(of address: IPAddress) -> [IPPrefix] {
        switch address {
        case .v4(let address): v4.map { .v4(IPv4Prefix(address, length: $0).network) }
        case .v6(let address): v6.map { .v6(IPv6Prefix(address, length: $0).network) }
        }
    }
}

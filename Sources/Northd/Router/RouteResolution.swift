import Incremental
import OVSDBModel
import Schemas
import Wire

/// A network of a router.
struct RouterNetwork: Hashable, Sendable {
    let router: RowUUID
    let network: IPPrefix
}

/// The port that leads to a next hop is found by its networks, one read per prefix length that the
/// router uses and not one per port.
struct NextHops: Sendable {
    private let owners: Index<RouterNetwork, RowUUID>
    private let lengths: Function<RowUUID, PrefixLengths>
    private let model: Model

    init(_ engine: Engine, _ inputs: Inputs, _ model: Model) {
        self.model = model
        owners = engine.index("router port by network", of: model.routerPorts) {
            _, port -> [RouterNetwork] in
            guard let port else { return [] }
            let networks =
                port.networks4.map { IPPrefix.v4($0.network) }
                + port.networks6.filter { !$0.address.isLinkLocal }.map { .v6($0.network) }
            return Set(networks).map { RouterNetwork(router: port.router, network: $0) }
        }
        lengths = NextHops.prefixLengths(engine, inputs, model)
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

    /// The port of this name if it is the router's, else the one with the next hop's network.
    func port(
        of router: RowUUID, to hop: IPAddress?, named name: String?, _ context: Context
    ) -> (key: RowUUID, port: RouterPort)? {
        let key: RowUUID?
        if let name {
            key = context.first(model.routerPortByName, name)
        } else if let hop {
            key =
                context.read(lengths, router)?.prefixes(of: hop).lazy.compactMap {
                    context.first(owners, RouterNetwork(router: router, network: $0))
                }.first
        } else {
            key = nil
        }
        guard let key, let port = context.read(model.routerPorts, key) ?? nil,
            port.router == router
        else { return nil }
        return (key, port)
    }
}

/// Numbers for names that pipelines carry in registers. Equal names have equal numbers everywhere.
struct NameNumbers: Sendable {
    let numbers: Allocator<StickyKeys>
    private let name: String

    init(
        _ name: String, _ engine: Engine, of names: Function<RowUUID, Nothing>, _ state: StickyKeys
    ) {
        self.name = name
        let requests = engine.function("\(name) number request", over: names) {
            _, _, _ -> KeyRequest? in KeyRequest(space: .zero, start: .name)
        }
        numbers = engine.allocator("\(name) number", of: requests, policy: state)
    }

    static func key(_ text: String) -> RowUUID { SouthboundUUID.named("name", text) }

    /// 0 for no name, nil if no number is left or nothing has this name.
    func number(_ text: String, _ context: Context) -> Int? {
        text.isEmpty ? 0 : context.read(numbers, NameNumbers.key(text))
    }
}

/// Static routes.
struct Routes: Sendable {
    let groups: Allocator<StickyKeys>
    let tables: NameNumbers
    let nextHops: NextHops

    init(
        _ engine: Engine, _ inputs: Inputs, _ outputs: Outputs, _ model: Model,
        _ sessions: Sessions, _ state: StickyState
    ) {
        let nextHops = NextHops(engine, inputs, model)
        self.nextHops = nextHops
        let names: Incremental.Relation<RowUUID> = engine.relation("route table")
        let parsed = engine.function("route", over: inputs.routes) {
            key, row, context -> ResolvedRoute? in
            let report = { (column: String, reason: String) in
                context.emit(
                    outputs.problems,
                    Problem("Logical_Router_Static_Route", key, column, reason))
            }
            guard let owner = context.read(inputs.routerOfRoute, key),
                let route = StaticRoute(row, of: owner.first, report: report)
            else { return nil }
            if !route.table.isEmpty { context.emit(names, NameNumbers.key(route.table)) }
            if let session = row.bfd, !sessions.isUp(session, context) { return nil }
            let resolved = Routes.resolve(route, model, nextHops, sessions, context, report)
            if let hop = resolved?.hop {
                Routes.watch(hop, of: key, on: route.router, inputs, outputs, context)
            }
            return resolved
        }
        engine.emitter("route table of port", over: inputs.routerPorts) { _, row, context in
            if let name = row.routeTable { context.emit(names, NameNumbers.key(name)) }
        }
        tables = NameNumbers("route table", engine, of: engine.collect(names), state.routeTables)
        groups = Routes.flows(engine, parsed, outputs, tables, state)
        Routes.portTables(engine, inputs, outputs, model, tables)
    }

    /// The row of a next hop that connections remember, with
    /// NB_Global.options:ecmp_nexthop_monitor_enable.
    private static func watch(
        _ hop: RouteHop, of key: RowUUID, on router: RowUUID, _ inputs: Inputs,
        _ outputs: Outputs, _ context: Context
    ) {
        guard hop.replyKey != nil, let address = hop.nextHop?.description,
            context.read(inputs.options, "ecmp_nexthop_monitor_enable") == "true"
        else { return }
        let mac = context.read(
            inputs.neighbours, BFDKey(port: hop.portName, address: address))
        context.emit(
            outputs.ecmpNextHops,
            ECMPNextHopRow(
                origin: key, router: router, port: hop.portName, address: address, mac: mac ?? ""))
    }

    private static func resolve(
        _ route: StaticRoute, _ model: Model, _ nextHops: NextHops, _ sessions: Sessions,
        _ context: Context, _ report: (_ column: String, _ reason: String) -> Void
    ) -> ResolvedRoute? {
        let key = RouteKey(
            router: route.router, prefix: route.prefix, isSourceRoute: route.isSourceRoute,
            table: route.table, overridesConnected: route.overridesConnected,
            isConnectedElsewhere: route.isConnectedElsewhere)
        let target: IPAddress?
        switch route.target {
        case .discard: return ResolvedRoute(key: key, hop: nil)
        case .nextHop(let hop): target = hop
        case .onLink: target = nil
        }
        let isIPv4 = (target ?? route.prefix.address).v4 != nil
        guard
            let way = nextHops.port(
                of: route.router, to: target, named: route.outputPort, context)
        else {
            let hop = target.map { "next hop \($0)" } ?? "\(route.prefix)"
            report("nexthop", "no port leads to \(hop)")
            return nil
        }
        let source =
            target.flatMap { way.port.source(for: $0) }
            ?? way.port.anySource(like: target ?? route.prefix.address)
        guard source != nil || route.outputPort != nil else {
            report("nexthop", "the port to next hop \(route.prefix) has no address")
            return nil
        }
        var hop = RouteHop(
            portName: way.port.name, mac: way.port.mac, source: source, nextHop: target,
            isIPv4: isIPv4)
        if route.repliesAlike,
            (context.read(model.gateways.routers, route.router) ?? nil)?.isGatewayRouter == true
        {
            hop.replyKey = context.read(model.routerPortKeys, way.key)
        }
        return ResolvedRoute(
            key: key, hop: hop, hashFields: route.hashFields,
            hasSessions: sessions.run(at: way.port.name, context))
    }

    /// The least route of a prefix stands for all of them.
    private static func flows(
        _ engine: Engine, _ resolved: Function<RowUUID, ResolvedRoute?>, _ outputs: Outputs,
        _ tables: NameNumbers, _ state: StickyState
    ) -> Allocator<StickyKeys> {
        let byKey = engine.index("routes by prefix", of: resolved) { _, route in
            route.map { [$0.key] } ?? []
        }
        let requests = engine.function("route group request", over: resolved) {
            key, route, context -> KeyRequest? in
            guard let route else { return nil }
            let members = context.members(byKey, route.key)
            guard members.count > 1 || route.hop?.replyKey != nil, members.first == key else {
                return nil
            }
            return KeyRequest(space: route.key.router, start: .name)
        }
        let groups = engine.allocator("route group", of: requests, policy: state.routeGroups)
        engine.emitter("route flows", over: resolved) { key, route, context in
            guard let route, let table = tables.number(route.key.table, context) else { return }
            let members = context.members(byKey, route.key)
            guard members.first == key else { return }
            let routes = members.compactMap { context.read(resolved, $0) ?? nil }
            let discards = routes.contains { $0.hop == nil }
            let isGroup = members.count > 1 || route.hop?.replyKey != nil
            context.emit(
                StaticRoutes(
                    key: route.key, hops: discards ? [] : routes.compactMap(\.hop),
                    group: isGroup ? context.read(groups, key) ?? 0 : 0, table: table,
                    hashFields: Set(routes.flatMap(\.hashFields)).sorted(),
                    hasSessions: route.hasSessions),
                .datapath(route.key.router), hint: members.count == 1 ? key : nil, to: outputs)
        }
        return groups
    }

    private static func portTables(
        _ engine: Engine, _ inputs: Inputs, _ outputs: Outputs, _ model: Model,
        _ tables: NameNumbers
    ) {
        let ports = engine.subset("ports with a route table", of: inputs.routerPorts) { _, row in
            row.routeTable != nil
        }
        engine.emitter("port's route table", over: ports) { key, row, context in
            guard let port = context.read(model.routerPorts, key) ?? nil,
                let name = row.routeTable, let table = tables.number(name, context)
            else { return }
            context.emit(
                PortRouteTable(port: port.name, table: table), .datapath(port.router), hint: key,
                to: outputs)
        }
    }
}

extension NB.LogicalRouterPort {
    /// options:route_table; nil is the main one.
    var routeTable: String? {
        options["route_table"].flatMap { $0.isEmpty || $0 == "<main>" ? nil : $0 }
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

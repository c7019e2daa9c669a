// The model: what the features are derived from. Rows parsed, sides of a connection found, keys
// given.

import Incremental
import LogicalFlow
import OVSDBModel
import Schemas
import Wire

/// Which router port a switch port leads to, if the two agree.
package struct RouterSide: Hashable, Sendable {
    package let router: RowUUID
    package let port: RowUUID
    package let portName: String
}

package struct Model: Sendable {
    package let switchPorts: Function<RowUUID, SwitchPort?>
    package let routerPorts: Function<RowUUID, RouterPort?>
    package let switchPortByName: Index<String, RowUUID>
    package let routerPortByName: Index<String, RowUUID>
    /// Switch ports by the router port that they name.
    package let switchPortByRouterPort: Index<String, RowUUID>
    /// Ports that accept packets to unknown stations, by switch.
    package let unknownPorts: Index<RowUUID, RowUUID>
    /// Switches with a port that is no router's and gets what is flooded.
    package let hasHosts: Function<RowUUID, Nothing>
    package let localnetPorts: Index<RowUUID, RowUUID>
    package let portsOfRouter: Index<RowUUID, RowUUID>
    package let attachments: Function<RowUUID, Attachment?>
    /// Router ports by the switch that they are attached to.
    package let routerPortsOfSwitch: Index<RowUUID, RowUUID>
    /// The switch ports that lead to a router.
    package let routerSwitchPorts: Function<RowUUID, SwitchPort?>
    package let routerSides: Function<RowUUID, RouterSide?>
    /// All stations behind a switch port, those of a router included.
    package let stations: Function<RowUUID, [StationAddress]>
    /// Chassis by name and by host name.
    package let chassisByName: Index<String, RowUUID>
    package let gateways: Gateways
    /// Limits of the router ports that have one, and the routers of these ports.
    /// Which routers are connected, by port.
    let components: Allocator<Components>
    let limits: Function<RowUUID, PacketLimit?>
    let pathMTU: PathMTU
    let limitedRouters: Function<RowUUID, RowUUID?>
    /// Router ports with options:mcast_flood.
    let floodingPorts: Function<RowUUID, RouterPort?>
    let floodingPortsOfRouter: Index<RowUUID, RowUUID>
    package let deployment: Deployment
    /// options:arp_proxy of the ports that have it.
    let proxies: Function<RowUUID, String?>
    let proxiesOfSwitch: Index<RowUUID, RowUUID>
    /// Ports by where their packets are copied to.
    let mirrored: Index<MirrorPlace, RowUUID>
    /// Ports by the port that they are nested in.
    let nestedPorts: Index<String, RowUUID>
    package let datapathKeys: Allocator<StickyKeys>
    package let portKeys: Allocator<StickyKeys>
    package let routerPortKeys: Allocator<StickyKeys>
    package let pools: Function<RowUUID, AddressPool?>
    package let givenAddresses: GivenAddressTable
    package let meters: Function<RowUUID, MeterRow>
    /// Nil for a router.
    package let switchSettings: Function<RowUUID, SwitchSettings?>

    init(_ engine: Engine, _ inputs: Inputs, _ outputs: Outputs, _ state: StickyState) {
        let problems = outputs.problems
        meters = Model.meters(engine, inputs)
        deployment = Deployment(engine, inputs)
        let keyLimits = Model.keyLimits(engine, inputs)
        switchSettings = engine.function("switch settings", over: inputs.datapaths) {
            key, row, context in
            row.switch.map { row in
                SwitchSettings(row) { column, reason in
                    context.emit(problems, Problem("Logical_Switch", key, column, reason))
                }
            }
        }
        datapathKeys = engine.allocator(
            "datapath key", of: Model.datapathRequests(engine, inputs, keyLimits),
            policy: state.datapathKeys)
        chassisByName = engine.index("chassis by name", of: inputs.chassis) { _, chassis in
            chassis.name == chassis.hostname ? [chassis.name] : [chassis.name, chassis.hostname]
        }
        let dynamicAddresses = DynamicAddresses(engine, inputs, problems)
        pools = dynamicAddresses.pools
        let trunks = TrunkPlaces(engine, inputs, problems)
        let hosts: Incremental.Relation<RowUUID> = engine.relation("switch of a host")
        let switchPorts = Model.switchPorts(
            engine, inputs, problems, dynamicAddresses, trunks, hosts)
        hasHosts = engine.collect(hosts)
        let nested = engine.subset("nested ports", of: inputs.switchPorts) { _, row in
            row.parentName?.isEmpty == false
        }
        nestedPorts = engine.index("nested ports by parent", of: nested) { _, row in
            row.parentName.map { [$0] } ?? []
        }
        let proxying = engine.subset("proxying ports", of: inputs.switchPorts) { _, row in
            row.options["arp_proxy"] != nil
        }
        proxies = engine.function("proxied addresses", over: proxying) { _, row, _ in
            row.options["arp_proxy"]
        }
        let proxyPlaces = engine.function("proxy's switch", over: proxying) { key, _, context in
            (context.read(switchPorts, key) ?? nil)?.datapath
        }
        proxiesOfSwitch = engine.index("proxies by switch", of: proxyPlaces) { _, datapath in
            datapath.map { [$0] } ?? []
        }
        switchPortByName = engine.index("switch port by name", of: switchPorts) { _, port in
            port.map { [$0.name] } ?? []
        }
        let routerPorts = Model.routerPorts(engine, inputs, problems, switchPortByName)
        switchPortByRouterPort = engine.index("switch port by router port", of: switchPorts) {
            _, port in
            if case .router(let peer?)? = port?.kind { [peer] } else { [] }
        }
        unknownPorts = engine.index("unknown ports", of: switchPorts) { _, port in
            port.flatMap { $0.hasUnknown && $0.takesFloods ? [$0.datapath] : nil } ?? []
        }
        localnetPorts = engine.index("localnet ports", of: switchPorts) { _, port in
            port.flatMap { $0.kind == .localnet ? [$0.datapath] : nil } ?? []
        }
        routerPortByName = engine.index("router port by name", of: routerPorts) { _, port in
            port.map { [$0.name] } ?? []
        }
        portsOfRouter = engine.index("router's ports", of: routerPorts) { _, port in
            port.map { [$0.router] } ?? []
        }
        let attachments = Model.attachments(
            engine, switchPorts, routerPorts, switchPortByRouterPort, routerPortByName, problems)
        let gateways = Gateways(
            engine, inputs, routerPorts: routerPorts, attachments: attachments,
            switchPorts: switchPorts, localnetPorts: localnetPorts, problems)
        let links = engine.function("router link", over: attachments) {
            key, attachment, context -> DatapathLink? in
            guard let port = context.read(routerPorts, key) ?? nil else { return nil }
            switch attachment {
            case .switch(let datapath, _, _)?:
                return DatapathLink(router: port.router, other: datapath)
            case .router(let other, _, _)?: return DatapathLink(router: port.router, other: other)
            case nil: return nil
            }
        }
        components = engine.allocator("component", of: links, policy: Components())
        let limited = engine.subset("router ports with a limit", of: routerPorts) { _, port in
            port?.mtu != nil
        }
        self.limits = Model.limits(
            engine, inputs, limited, attachments, localnetPorts, problems)
        pathMTU = PathMTU(engine, inputs, routerPorts, attachments, switchSettings)
        floodingPorts = engine.subset("flooding router ports", of: routerPorts) { _, port in
            port?.floodsMulticast == true
        }
        floodingPortsOfRouter = engine.index("flooding ports of router", of: floodingPorts) {
            _, port in port.map { [$0.router] } ?? []
        }
        limitedRouters = engine.function("router with a limit", over: limited) { _, port, _ in
            port?.router
        }
        routerPortsOfSwitch = engine.index("switch's router ports", of: attachments) {
            _, attachment in
            attachment?.switchDatapath.map { [$0] } ?? []
        }
        let routerSwitchPorts = engine.subset("router switch ports", of: switchPorts) { _, port in
            port?.kind.isRouter == true
        }
        let routerSides = Model.routerSides(
            engine, routerSwitchPorts, routerPorts, routerPortByName, attachments)
        let givenAddresses = dynamicAddresses.finish(
            engine, inputs, switchPorts, routerPorts, routerSides, state.addresses)
        self.givenAddresses = givenAddresses
        stations = engine.function("stations", over: switchPorts) { key, port, context in
            guard let port else { return [] }
            if port.dynamic != nil, let given = givenAddresses.read(key, context) {
                return port.stations + [given.station]
            }
            guard port.kind.isRouter, port.takesRouterAddresses,
                let side = context.read(routerSides, key) ?? nil,
                let routerPort = context.read(routerPorts, side.port) ?? nil
            else { return port.stations }
            return port.stations + [routerPort.station]
        }
        let mirrored = Model.mirroredPorts(engine, inputs, switchPorts)
        self.mirrored = mirrored
        portKeys = engine.allocator(
            "switch port key",
            of: Model.switchPortRequests(
                engine, switchPorts, inputs, routerSides, gateways, mirrored, keyLimits),
            policy: state.portKeys)
        routerPortKeys = engine.allocator(
            "router port key",
            of: Model.routerPortRequests(
                engine, routerPorts, inputs, gateways, keyLimits),
            policy: state.routerPortKeys)
        self.switchPorts = switchPorts
        self.routerPorts = routerPorts
        self.attachments = attachments
        self.gateways = gateways
        self.routerSwitchPorts = routerSwitchPorts
        self.routerSides = routerSides
    }
}

extension Model {
    /// The chassis that a comma-separated list names, as far as they exist.
    func chassis(named list: String?, _ context: Context) -> [RowUUID] {
        let names = list?.split(separator: ",").map(String.init) ?? []
        return names.compactMap { context.first(chassisByName, $0) }
    }
}

// MARK: - Rows

extension Model {
    private static func switchPorts(
        _ engine: Engine, _ inputs: Inputs, _ problems: Output<Problem>,
        _ dynamicAddresses: DynamicAddresses, _ trunks: TrunkPlaces,
        _ hosts: Incremental.Relation<RowUUID>
    ) -> Function<RowUUID, SwitchPort?> {
        engine.function("switch port", over: inputs.switchPorts) { key, row, context in
            if row.trunk != nil {
                return trunks.owner(of: key, row, context).map {
                    let port = SwitchPort(row, of: $0, report: { _, _ in })
                    if port.takesFloods { context.emit(hosts, $0) }
                    return port
                }
            }
            guard let owners = context.read(inputs.switchOfPort, key) else { return nil }
            if !owners.others.isEmpty {
                context.emit(
                    problems,
                    Problem("Logical_Switch_Port", key, "name", "port of several switches"))
            }
            let port = SwitchPort(row, of: owners.first) { column, reason in
                context.emit(problems, Problem("Logical_Switch_Port", key, column, reason))
            }
            if !port.kind.isRouter, port.takesFloods { context.emit(hosts, port.datapath) }
            dynamicAddresses.claim(key, port, inputs, context)
            trunks.check(key, row, context)
            if let text = row.options["control_limits"] {
                _ = ControlLimits(parsing: text) { reason in
                    context.emit(
                        problems,
                        Problem("Logical_Switch_Port", key, "options:control_limits", reason))
                }
            }
            return port
        }
    }

    private static func routerPorts(
        _ engine: Engine, _ inputs: Inputs, _ problems: Output<Problem>,
        _ switchPortByName: Index<String, RowUUID>
    ) -> Function<RowUUID, RouterPort?> {
        engine.function("router port", over: inputs.routerPorts) { key, row, context in
            guard let owners = context.read(inputs.routerOfPort, key) else { return nil }
            guard context.first(switchPortByName, row.name) == nil else {
                context.emit(
                    problems,
                    Problem("Logical_Router_Port", key, "name", "a switch port has this name"))
                return nil
            }
            return RouterPort(row, of: owners.first) { column, reason in
                context.emit(problems, Problem("Logical_Router_Port", key, column, reason))
            }
        }
    }
}

// MARK: - Connections

extension Model {
    private static func attachments(
        _ engine: Engine, _ switchPorts: Function<RowUUID, SwitchPort?>,
        _ routerPorts: Function<RowUUID, RouterPort?>,
        _ switchPortByRouterPort: Index<String, RowUUID>,
        _ routerPortByName: Index<String, RowUUID>, _ problems: Output<Problem>
    ) -> Function<RowUUID, Attachment?> {
        engine.function("attachment", over: routerPorts) { own, port, context in
            guard let port else { return nil }
            let claimants = context.members(switchPortByRouterPort, port.name)
            for other in claimants.dropFirst() {
                context.emit(
                    problems,
                    Problem(
                        "Logical_Switch_Port", other, "options",
                        "router port \"\(port.name)\" is taken"))
            }
            if let first = claimants.first, let claimant = context.read(switchPorts, first) ?? nil {
                return .switch(claimant.datapath, port: first, portName: claimant.name)
            }
            guard let name = port.peer, !name.isEmpty else { return nil }
            func refuse(_ reason: String) -> Attachment? {
                context.emit(problems, Problem("Logical_Router_Port", own, "peer", reason))
                return nil
            }
            guard let key = context.first(routerPortByName, name),
                let peer = context.read(routerPorts, key) ?? nil
            else { return refuse("no router port is called \"\(name)\"") }
            guard key != own else { return refuse("a port is not its own peer") }
            guard peer.peer == port.name else {
                return refuse("\"\(name)\" has another peer")
            }
            return .router(peer.router, port: key, portName: peer.name)
        }
    }

    private static func routerSides(
        _ engine: Engine, _ switchPorts: Function<RowUUID, SwitchPort?>,
        _ routerPorts: Function<RowUUID, RouterPort?>,
        _ routerPortByName: Index<String, RowUUID>,
        _ attachments: Function<RowUUID, Attachment?>
    ) -> Function<RowUUID, RouterSide?> {
        engine.function("router side", over: switchPorts) { key, port, context in
            guard case .router(let name?)? = port?.kind,
                let peer = context.first(routerPortByName, name),
                case .switch(_, port: key, _)? = context.read(attachments, peer) ?? nil,
                let routerPort = context.read(routerPorts, peer) ?? nil
            else { return nil }
            return RouterSide(router: routerPort.router, port: peer, portName: name)
        }
    }
}

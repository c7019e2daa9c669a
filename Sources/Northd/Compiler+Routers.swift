import Incremental
import OVSDBModel
import Schemas
import Wire

extension Compiler {
    /// The features of logical routers, one derivation per port and feature.
    func registerRouterFeatures() {
        registerAdmittedNeighbours()
        registerRouterAddresses()
        registerConnectedRoutes()
        registerPeerNeighbours()
        registerGatewayRedirects()
        registerPacketLengths()
        registerTranslations()
        registerRouterBalancing()
        registerAnnouncedAddresses()
        registerMulticastRelay()
        registerRoutingProtocols()
        registerStationsOfSwitches()
    }

    private func onPort(
        _ name: String,
        _ body: @escaping @Sendable (RowUUID, RouterPort, Context) -> Void
    ) {
        engine.emitter(name, over: model.routerPorts) { key, port, context in
            if let port { body(key, port, context) }
        }
    }

    /// Who may send to a router, and of whom it learns.
    private func registerAdmittedNeighbours() {
        let (outputs, model) = (outputs, model)
        onPort("router port admission") { key, port, context in
            let router = context.read(model.gateways.routers, port.router) ?? nil
            context.emit(
                RouterPortAdmission(
                    port: port, place: context.read(model.gateways.places, key) ?? .anywhere,
                    limit: port.mtu == nil ? nil : context.read(model.limits, key) ?? nil,
                    relaysMulticast: router?.relaysMulticast == true,
                    proxy: model.proxyAddress(key, context)),
                .datapath(port.router), hint: key, to: outputs)
        }
        onPort("neighbour learning") { key, port, context in
            let router = context.read(model.gateways.routers, port.router) ?? nil
            context.emit(
                NeighbourLearning(
                    port: port, learnsFromRequests: router?.learnsFromRequests != false,
                    place: context.read(model.gateways.places, key) ?? .anywhere),
                .datapath(port.router), hint: key, to: outputs)
        }
    }

    /// What a router makes of packets for itself.
    private func registerRouterAddresses() {
        let (outputs, model, services) = (outputs, model, services)
        let sharing = AddressSharing(
            model: model, translations: translations, balancing: balancing,
            balancers: routerBalancing.byAddress)
        onPort("router address input") { key, port, context in
            context.emit(
                RouterAddressInput(
                    port: port, place: context.read(model.gateways.places, key) ?? .anywhere,
                    shared: Set(
                        port.addresses.filter { sharing.uses($0, of: port.router, context) }),
                    sharesAll: (context.read(model.gateways.routers, port.router) ?? nil)?
                        .forcedAfterBalancing.isPortAddress == true),
                .datapath(port.router), hint: key,
                meters: services.meters(of: port.router, context), to: outputs)
        }
        onPort("time exceeded") { key, port, context in
            let place = context.read(model.gateways.places, key) ?? .anywhere
            context.emit(
                TimeExceeded(port: port, place: place), .datapath(port.router), hint: key,
                meters: services.meters(of: port.router, context), to: outputs)
        }
    }

    /// A disabled port keeps its routes: what is for its networks must not go elsewhere.
    private func registerConnectedRoutes() {
        let (outputs, sessions, services) = (outputs, sessions, services)
        onPort("connected routes") { key, port, context in
            let hasSessions = sessions.run(at: port.name, context)
            context.emit(
                ConnectedRoutes(port: port, hasSessions: hasSessions), .datapath(port.router),
                hint: key, to: outputs)
            if hasSessions {
                context.emit(
                    SessionPackets(port: port), .datapath(port.router), hint: key,
                    meters: services.meters(of: port.router, context), to: outputs)
            }
        }
    }

    /// Routers that are joined know each other.
    private func registerPeerNeighbours() {
        let (outputs, model) = (outputs, model)
        onPort("peer neighbours") { key, port, context in
            guard case .router(_, let peer, _)? = context.read(model.attachments, key) ?? nil,
                let other = context.read(model.routerPorts, peer) ?? nil,
                (context.read(model.gateways.routers, port.router) ?? nil)?.learnsRouters != true
            else { return }
            context.emit(
                KnownNeighbours(port: port, stations: [other.station]), .datapath(port.router),
                hint: key, to: outputs)
        }
    }

    private func registerGatewayRedirects() {
        let outputs = outputs
        engine.emitter("gateway redirect", over: model.gateways.ports) { key, gateway, context in
            guard let gateway else { return }
            context.emit(
                GatewayRedirect(gateway: gateway), .datapath(gateway.port.router), hint: key,
                to: outputs)
        }
    }

    /// What the ports of a switch tell the routers on it. One derivation per switch port, so that
    /// one more port costs one more flow per router.
    private func registerStationsOfSwitches() {
        let (outputs, model) = (outputs, model)
        engine.emitter("known neighbours", over: model.switchPorts) { key, port, context in
            guard let port, port.isEnabled, port.kind != .virtual else { return }
            let stations = context.read(model.stations, key) ?? []
            guard !stations.isEmpty else { return }
            let own =
                port.kind.isRouter ? context.read(model.routerSides, key) ?? nil : nil
            for other in context.members(model.routerPortsOfSwitch, port.datapath)
            where other != own?.port {
                guard let router = context.read(model.routerPorts, other) ?? nil else { continue }
                if port.kind.isRouter,
                    (context.read(model.gateways.routers, router.router) ?? nil)?.learnsRouters
                        == true
                {
                    continue
                }
                let isBridged =
                    !port.kind.isRouter && router.isBridged && router.hasGateway
                    && (context.read(model.gateways.ports, other) ?? nil) != nil
                context.emit(
                    KnownNeighbours(port: router, stations: stations, isBridged: isBridged),
                    .datapath(router.router),
                    hint: key, to: outputs)
            }
        }
    }
}

extension Model {
    /// The Ethernet address that the switch at the other side answers with in a router port's
    /// stead (options:arp_proxy), where that is not the port's own.
    fileprivate func proxyAddress(_ key: RowUUID, _ context: Context) -> MACAddress? {
        guard let attachment = context.read(attachments, key) ?? nil,
            case .switch(_, let port, _) = attachment
        else { return nil }
        return (context.read(proxies, port) ?? nil).flatMap { NeighbourProxy(parsing: $0)?.mac }
    }
}

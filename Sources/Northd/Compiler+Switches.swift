import Incremental
import OVSDBModel
import Schemas

extension Compiler {
    /// The features of logical switches, one derivation per port and feature.
    func registerSwitchFeatures() {
        let learning = engine.subset("learning ports", of: model.switchPorts) { _, port in
            port?.learnsStations == true || port?.kind == .localnet
        }
        let untracked = engine.subset("untracked ports", of: model.switchPorts) { _, port in
            port?.kind.isUntracked == true
        }
        registerSwitchPortAdmission()
        registerStationLearning(learning)
        registerNeighbourResponders()
        registerUnicast()
        registerConntrackBypasses(untracked)
        registerRouterNeighbours()
    }

    private typealias SwitchPorts = Function<RowUUID, SwitchPort?>

    /// - Parameter domain: the ports that the feature is for.
    private func on(
        _ domain: SwitchPorts, _ name: String,
        _ body: @escaping @Sendable (RowUUID, SwitchPort, Context) -> Void
    ) {
        engine.emitter(name, over: domain) { key, port, context in
            if let port { body(key, port, context) }
        }
    }

    private func registerSwitchPortAdmission() {
        let (outputs, model) = (outputs, model)
        on(model.switchPorts, "switch port admission") { key, port, context in
            let side =
                port.kind.isRouter ? context.read(model.routerSides, key) ?? nil : nil
            let router = side.flatMap { context.read(model.routerPorts, $0.port) ?? nil }
            let place = side.map { context.read(model.gateways.places, $0.port) ?? .anywhere }
            context.emit(
                SwitchPortAdmission(
                    port: port, router: router?.mac,
                    routerIsGateway: place?.isGatewayRouter == true),
                .datapath(port.datapath), hint: key, to: outputs)
        }
    }

    private func registerStationLearning(_ learning: SwitchPorts) {
        let outputs = outputs
        on(learning, "station learning") { key, port, context in
            context.emit(
                StationLearning(port: port), .datapath(port.datapath), hint: key, to: outputs)
        }
    }

    private func registerNeighbourResponders() {
        let (inputs, outputs, model, services) = (inputs, outputs, model, services)
        on(model.switchPorts, "neighbour responder") { key, port, context in
            let settings = context.read(model.switchSettings, port.datapath) ?? nil
            if let relay = settings?.relayPort {
                Compiler.emitRelayClient(
                    key, port, relayPort: relay, outputs, model, services, context)
            }
            guard port.respondsForStations, settings?.passesVLANs != true,
                model.isReachable(port, inputs, context)
            else { return }
            let hasLocalnet = context.first(model.localnetPorts, port.datapath) != nil
            context.emit(
                NeighbourResponder(
                    port: port, stations: context.read(model.stations, key) ?? [],
                    hasLocalnet: hasLocalnet,
                    hasProxy: context.first(model.proxiesOfSwitch, port.datapath) != nil),
                .datapath(port.datapath), hint: key, to: outputs)
        }
    }

    private func registerUnicast() {
        let (outputs, model) = (outputs, model)
        on(model.switchPorts, "unicast") { key, port, context in
            let side = port.kind.isRouter ? context.read(model.routerSides, key) ?? nil : nil
            if let side, let router = context.read(model.routerPorts, side.port) ?? nil {
                let place = context.read(model.gateways.places, side.port) ?? .anywhere
                return context.emit(
                    RouterDelivery(
                        port: port, router: router, place: place,
                        proxy: (context.read(model.proxies, key) ?? nil)
                            .flatMap { NeighbourProxy(parsing: $0)?.mac }),
                    .datapath(port.datapath), hint: key, to: outputs)
            }
            let floods =
                port.delivery.contains(.copiesToUnknown)
                && context.first(model.unknownPorts, port.datapath) != nil
            context.emit(
                Unicast(
                    port: port, stations: context.read(model.stations, key) ?? [],
                    switchFloodsUnknown: floods),
                .datapath(port.datapath), hint: key, to: outputs)
        }
    }

    private func registerConntrackBypasses(_ untracked: SwitchPorts) {
        let (outputs, filtering) = (outputs, filtering)
        on(untracked, "conntrack bypass") { key, port, context in
            let profile = context.read(filtering.profiles, port.datapath) ?? nil
            context.emit(
                ConntrackBypass(port: port, profile: profile), .datapath(port.datapath),
                hint: key, to: outputs)
        }
    }

    private func registerRouterNeighbours() {
        let (outputs, model, translations) = (outputs, model, translations)
        on(model.routerSwitchPorts, "router neighbours") { key, port, context in
            model.checkRouterPort(key, port, outputs.problems, context)
            guard port.isEnabled, let side = context.read(model.routerSides, key) ?? nil,
                let router = context.read(model.routerPorts, side.port) ?? nil
            else { return }
            let floods = context.first(model.unknownPorts, port.datapath) != nil
            context.emit(
                RouterNeighbours(
                    port: port, router: router,
                    switchHasHosts: context.read(model.hasHosts, port.datapath) != nil,
                    switchFloodsUnknown: floods,
                    place: context.read(model.gateways.places, side.port) ?? .anywhere,
                    translated: translations.addresses(of: side.router, context)),
                .datapath(port.datapath), hint: key, to: outputs)
        }
    }
}

extension Model {
    /// With NB_Global.options:ignore_lsp_down=false nobody answers for a port that is down.
    fileprivate func isReachable(
        _ port: SwitchPort, _ inputs: Inputs, _ context: Context
    ) -> Bool {
        guard port.kind == .vif, context.read(inputs.options, "ignore_lsp_down") == "false" else {
            return true
        }
        return context.read(inputs.portStates, port.name)?.isUp == true
    }
}

import Incremental
import OVSDBModel
import Schemas

extension Compiler {
    /// The features of logical routers, one derivation per port and feature.
    func registerRouterFeatures() {
        let (inputs, outputs, model) = (inputs, outputs, model)
        let onPort = { [engine] (name: String, body: @escaping RouterPortDerivation) in
            _ = engine.emitter(name, over: model.routerPorts) { key, port, context in
                if let port { body(key, port, context) }
            }
        }
        onPort("router port admission") { key, port, context in
            context.emit(
                RouterPortAdmission(port: port), .datapath(port.router), hint: key, to: outputs)
        }
        onPort("neighbour learning") { key, port, context in
            let options = context.read(inputs.datapaths, port.router)?.router?.options
            let learns = options?["always_learn_from_arp_request"] != "false"
            context.emit(
                NeighbourLearning(port: port, learnsFromRequests: learns),
                .datapath(port.router), hint: key, to: outputs)
        }
        onPort("router address input") { key, port, context in
            context.emit(
                RouterAddressInput(port: port), .datapath(port.router), hint: key, to: outputs)
        }
        onPort("time exceeded") { key, port, context in
            context.emit(TimeExceeded(port: port), .datapath(port.router), hint: key, to: outputs)
        }
        onPort("connected routes") { key, port, context in
            guard port.isEnabled else { return }
            context.emit(
                ConnectedRoutes(port: port), .datapath(port.router), hint: key, to: outputs)
        }
        onPort("peer neighbours") { key, port, context in
            guard case .router(_, let peer, _)? = context.read(model.attachments, key) ?? nil,
                let other = context.read(model.routerPorts, peer) ?? nil
            else { return }
            context.emit(
                KnownNeighbours(port: port, stations: [other.station]), .datapath(port.router),
                hint: key, to: outputs)
        }
        registerStationsOfSwitches()
    }

    private typealias RouterPortDerivation = @Sendable (RowUUID, RouterPort, Context) -> Void

    /// What the ports of a switch tell the routers on it. One derivation per switch port, so that
    /// one more port costs one more flow per router.
    private func registerStationsOfSwitches() {
        let (inputs, outputs, model) = (inputs, outputs, model)
        engine.emitter("known neighbours", over: model.switchPorts) { key, port, context in
            guard let port, port.isEnabled, port.kind != .virtual else { return }
            let stations = context.read(model.stations, key) ?? []
            guard !stations.isEmpty else { return }
            let own =
                port.kind.isRouter ? context.read(model.routerSides, key) ?? nil : nil
            for other in context.members(model.routerPortsOfSwitch, port.datapath)
            where other != own?.port {
                guard let router = context.read(model.routerPorts, other) ?? nil else { continue }
                if port.kind.isRouter {
                    let options = context.read(inputs.datapaths, router.router)?.router?.options
                    if options?["dynamic_neigh_routers"] == "true" { continue }
                }
                context.emit(
                    KnownNeighbours(port: router, stations: stations), .datapath(router.router),
                    hint: key, to: outputs)
            }
        }
    }
}

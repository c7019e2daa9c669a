import Incremental
import OVSDBModel
import Schemas

extension Compiler {
    /// Ports of routers that relay multicast, and those that get all of it.
    func registerMulticastRelay() {
        let (outputs, model) = (outputs, model)
        engine.emitter("multicast flood port", over: model.floodingPorts) { key, port, context in
            guard let port, port.isEnabled, context.read(model.routerPortKeys, key) != nil else {
                return
            }
            let place = context.read(model.gateways.places, key) ?? .anywhere
            context.emit(
                outputs.multicastMembers,
                MulticastMember(
                    datapath: port.router, group: .static, port: place.redirect ?? port.name))
        }
        engine.emitter("multicast relay port", over: model.routerPorts) { key, port, context in
            guard let port,
                (context.read(model.gateways.routers, port.router) ?? nil)?.relaysMulticast == true
            else { return }
            context.emit(
                MulticastRelayPort(
                    port: port, routerFloods: model.floodsMulticast(port.router, context)),
                .datapath(port.router), hint: key, to: outputs)
            guard
                case .switch(let datapath, let side, _)? = context.read(model.attachments, key)
                    ?? nil,
                let switchPort = context.read(model.switchPorts, side) ?? nil, switchPort.isEnabled
            else { return }
            context.emit(
                outputs.multicastMembers,
                MulticastMember(
                    datapath: datapath, group: .mrouterFlood,
                    port: model.bindingName(side, switchPort, context)))
        }
    }
}

extension Model {
    /// The router relays multicast, and some port of it gets all.
    func floodsMulticast(_ router: RowUUID, _ context: Context) -> Bool {
        (context.read(gateways.routers, router) ?? nil)?.relaysMulticast == true
            && context.first(floodingPortsOfRouter, router) != nil
    }
}

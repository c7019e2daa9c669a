import Incremental
import OVSDBModel
import Schemas

extension Compiler {
    /// Ports of routers that get all multicast.
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
        engine.emitter("multicast echo", over: model.routerPorts) { key, port, context in
            guard let port, model.floodsMulticast(port.router, context) else { return }
            context.emit(
                MulticastEcho(port: port), .datapath(port.router), hint: key, to: outputs)
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

import Incremental
import OVSDBModel
import Schemas
import Wire

extension Compiler {
    /// options:add_route of rules and load balancers.
    func registerAnnouncedAddresses() {
        let (outputs, model, balancing) = (outputs, model, balancing)
        engine.emitter("announced translation", over: translations.all) {
            key, translation, context in
            guard let translation, translation.rule.addsRoute else { return }
            let rule = translation.rule
            let ports =
                translation.gateway.map { [$0.row] }
                ?? context.members(model.portsOfRouter, rule.router)
            let mac = translation.isDistributed ? rule.station?.mac : nil
            for port in ports {
                model.announce(rule.external, mac, from: port, key, outputs, context)
            }
        }
        let announced = engine.subset("announced load balancers", of: balancing.balancers) {
            _, balancer in balancer?.options.addsRoute == true
        }
        let inputs = inputs
        engine.emitter("announced services", over: announced) { key, balancer, context in
            guard let balancer, let reach = context.read(balancing.reaches, key) else { return }
            for router in balancing.routers(of: reach, inputs, model, context) {
                let owner = context.read(model.gateways.routers, router) ?? nil
                let ports =
                    owner?.isGatewayRouter == true
                    ? context.members(model.portsOfRouter, router)
                    : context.members(model.gateways.portsOfRouter, router)
                for address in Set(balancer.services.map(\.address)) {
                    for port in ports {
                        model.announce(address, nil, from: port, key, outputs, context)
                    }
                }
            }
        }
    }
}

extension Model {
    /// Tells the other routers on the port's switch of the address.
    fileprivate func announce(
        _ address: IPAddress, _ mac: MACAddress?, from key: RowUUID, _ hint: RowUUID,
        _ outputs: Outputs, _ context: Context
    ) {
        guard let port = context.read(routerPorts, key) ?? nil,
            let datapath = (context.read(attachments, key) ?? nil)?.switchDatapath
        else { return }
        for other in context.members(routerPortsOfSwitch, datapath) where other != key {
            guard let neighbour = context.read(routerPorts, other) ?? nil,
                let router = context.read(gateways.routers, neighbour.router) ?? nil
            else { continue }
            let place = context.read(gateways.places, other) ?? .anywhere
            context.emit(
                AnnouncedAddress(
                    port: neighbour, address: address, mac: mac ?? port.mac,
                    isResolved: !router.learnsRouters
                        && (router.isGatewayRouter || place.gateway != nil)),
                .datapath(neighbour.router), hint: hint, to: outputs)
        }
    }
}

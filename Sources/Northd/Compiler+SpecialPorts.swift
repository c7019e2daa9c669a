import Incremental
import LogicalFlow
import OVSDBModel
import Schemas
import Wire

extension Compiler {
    /// Ports of which there are few: derivations over them cost the others nothing.
    func registerSpecialPorts() {
        registerProxies()
        registerVirtualPorts()
        registerExternalPorts()
        registerVTEPPorts()
        registerRemotePorts()
        registerOverlayMirrors()
    }

    private func registerProxies() {
        let (outputs, model) = (outputs, model)
        engine.emitter("neighbour proxy", over: model.proxies) { key, text, context in
            guard let text, let port = context.read(model.switchPorts, key) ?? nil else { return }
            guard var proxy = NeighbourProxy(parsing: text) else {
                return context.emit(
                    outputs.problems,
                    Problem(
                        "Logical_Switch_Port", key, "options:arp_proxy",
                        "no addresses: \"\(text)\""))
            }
            let side = context.read(model.routerSides, key) ?? nil
            proxy.router = side.flatMap { context.read(model.routerPorts, $0.port) ?? nil }?.mac
            proxy.isRouterPort = port.kind.isRouter
            context.emit(proxy, .datapath(port.datapath), hint: key, to: outputs)
        }
    }

    private func registerVirtualPorts() {
        let (inputs, outputs, model) = (inputs, outputs, model)
        let ports = engine.subset("virtual ports", of: model.switchPorts) { _, port in
            port?.kind == .virtual
        }
        engine.emitter("virtual port", over: ports) { key, port, context in
            guard let port, let options = context.read(inputs.switchPorts, key)?.options else {
                return
            }
            guard let address = IPAddress(parsing: options["virtual-ip"] ?? "") else {
                return context.emit(
                    outputs.problems,
                    Problem("Logical_Switch_Port", key, "options:virtual-ip", "no IP address"))
            }
            let names = (options["virtual-parents"] ?? "").split(separator: ",").map(String.init)
            let parents = names.filter { name in
                let parent = context.first(model.switchPortByName, name)
                    .flatMap { context.read(model.switchPorts, $0) ?? nil }
                return parent?.datapath == port.datapath
            }
            for name in names where !parents.contains(name) {
                context.emit(
                    outputs.problems,
                    Problem(
                        "Logical_Switch_Port", key, "options:virtual-parents",
                        "no port of the switch is called \"\(name)\""))
            }
            context.emit(
                VirtualPort(name: port.name, address: address, parents: parents),
                .datapath(port.datapath), hint: key, to: outputs)
        }
    }

    private func registerExternalPorts() {
        let (outputs, model) = (outputs, model)
        let ports = engine.subset("external ports", of: model.switchPorts) { _, port in
            port?.kind == .external
        }
        engine.emitter("external port", over: ports) { key, port, context in
            guard let port else { return }
            let localnets = context.members(model.localnetPorts, port.datapath)
                .compactMap { context.read(model.switchPorts, $0) ?? nil }
            let routers = context.members(model.routerPortsOfSwitch, port.datapath)
                .compactMap { context.read(model.routerPorts, $0) ?? nil }
            context.emit(
                ExternalPort(
                    port: port, localnets: localnets.map(\.name),
                    routers: routers.map(\.station)),
                .datapath(port.datapath), hint: key, to: outputs)
        }
    }

    private func registerVTEPPorts() {
        let (outputs, model) = (outputs, model)
        let ports = engine.subset("VTEP ports", of: model.switchPorts) { _, port in
            port?.kind == .vtep
        }
        let switches: Incremental.Relation<RowUUID> = engine.relation("VTEP switch")
        engine.emitter("VTEP port", over: ports) { key, port, context in
            guard let port else { return }
            context.emit(switches, port.datapath)
            context.emit(VTEPPort(port: port), .datapath(port.datapath), hint: key, to: outputs)
        }
        engine.emitter("VTEP switch", over: engine.collect(switches)) { key, _, context in
            let redirects = context.members(model.routerPortsOfSwitch, key).compactMap {
                context.read(model.gateways.places, $0)?.redirect
            }
            context.emit(VTEPSwitch(redirects: redirects), .datapath(key), to: outputs)
        }
    }

    /// Stations behind a port of another zone are learned where their packets leave the switch.
    private func registerRemotePorts() {
        let (outputs, model) = (outputs, model)
        let ports = engine.subset("remote learning ports", of: model.switchPorts) { _, port in
            port?.kind == .remote && port?.hasUnknown == true && port?.isSecured == false
        }
        engine.emitter("remote station learning", over: ports) { key, port, context in
            guard let port else { return }
            context.emit(
                RemoteStationLearning(port: port), .datapath(port.datapath), hint: key,
                to: outputs)
        }
    }
}

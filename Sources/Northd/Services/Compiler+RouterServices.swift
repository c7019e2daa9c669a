import Incremental
import OVSDBModel
import Schemas
import Wire

extension Compiler {
    /// Router advertisements and DHCP relays. Only ports that have one have a derivation.
    func registerRouterServices() {
        let (inputs, outputs, model, services) = (inputs, outputs, model, services)
        engine.emitter("router advertisement", over: services.advertisements) {
            key, advertisement, context in
            guard let advertisement, let port = context.read(model.routerPorts, key) ?? nil,
                port.isEnabled
            else { return }
            context.emit(
                RouterAdvertiser(
                    port: port, advertisement: advertisement,
                    meter: services.meter("nd-ra-opts", on: port.router, context)),
                .datapath(port.router), hint: key, to: outputs)
        }
        let delegating = engine.subset("ports that ask for prefixes", of: inputs.routerPorts) {
            _, row in row.options["prefix_delegation"] == "true"
        }
        engine.emitter("prefix delegation", over: delegating) { key, _, context in
            guard let port = context.read(model.routerPorts, key) ?? nil, port.isEnabled else {
                return
            }
            context.emit(
                PrefixDelegation(port: port), .datapath(port.router), hint: key, to: outputs)
        }
        engine.emitter("DHCP relay", over: services.relays) { key, relay, context in
            guard let relay, let port = context.read(model.routerPorts, key) ?? nil, port.isEnabled
            else { return }
            context.emit(
                RouterRelay(
                    port: port, relay: relay,
                    meter: services.meter("dhcpv4-relay", on: port.router, context)),
                .datapath(port.router), hint: key, to: outputs)
        }
    }

    /// A port of a switch with a relay sends its requests to the relay's router.
    static func emitRelayClient(
        _ key: RowUUID, _ port: SwitchPort, relayPort name: String, _ outputs: Outputs,
        _ model: Model, _ services: Services, _ context: Context
    ) {
        guard port.isEnabled, port.kind == .vif,
            let relayPort = context.first(model.switchPortByName, name),
            let side = context.read(model.routerSides, relayPort) ?? nil,
            let relay = context.read(services.relays, side.port) ?? nil,
            let router = context.read(model.routerPorts, side.port) ?? nil
        else { return }
        for station in context.read(model.stations, key) ?? [] {
            context.emit(
                SwitchRelay(
                    port: port, mac: station.mac, routerPort: name, router: router,
                    network: relay.network),
                .datapath(port.datapath), hint: key, to: outputs)
        }
    }

    /// Adds to a router port's row what its services need.
    static func addRouterServices(
        _ key: RowUUID, _ port: RouterPort, _ row: NB.LogicalRouterPort, _ binding: inout PortRow,
        _ model: Model, _ services: Services, _ context: Context
    ) {
        for name in ["prefix_delegation", "prefix"]
        where row.options[name] == "true" && port.isEnabled {
            binding.options[name == "prefix" ? "ipv6_prefix" : "ipv6_prefix_delegation"] = "true"
        }
        guard !row.ipv6RAConfigs.isEmpty,
            let advertisement = context.read(services.advertisements, key) ?? nil
        else { return }
        // A physical network next door has routers of its own.
        if let datapath = (context.read(model.attachments, key) ?? nil)?.switchDatapath,
            context.first(model.localnetPorts, datapath) != nil
        {
            return
        }
        binding.options.merge(
            Advertisement.periodic(row.ipv6RAConfigs, port, advertisement)
        ) { _, new in new }
    }
}

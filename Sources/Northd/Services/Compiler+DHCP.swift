import Incremental
import OVSDBModel
import Schemas
import Wire

extension Compiler {
    /// DHCP servers of switch ports. Only ports that have one have a derivation.
    func registerDHCP() {
        // A switch with a relay serves nobody itself.
        let (inputs, outputs, model, services) = (inputs, outputs, model, services)
        let filtering = filtering
        let clients = engine.subset("DHCP clients", of: inputs.switchPorts) { _, row in
            row.dhcpv4Options != nil || row.dhcpv6Options != nil
        }
        engine.emitter("DHCP", over: clients) { key, row, context in
            guard let port = context.read(model.switchPorts, key) ?? nil, port.isEnabled,
                !port.kind.isRouter,
                (context.read(model.switchSettings, port.datapath) ?? nil)?.relayPort == nil,
                let inport = Compiler.dhcpInport(port, row, model, context)
            else { return }
            let stations = context.read(model.stations, key) ?? []
            for uuid in [row.dhcpv4Options, row.dhcpv6Options].compactMap(\.self) {
                guard let server = context.read(services.dhcpServers, uuid) ?? nil else { continue }
                let profile = context.read(filtering.profiles, port.datapath) ?? nil
                let lease = DHCPLease(
                    server: server, port: port, row: row, inport: inport,
                    isTracked: profile?.tracking.isStateful == true)
                for station in stations {
                    lease.serve(station, key, outputs, services, context)
                }
            }
        }
    }

    /// Requests for an external port come in by the physical network.
    private static func dhcpInport(
        _ port: SwitchPort, _ row: NB.LogicalSwitchPort, _ model: Model, _ context: Context
    ) -> String? {
        guard port.kind == .external else { return port.name }
        guard row.haChassisGroup != nil,
            let localnet = context.first(model.localnetPorts, port.datapath)
        else { return nil }
        return (context.read(model.switchPorts, localnet) ?? nil)?.name
    }
}

/// A server for the stations of one port.
private struct DHCPLease {
    let server: DHCPServer
    let port: SwitchPort
    let row: NB.LogicalSwitchPort
    let inport: String
    /// The switch tracks connections.
    let isTracked: Bool

    func serve(
        _ station: StationAddress, _ key: RowUUID, _ outputs: Outputs, _ services: Services,
        _ context: Context
    ) {
        let client = DHCPClient(
            name: port.name, mac: station.mac, inport: inport, isTracked: isTracked)
        switch server {
        case .v4(let server):
            let offer = station.addresses.compactMap(\.v4).first(where: server.network.contains)
            guard let offer else { return }
            context.emit(
                DHCPv4Responder(
                    port: client, server: server, offer: offer,
                    hostname: row.options["hostname"],
                    meter: services.meter("dhcpv4-opts", on: port.datapath, context)),
                .datapath(port.datapath), hint: key, to: outputs)
        case .v6(let server):
            let offer = station.addresses.compactMap(\.v6).first(where: server.network.contains)
            guard let offer else { return }
            context.emit(
                DHCPv6Responder(
                    port: client, server: server, offer: offer,
                    meter: services.meter("dhcpv6-opts", on: port.datapath, context)),
                .datapath(port.datapath), hint: key, to: outputs)
        }
    }
}

// What chassis probe: backends of load balancers with health checks, and switch ports with health
// checks of their own. One derivation per probed address, so that a port's state concerns its own
// rows only.

import Incremental
import OVSDBModel
import Schemas
import Wire

/// A backend that a load balancer wants probed.
package struct ProbedBackend: Hashable, Sendable {
    let loadBalancer: RowUUID
    let key: ServiceMonitorKey
    /// Where probes come from.
    let source: IPAddress
    let zone: String?
    let options: [String: String]
    let address: IPAddress
}

extension Compiler {
    func registerServiceMonitors() {
        registerBackendMonitors()
        registerPortMonitors()
        registerFunctionMonitors()
    }

    private func registerBackendMonitors() {
        let (outputs, balancing) = (outputs, balancing)
        let probed: Relation<ProbedBackend> = engine.relation("probed backend")
        engine.emitter("probed backends", over: balancing.balancers) { key, balancer, context in
            guard let balancer, context.read(balancing.reaches, key)?.isEmpty == false else {
                return
            }
            for service in balancer.services {
                for backend in service.backends {
                    guard let monitor = balancer.monitor(of: backend, in: service),
                        let placement = backend.placement, let source = placement.source
                    else { continue }
                    context.emit(
                        probed,
                        ProbedBackend(
                            loadBalancer: key, key: monitor, source: source,
                            zone: placement.zone, options: service.healthCheck ?? [:],
                            address: backend.address))
                }
            }
        }
        let scene = MonitorScene(inputs: inputs, model: model, services: services)
        engine.emitter("backend monitor", over: engine.collect(probed)) { backend, _, context in
            guard let port = scene.port(backend.key.logicalPort, context) else { return }
            let router = scene.router(backend.source, on: port.datapath, context)
            var row = ServiceMonitorRow(
                origin: backend.loadBalancer, key: backend.key,
                type: SB.ServiceMonitor.typeLoadBalancer)
            row.options = backend.options
            row.sourceAddress = backend.source.description
            row.isRemote = scene.isElsewhere(backend.zone, context)
            if row.isRemote { row.options["az-name"] = backend.zone }
            row.sourceMAC = router?.mac.description ?? scene.monitorAddress(context) ?? ""
            scene.place(&row, context)
            context.emit(outputs.serviceMonitors, row)
            context.emit(
                ProbeReplies(
                    port: port.name, backend: backend.address, backendPort: backend.key.port,
                    transport: backend.key.transport, source: backend.source, router: router?.mac,
                    monitor: scene.monitorAddress(context).flatMap { MACAddress(parsing: $0) }),
                .datapath(port.datapath), to: outputs)
        }
    }

    private func registerPortMonitors() {
        let (inputs, outputs, model) = (inputs, outputs, model)
        let scene = MonitorScene(inputs: inputs, model: model, services: services)
        engine.emitter("port monitor", over: inputs.portHealthChecks) { key, check, context in
            guard let source = IPAddress(parsing: check.srcIP),
                let owner = context.read(inputs.portOfHealthCheck, key)?.first,
                let port = context.read(model.switchPorts, owner) ?? nil
            else { return }
            let own = IPAddress(parsing: check.address).map { [$0] }
            let stations = context.read(model.stations, owner) ?? []
            // Who has addresses of both families is probed from that of the source.
            let states = (own ?? stations.flatMap(\.addresses))
                .filter { ($0.v4 == nil) == (source.v4 == nil) }
                .compactMap { address in
                    scene.probe(port, address, from: source, check, of: key, outputs, context)
                }
            context.emit(
                outputs.portHealth,
                PortHealthRow(target: key, status: Compiler.worst(states)))
        }
    }

    /// Probes go in at one port of a network function and come out at the other.
    private func registerFunctionMonitors() {
        let (inputs, outputs, model) = (inputs, outputs, model)
        let scene = MonitorScene(inputs: inputs, model: model, services: services)
        let probed = engine.subset("probed functions", of: inputs.functions) { _, row in
            row.healthCheck != nil
        }
        engine.emitter("function monitor", over: probed) { key, row, context in
            let report = { (reason: String) in
                context.emit(
                    outputs.problems, Problem("Network_Function", key, "health_check", reason))
            }
            guard let outport = row.outport else { return report("a tap can't be probed") }
            guard let source = context.read(inputs.options, "svc_monitor_ip"),
                let target = context.read(inputs.options, "svc_monitor_ip_dst"),
                IPAddress(parsing: source) != nil, IPAddress(parsing: target) != nil
            else {
                return report("NB_Global.options have no svc_monitor_ip and svc_monitor_ip_dst")
            }
            guard let output = context.read(model.switchPorts, outport) ?? nil,
                let input = context.read(model.switchPorts, row.inport) ?? nil
            else { return }
            var monitor = ServiceMonitorRow(
                origin: key,
                key: ServiceMonitorKey(
                    logicalPort: output.name, address: target, port: 0, transport: "icmp"),
                type: SB.ServiceMonitor.typeNetworkFunction)
            monitor.inputPort = input.name
            monitor.sourceAddress = source
            monitor.sourceMAC = scene.monitorAddress(context) ?? ""
            monitor.mac = context.read(inputs.options, "svc_monitor_mac_dst") ?? ""
            monitor.options =
                row.healthCheck.flatMap { context.read(inputs.functionChecks, $0) }?.options ?? [:]
            scene.place(&monitor, context)
            let other = context.read(inputs.portStates, input.name)
            let isTogether =
                other?.chassis
                == context.read(inputs.portStates, output.name)?.chassis
            monitor.isPortUp = monitor.isPortUp && isTogether && other?.isUp == true
            context.emit(outputs.serviceMonitors, monitor)
        }
    }

    private static func worst(_ states: [String]) -> String? {
        let order = [
            SB.ServiceMonitor.statusError, SB.ServiceMonitor.statusOffline,
            SB.ServiceMonitor.statusOnline,
        ]
        return order.first(where: states.contains)
    }
}

/// What monitors read about their ports.
private struct MonitorScene: Sendable {
    let inputs: Inputs
    let model: Model
    let services: Services

    func port(_ name: String, _ context: Context) -> SwitchPort? {
        context.first(model.switchPortByName, name).flatMap {
            context.read(model.switchPorts, $0) ?? nil
        }
    }

    func monitorAddress(_ context: Context) -> String? {
        context.read(inputs.options, "svc_monitor_mac")
    }

    /// The router port on the switch that has the address.
    func router(
        _ address: IPAddress, on datapath: RowUUID, _ context: Context
    ) -> RouterPort? {
        for key in context.members(model.routerPortsOfSwitch, datapath) {
            guard let port = context.read(model.routerPorts, key) ?? nil else { continue }
            if port.addresses.contains(address) { return port }
        }
        return nil
    }

    func isElsewhere(_ zone: String?, _ context: Context) -> Bool {
        guard let zone else { return false }
        return zone != model.deployment.name(context)
    }

    /// Where the port is, and whether it is there.
    func place(_ row: inout ServiceMonitorRow, _ context: Context) {
        guard !row.isRemote, let state = context.read(inputs.portStates, row.key.logicalPort),
            let chassis = state.chassis.flatMap({ context.read(inputs.chassis, $0) })
        else { return }
        row.chassis = chassis.name
        row.isPortUp = state.isUp
    }

    /// Has one address of a port probed, and the source answered for.
    /// - Returns: what the chassis says of it, if it has said anything.
    func probe(
        _ port: SwitchPort, _ address: IPAddress, from source: IPAddress,
        _ check: NB.LogicalSwitchPortHealthCheck, of origin: RowUUID, _ outputs: Outputs,
        _ context: Context
    ) -> String? {
        let key = ServiceMonitorKey(
            logicalPort: port.name, address: address.description, port: check.port,
            transport: check.protocol)
        var row = ServiceMonitorRow(
            origin: origin, key: key, type: SB.ServiceMonitor.typeLogicalSwitchPort)
        row.options = check.options
        row.sourceAddress = check.srcIP
        row.sourceMAC = monitorAddress(context) ?? ""
        place(&row, context)
        context.emit(outputs.serviceMonitors, row)
        context.emit(
            ProbeReplies(
                port: port.name, backend: address, backendPort: check.port,
                transport: check.protocol, source: source, router: nil,
                monitor: MACAddress(parsing: row.sourceMAC)),
            .datapath(port.datapath), to: outputs)
        return context.read(inputs.serviceStates, key)
    }
}

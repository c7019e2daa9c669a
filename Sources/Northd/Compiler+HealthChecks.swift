import Incremental
import LogicalFlow
import OVSDBModel
import Schemas
import Wire

/// A backend that is probed, as seen from the switch that it is on.
private struct Probe {
    let key: ServiceMonitorKey
    let backend: ServiceBackend
    let source: IPAddress
    let placement: BackendPlacement
    let options: [String: String]
}

extension Compiler {
    /// Service_Monitor rows of load balancers, and what lets probes through.
    func registerHealthChecks() {
        let (inputs, outputs, balancing, model) = (inputs, outputs, balancing, model)
        let checked = engine.subset("checked load balancers", of: balancing.balancers) {
            _, balancer in balancer?.services.contains { $0.healthCheck != nil } == true
        }
        engine.emitter("load balancer health checks", over: checked) { key, balancer, context in
            guard let balancer, context.read(balancing.reaches, key)?.isEmpty == false,
                let monitor = context.read(inputs.options, "svc_monitor_mac")
                    .flatMap({ MACAddress(parsing: $0) })
            else { return }
            for probe in balancer.probes {
                let port = model.port(named: probe.placement.logicalPort, context)
                if probe.placement.zone == nil, port?.isEnabled != true { continue }
                let router = port.flatMap { model.router(with: probe.source, beside: $0, context) }
                context.emit(
                    outputs.serviceMonitors,
                    model.monitorRow(
                        probe, from: router?.mac ?? monitor, origin: key, inputs, context))
                if let port {
                    context.emitProbe(
                        probe, port, router, monitor, balancer.transport, hint: key, to: outputs)
                }
            }
        }
    }
}

extension LoadBalancer {
    fileprivate var probes: [Probe] {
        services.flatMap { service in
            service.backends.compactMap { backend in
                guard let key = monitor(of: backend, in: service),
                    let placement = backend.placement, let source = placement.source
                else { return nil }
                return Probe(
                    key: key, backend: backend, source: source, placement: placement,
                    options: service.healthCheck ?? [:])
            }
        }
    }
}

extension Model {
    fileprivate func port(named name: String, _ context: Context) -> SwitchPort? {
        context.first(switchPortByName, name).flatMap { context.read(switchPorts, $0) ?? nil }
    }

    /// The router port with this address on the port's switch.
    fileprivate func router(
        with address: IPAddress, beside port: SwitchPort, _ context: Context
    ) -> RouterPort? {
        context.members(routerPortsOfSwitch, port.datapath).lazy
            .compactMap { context.read(self.routerPorts, $0) ?? nil }
            .first { $0.addresses.contains(address) }
    }

    fileprivate func monitorRow(
        _ probe: Probe, from source: MACAddress, origin: RowUUID, _ inputs: Inputs,
        _ context: Context
    ) -> ServiceMonitorRow {
        var row = ServiceMonitorRow(origin: origin, key: probe.key, type: "load-balancer")
        row.sourceMAC = source.description
        row.sourceAddress = probe.source.description
        row.options = probe.options
        row.options["az-name"] = probe.placement.zone
        row.isRemote = probe.placement.zone != nil
        let state = context.read(inputs.portStates, probe.placement.logicalPort)
        row.isPortUp = state?.isUp == true
        row.chassis = state?.chassis.flatMap { context.read(inputs.chassis, $0)?.name } ?? ""
        return row
    }
}

extension Context {
    /// The flows of a probe on the switch of its backend.
    fileprivate func emitProbe(
        _ probe: Probe, _ port: SwitchPort, _ router: RouterPort?, _ monitor: MACAddress,
        _ transport: Action.TransportProtocol, hint: RowUUID, to outputs: Outputs
    ) {
        if let router {
            emit(
                HealthCheckAnswer(
                    port: port.name, backend: probe.backend.address,
                    backendPort: probe.backend.port ?? 0, isTCP: transport == .tcp,
                    source: probe.source, router: router.mac),
                .datapath(port.datapath), hint: hint, to: outputs)
        } else {
            emit(
                HealthCheckSource(address: probe.source, monitor: monitor),
                .datapath(port.datapath), hint: hint, to: outputs)
        }
    }
}

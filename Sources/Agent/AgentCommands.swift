// What ovn-appctl can ask of an agent, under the names of ovn-controller(8) and ovs-vswitchd(8).

import AgentCore
import Linux
import Netlink
import OVSDBSession
import Schemas
import UnixControl

struct AgentCommands {
    let control: ControlThread
    let worker: DatapathThread

    func register(in registry: ControlRegistry) {
        let control = self.control
        registry.register(
            ControlCommand("connection-status") { _ in
                control.southbound?.isSynchronized == true ? "connected" : "not connected"
            })
        registry.register(
            ControlCommand("dpctl/show", usage: "[-s] [DP]", arguments: 0...2) {
                (words) throws(ControlError) in
                let arguments = try DatapathArguments(words)
                try arguments.end()
                return try DatapathList.text(
                    control.driver, hasStatistics: arguments.hasStatistics)
            })
        registry.register(
            ControlCommand("dpctl/dump-dps") { _ in "system@\(KernelDriver.datapathName)" })
        registry.register(
            ControlCommand(
                "trace", usage: "[--ct=FLAGS]... [DATAPATH] MICROFLOW", arguments: 1...Int.max,
                run: { request in control.trace(request.arguments, for: request) }))
        registry.register(
            ControlCommand("inject-pkt", usage: "MICROFLOW", arguments: 1...1) {
                (arguments) throws(ControlError) in try control.inject(arguments[0])
            })
        registerPause(registry)
        registerDrops(registry)
        StationCommands(control: control, worker: worker).register(in: registry)
        TrackingCommands(control: control).register(in: registry)
        FlowCommands(control: control, worker: worker).register(in: registry)
        EngineCommands(control: control).register(in: registry)
        BridgeCommands(control: control, worker: worker).register(in: registry)
        registerMissing(registry)
        registry.register(ControlCommand("status/problems") { _ in control.problemList })
        registry.register(ControlCommand("self-check/show") { _ in control.divergences.text })
        registry.register(
            ControlCommand(
                "ipfix/show",
                run: { request in control.sampler.show { request.reply($0) } }))
        registry.register(ControlCommand("bpf/show") { _ in control.guardText })
        registry.register(ControlCommand("ct-zone-list") { _ in control.zoneList })
        registry.register(
            ControlCommand("debug/dump-local-bindings") { _ in control.localBindings })
        registry.register(
            ControlCommand("debug/dump-local-datapaths") { _ in control.localDatapaths })
        registry.reportMemory {
            [
                "local-ports": control.claims.count, "datapaths": control.datapaths.rows.count,
            ]
        }
    }

    private func registerPause(_ registry: ControlRegistry) {
        let control = self.control
        for (name, isPaused) in [("debug/pause", true), ("debug/resume", false)] {
            registry.register(
                ControlCommand(name) { _ in
                    control.isPaused = isPaused
                    return ""
                })
        }
        registry.register(
            ControlCommand("debug/status") { _ in control.isPaused ? "paused" : "running" })
    }

    private func registerDrops(_ registry: ControlRegistry) {
        let (worker, loop) = (self.worker, control.loop)
        let control = OwnerBound(self.control, loop: loop)
        registry.register(
            ControlCommand(
                "drops/show",
                run: { request in
                    control.value.countRefused()
                    worker.drops { drops in
                        loop.post { control.value.show(drops, for: request) }
                    }
                }))
    }
}

extension ControlThread {
    /// The last argument is a microflow, one before it its datapath.
    ///
    /// - Parameter isSent: whether the packet also goes on its way.
    func trace(
        _ arguments: [String], heading: String = "", isSent: Bool = false,
        for request: ControlRequest
    ) {
        describe { (names) throws(ControlError) in
            heading + (try self.trace(arguments, names))
        } then: { result in
            guard isSent, case .success = result, let microflow = arguments.last else {
                return request.answer(result)
            }
            do throws(ControlError) {
                self.worker.receive(
                    try self.packet { trace throws(AgentTrace.Failure) in
                        try trace.arrival(microflow)
                    })
                request.answer(result)
            } catch {
                request.fail(error.text)
            }
        }
    }

    private func trace(
        _ arguments: [String], _ names: FlowDirectory
    ) throws(ControlError) -> String {
        guard let snapshot, let southbound else {
            throw ControlError(AgentTrace.Failure.noSnapshot.description)
        }
        let (assumptions, operands) = try Self.assumptions(arguments)
        guard let microflow = operands.last, operands.count <= 2 else {
            throw ControlError("one or two non-option arguments are required")
        }
        var trace = AgentTrace(snapshot: snapshot, replica: southbound.replica, names: names)
        trace.samplePort = sampler.samplePort
        do throws(AgentTrace.Failure) {
            return try trace.run(
                microflow, datapath: operands.count > 1 ? operands[0] : nil,
                assumptions: assumptions)
        } catch {
            throw ControlError(error.description)
        }
    }

    /// Sends the packet of a microflow from its port.
    fileprivate func inject(_ microflow: String) throws(ControlError) -> String {
        worker.inject([
            try packet { trace throws(AgentTrace.Failure) in try trace.injection(microflow) }
        ])
        return ""
    }

    /// A packet that a microflow says.
    private func packet<Packet>(
        _ make: (AgentTrace) throws(AgentTrace.Failure) -> Packet
    ) throws(ControlError) -> Packet {
        guard let snapshot, let southbound else {
            throw ControlError(AgentTrace.Failure.noSnapshot.description)
        }
        do throws(AgentTrace.Failure) {
            return try make(AgentTrace(snapshot: snapshot, replica: southbound.replica))
        } catch {
            throw ControlError(error.description)
        }
    }

    private static func assumptions(
        _ arguments: [String]
    ) throws(ControlError) -> (TraceAssumptions, operands: [String]) {
        var assumptions = TraceAssumptions()
        var operands: [String] = []
        for argument in arguments {
            guard argument.hasPrefix("--") else {
                operands.append(argument)
                continue
            }
            guard argument.hasPrefix("--ct=") else { throw ControlError("unknown option") }
            do throws(UnknownConnectionFlag) {
                assumptions.connectionStates.append(
                    try ConnectionFlags(parsing: String(argument.dropFirst("--ct=".count))))
            } catch {
                throw ControlError(error.description)
            }
        }
        return (assumptions, operands)
    }

    /// The drop counters, the largest first.
    fileprivate func show(_ drops: [PacketDrop: UInt64], for request: ControlRequest) {
        describe { (names) throws(ControlError) in
            PacketDrop.list(drops, names)
        } then: { result in
            request.answer(result)
        }
    }

    fileprivate var localBindings: String {
        guard let southbound else { return "Local bindings:" }
        let held = southbound.replica.rows(SB.PortBinding.self).compactMap { port in
            claims[port.uuid].map { claim in
                LocalBindingText.Port(
                    name: port.row.logicalPort,
                    interface: (claim.interface ?? claim.parent)?.name,
                    parent: port.row.parentPort ?? port.row.virtualParent,
                    isVirtual: port.row.type == "virtual")
            }
        }
        return LocalBindingText(held).text
    }

    fileprivate var localDatapaths: String {
        guard let southbound else { return "Local datapaths:" }
        let rows = datapaths.rows.compactMap { southbound.replica[SB.DatapathBinding.self, $0] }
        let lines = rows.sorted { $0.tunnelKey < $1.tunnelKey }.map { row in
            "Datapath: \(row.externalIDs["name"] ?? ""), type: "
                + (row.isRouter ? "router" : "switch")
        }
        return (["Local datapaths:"] + lines).joined(separator: "\n")
    }
}

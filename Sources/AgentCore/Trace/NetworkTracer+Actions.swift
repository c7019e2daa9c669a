import Datapath
import LogicalFlow
import Pipeline

// Which action is evaluated where. Each is shown, then done; what is not listed has no effect that
// a trace could show.

extension NetworkTracer {
    mutating func run(_ actions: [Action], _ execution: inout Execution) {
        guard !actions.isEmpty else {
            execution.nodes.append(.action, "drop;")
            return
        }
        let stage = execution.stage.stage
        for (index, action) in actions.enumerated() {
            let text = action.text(in: stage.pipeline, table: stage.table)
            execution.nodes.append(.action, network.friendly(text))
            if case .next(let target) = action {
                goOn(target, isLast: index + 1 == actions.count, &execution)
            } else if !runControl(action, &execution), !runHeader(action, &execution),
                !runConnection(action, &execution), !runTable(action, &execution)
            {
                runService(action, &execution)
            }
            if action.waitsForNeighbour, index + 1 < actions.count {
                execution.nodes.append(
                    .action, "/* the rest happens when the neighbour has answered */")
                return
            }
        }
    }

    private mutating func runControl(_ action: Action, _ execution: inout Execution) -> Bool {
        switch action {
        case .output: output(&execution)
        case .clone(let actions):
            transform("clone", execution.packet, actions, &execution)
        case .mirror(let port): mirror(port, &execution)
        case .floodRemote:
            execution.nodes.append(.output, "/* Flood to all remote chassis */")
        case .select(let field, let selection): select(field, selection, &execution)
        case .generate(let generator, let actions): generate(generator, actions, &execution)
        default: return false
        }
        return true
    }

    private func runHeader(_ action: Action, _ execution: inout Execution) -> Bool {
        switch action {
        case .load(let field, let constant): execution.load(field, constant, action, network)
        case .move(let field, let source): execution.move(field, source)
        case .exchange(let left, let right): execution.exchange(left, right)
        case .push(let field): execution.push(field)
        case .pop(let field): execution.pop(field)
        case .decrementTTL: execution.decrementTTL()
        default: return false
        }
        return true
    }

    private mutating func runConnection(_ action: Action, _ execution: inout Execution) -> Bool {
        switch action {
        case .ctNext: trackNext(&execution)
        case .ctNAT(let kind, let target): translate(kind, target, &execution)
        case .ctCommitToZone(let zone):
            commit("ct_commit_to_zone(\(zone.rawValue))", &execution)
        case .ctCommitNAT:
            commit("ct_commit_nat /* assuming no un-nat entry, so no change */", &execution)
        case .ctLoadBalance(let balance): loadBalance(balance, &execution)
        case .ctClear: execution.forgetConnection()
        case .ctSNATToVIP: translateToVirtualAddress(&execution)
        case .evaluate(let field, .connection(let source)):
            execution.readConnection(field, source)
        default: return false
        }
        return true
    }

    private mutating func runTable(_ action: Action, _ execution: inout Execution) -> Bool {
        switch action {
        case .getNeighbour(_, let port, let address):
            getNeighbour(port, address, &execution)
        case .evaluate(let field, let function): evaluate(function, field, &execution)
        default: return false
        }
        return true
    }

    private func runService(_ action: Action, _ execution: inout Execution) {
        guard case .log(let entry) = action else { return }
        let direction = execution.stage.stage.pipeline == .ingress ? "IN" : "OUT"
        execution.nodes.append(
            .transformation,
            "LOG: ACL name=\(entry.name ?? "<unnamed>"), direction=\(direction), "
                + "verdict=\(entry.verdict.rawValue), severity=\(entry.severity.rawValue), "
                + "packet=\"\(FlowLine(execution.packet).text)\"")
    }

    // MARK: - Going on

    /// A last `next` in the same pipeline is left to the caller, so that a long way takes no stack.
    private mutating func goOn(
        _ target: Action.NextTable, isLast: Bool, _ execution: inout Execution
    ) {
        let own = execution.stage.stage
        let table = target.table ?? own.table + 1
        guard (0..<PipelineLimits.tables).contains(table) else { return }
        let pipeline: Stage.Pipeline =
            target.pipeline.map { $0 == .ingress ? .ingress : .egress } ?? own.pipeline
        let stage = LogicalStage(execution.stage.datapath, Stage(pipeline, table))
        if pipeline != own.pipeline {
            let title = crossing(pipeline, execution)
            let node = self.pipeline(title, stage, &execution.packet)
            execution.nodes.append(node)
        } else if isLast {
            execution.next = stage
        } else {
            let node = visit(stage, &execution.packet)
            execution.nodes.append(node)
        }
    }

    private func crossing(_ pipeline: Stage.Pipeline, _ execution: Execution) -> String {
        let name = network.datapathName(execution.datapath)
        return pipeline == .ingress
            ? "ingress(dp=\"\(name)\", inport=\"\(network.portName(execution.inport))\")"
            : "egress(dp=\"\(name)\", outport=\"\(network.portName(execution.outport))\")"
    }

    /// Runs actions on a packet made from this one.
    mutating func transform(
        _ title: String, _ packet: FlowKey, _ actions: [Action], _ execution: inout Execution
    ) {
        var inner = Execution(stage: execution.stage, packet: packet)
        run(actions, &inner)
        if let next = inner.next { inner.nodes.append(visit(next, &inner.packet)) }
        execution.nodes.append(TraceNode(.transformation, title, children: inner.nodes))
    }

    /// A copy of the packet that goes on in the next table, under a title.
    mutating func fork(_ title: String, _ packet: FlowKey, _ execution: inout Execution) {
        var node = TraceNode(.transformation, title)
        var packet = packet
        if let next = execution.stage.next { node.children = [visit(next, &packet)] }
        execution.nodes.append(node)
    }

    private mutating func select(
        _ field: FieldRange, _ selection: Action.Selection, _ execution: inout Execution
    ) {
        let members = selection.members
        let wished = members.first { $0.value == assumptions.selection }
        let member = wished ?? members[assumptions.choose(members.count)]
        var packet = execution
        packet.write(field, UInt128(member.value))
        let comment =
            wished == nil ? " /* Randomly selected. Use --select-id to specify. */" : ""
        fork("select: \(field) = \(member.value)\(comment)", packet.packet, &execution)
    }

    private mutating func mirror(_ name: String, _ execution: inout Execution) {
        guard let port = network.port(named: name), port.datapath == execution.datapath else {
            execution.nodes.append(
                .failure, "/* omitting output because no target port found. */")
            return
        }
        var packet = execution.packet
        packet[.inport] = 0
        packet[.outport] = UInt64(port.port)
        let stage = LogicalStage(execution.stage.datapath, Stage(.egress, 0))
        let node = visit(stage, &packet)
        execution.nodes.append(TraceNode(.transformation, "clone", children: [node]))
    }
}

extension Action {
    /// The packet is kept until somebody has answered for its next hop.
    fileprivate var waitsForNeighbour: Bool {
        guard case .generate(let generator, _) = self else { return false }
        return generator == .arp || generator == .ndNS
    }
}

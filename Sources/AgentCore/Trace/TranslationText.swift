import Datapath
import LogicalFlow
import Pipeline

// The steps of one translation as ovn-trace(8) prints them: a title for each pipeline, the flow of
// each table with its actions, comments for what the chassis does with the packet.

struct TranslationText {
    private let names: FlowDirectory
    private(set) var text = ""
    /// The port that the packet is on its way to.
    private var outport: PortReference?

    init(_ names: FlowDirectory) { self.names = names }

    mutating func append(_ step: TranslationStep) {
        switch step {
        case .received(let port):
            outport = nil
            title("ingress(dp=\"\(datapath(port))\", inport=\"\(names.port(port))\")")
        case .table(let stage, let flow): table(stage, flow)
        case .output(let port): output(port)
        case .egress(let port, let inport): egress(port, inport)
        case .tunnel(let endpoint, let egress): tunnel(endpoint, egress)
        case .deliver(let vport): deliver(vport)
        case .bridge(let name, let vlan): line("/* bridge \"\(name)\", VLAN \(vlan) */")
        case .generated(let generator): title(generator.name)
        case .track(let tracking): line("/* connection tracking in zone \(tracking.zone) */")
        case .recirculate(let stage, let number, _):
            line(
                "/* goes through the kernel under number \(number) and comes back in table "
                    + "\(stage.stage.table) */")
        case .effect(let effect): self.effect(effect)
        case .drop(let drop): self.drop(drop)
        }
    }

    private func datapath(_ port: PortReference) -> String { names.datapath(port.datapath) }

    private mutating func title(_ name: String) {
        text += "\n\(name)\n\(String(repeating: "-", count: name.utf8.count))\n"
    }

    private mutating func line(_ content: String) { text += "    \(content)\n" }

    // MARK: - Tables

    private mutating func table(_ stage: LogicalStage, _ id: RowIdentifier?) {
        let number = stage.stage.table
        let head = (number < 10 ? " " : "") + "\(number). "
        guard let id else {
            let name = names.stageName(stage).map { "\($0): " } ?? ""
            text += "\(head)\(name)no match (implicit drop)\n"
            return
        }
        guard let flow = names.flow(id) else {
            text += "\(head)uuid \(id.short)\n"
            return
        }
        guard !flow.isTrivial else { return }
        text += "\(head)\(flow.place)\(flow.match), priority \(flow.priority), uuid \(id.short)\n"
        for action in flow.statements { line(action) }
    }

    // MARK: - Output

    private mutating func output(_ port: PortReference) {
        outport = port
        guard port.port >= KeyField.firstMulticastKey else { return }
        title("multicast(dp=\"\(datapath(port))\", mcgroup=\"\(names.port(port))\")")
    }

    private mutating func egress(_ port: PortReference, _ inport: UInt32) {
        outport = port
        let source = PortReference(datapath: port.datapath, port: inport)
        title(
            "egress(dp=\"\(datapath(port))\", inport=\"\(names.port(source))\", "
                + "outport=\"\(names.port(port))\")")
    }

    private mutating func deliver(_ vport: UInt32) {
        guard let outport else { return }
        let type = names.ports[outport]?.type ?? ""
        line("/* output to \"\(names.port(outport))\", type \"\(type)\" */")
        line("/* device \"\(names.device(vport))\" */")
    }

    private mutating func tunnel(_ endpoint: TunnelEndpoint, _ egress: UInt32) {
        let name = outport.map {
            names.port(PortReference(datapath: $0.datapath, port: egress))
        }
        let chassis = names.chassis["\(endpoint.remote)"].map { "chassis \"\($0)\" at " } ?? ""
        line(
            "/* tunnel to \(chassis)\(endpoint.remote) (\(endpoint.encapsulation)), "
                + "outport \"\(name ?? "")\" */")
    }

    // MARK: - The rest

    private mutating func effect(_ effect: SideEffect) {
        switch effect {
        case .neighbour(let key, let address, _):
            line("/* learns that \(key.address) is at \(address) on \(names.full(key.port)) */")
        case .address(let key, let port):
            let place = PortReference(datapath: key.datapath, port: port)
            line("/* learns that \(key.address) is on \(names.full(place)) */")
        // Says nothing about where the packet goes.
        case .uses, .question, .asked, .station: break
        case .service(let event): line("/* goes to a service: \(event.kind) */")
        case .wait(let packet):
            line(
                "/* waits until \(packet.neighbour.address) is known on "
                    + "\(names.full(packet.neighbour.port)) */")
        case .affinity(let key, let binding):
            line("/* binds \(key.client) to backend \(binding.backend.address) */")
        case .affinityUse(let key): line("/* \(key.client) has a backend */")
        case .nextHop(let key, let address):
            line("/* answers to \(key.source) go back by \(address) */")
        case .nextHopUse(let key): line("/* \(key.source) came by a known next hop */")
        }
    }

    private mutating func drop(_ drop: PacketDrop) {
        switch drop.reason {
        // The table's own line has said so.
        case .noFlow: break
        case .flow where drop.flow.flatMap(names.flow) != nil:
            if let origin = drop.origin(names) { line("/* dropped by \(origin) */") }
        case .loopback:
            line("/* omitting output because inport == outport && !flags.loopback */")
        default: line("*** \(drop.reason.text(names))")
        }
    }
}

extension FlowDescription {
    /// A flow that every packet matches and that only goes on says nothing.
    var isTrivial: Bool { match == "1" && statements == ["next;"] }

    /// The actions one by one, in canonical form; as written where that doesn't parse here.
    package var statements: [String] {
        guard let list = try? ActionList(parsing: actions) else { return [actions] }
        return list.actions.isEmpty
            ? ["drop;"] : list.actions.map { $0.text(in: pipeline, table: table) }
    }
}

extension Action {
    /// The canonical text in a flow of this table: the pipeline is named only if it is the other
    /// one, and going on in the next table needs no number.
    package func text(in pipeline: Stage.Pipeline, table: Int) -> String {
        guard case .next(let target) = self else { return description }
        let own = Pipeline(pipeline)
        let goal = NextTable(
            pipeline: target.pipeline == own ? nil : target.pipeline,
            table: target.table ?? table + 1)
        if goal.pipeline == nil, goal.table == table + 1 { return "next;" }
        return Action.next(goal).description
    }
}

extension Action.Pipeline {
    package init(_ pipeline: Stage.Pipeline) {
        switch pipeline {
        case .ingress: self = .ingress
        case .egress: self = .egress
        }
    }
}

import Datapath
import Pipeline

// A drop in words: what an operator needs to find the configuration behind it.

extension PacketDrop.Reason {
    package func text(_ names: FlowDirectory) -> String {
        switch self {
        case .noFlow: "no match (implicit drop)"
        case .flow: "dropped by the flow"
        case .unsupported(let action): "action \(action) is not evaluated"
        case .noSession: "no BFD session for it"
        case .loopback: "inport == outport && !flags.loopback"
        case .noOutport: "output to null logical port"
        case .unknownPort(let port): "no such port: \(names.full(port))"
        case .notBound(let port): "no chassis has \(names.full(port))"
        case .unknownInput(let vport): "\(names.device(vport)) is no logical port"
        case .notActive(let port): "\(names.full(port)) has not been activated here"
        case .tooManyMisses(let vport): "more new flows than \(names.device(vport)) may have"
        case .beyondLimit(let kind, let vport):
            "\(kind.rawValue) beyond the limit of \(names.device(vport))"
        case .beyondMeter(let meter, let vport):
            "from \(names.device(vport)), beyond meter \"\(meter)\""
        case .unansweredNeighbour(let vport):
            "from \(names.device(vport)), the next hop has not answered"
        case .tooManyWaiting(let vport):
            "from \(names.device(vport)), too many wait for next hops"
        case .staysHere(let port): "for \(names.full(port)), and may not leave this chassis"
        case .noBridgePort(let bridge): "no such port of bridge \(bridge)"
        case .foreignVLAN(let vlan): "the port of the bridge does not have VLAN \(vlan)"
        case .reservedAddress: "for an address that bridges keep for themselves"
        case .foreignTunnel: "tunnelled without OVN's option"
        case .unknownTunnelSource(let address): "tunnelled from \(address), which is no chassis"
        case .unknownRecirculation(let number): "unknown recirculation \(number)"
        case .timeToLive: "time to live exceeded"
        case .tooManySteps: "too many tables"
        case .tooManyCopies: "too many copies"
        case .tooManyRecirculations: "too many trips through the kernel"
        case .notToldApart: "of kinds that had no packet for long, and are no longer told apart"
        }
    }
}

extension PacketDrop {
    /// One line: the reason, then datapath, table, flow and the Northbound row behind it, or behind the
    /// flow whose verdict this one carries out. Of a flow that has gone it says what is still known.
    package func text(_ names: FlowDirectory) -> String {
        guard let stage else { return reason.text(names) }
        var parts = ["datapath=\"\(names.datapath(stage.datapath.value))\""]
        let (own, isDeleted) = flow.map(names.known) ?? (nil, false)
        // Any flow of the stage knows its name, but has to be looked for among all of them.
        let name = own.map(\.stageName) ?? names.stageName(stage)
        parts.append(
            "\(stage.stage.pipeline) table=\(stage.stage.table)" + (name.map { "(\($0))" } ?? ""))
        if let own { parts.append(own.condition) }
        if let flow { parts.append("uuid=0x\(flow.short)" + (isDeleted ? " (deleted)" : "")) }
        if let hint = own?.hint { parts.append("stage-hint=0x\(hint)") }
        if let cause = cause(names) {
            if let decider = cause.decider { parts.append("after \(decider)") }
            parts.append("from \(cause.origin)")
        }
        return "\(reason.text(names)): " + parts.joined(separator: ", ")
    }

    /// The Northbound row behind the drop and the datapath that it was on, for the reader of a trace; nil
    /// if no flow knows it.
    func origin(_ names: FlowDirectory) -> String? { cause(names)?.origin }

    /// The Northbound row behind the flow. If the flow only carries out what another has decided, it is
    /// the row behind that one, which is named too. If that is what flows of all ports have in common,
    /// it is the port.
    private func cause(_ names: FlowDirectory) -> (origin: String, decider: String?)? {
        guard let stage else { return nil }
        let datapath = names.datapath(stage.datapath.value)
        let own = flow.flatMap { names.known($0).flow }
        if let origin = own.flatMap({ NorthboundOrigin($0) }) {
            return (origin.text(on: datapath), nil)
        }
        guard let own, let other = decision.map(names.known), let decider = other.flow,
            own.carriesOut(decider), let origin = NorthboundOrigin(refusal: decider)
        else { return port.map { ("Logical_Switch_Port \(names.logical($0))", nil) } }
        let name = "\(decider.stageName ?? "") \(decider.condition)"
        return (origin.text(on: datapath), name + (other.isDeleted ? " (deleted)" : ""))
    }

    /// A line for each text that drops have, with their number, the largest first.
    package static func list(
        _ drops: [PacketDrop: UInt64], _ names: FlowDirectory
    ) -> String {
        Dictionary(drops.map { ($0.key.text(names), $0.value) }, uniquingKeysWith: +)
            .sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\($0.value) \($0.key)" }.joined(separator: "\n")
    }
}

extension FlowDescription {
    fileprivate var condition: String { "priority=\(priority), match=(\(match))" }
}

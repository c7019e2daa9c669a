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
        }
    }
}

extension PacketDrop {
    /// One line: the reason, then datapath, table, flow and the Northbound row behind it, or behind the
    /// flow whose verdict this one carries out.
    package func text(_ names: FlowDirectory) -> String {
        guard let stage else { return reason.text(names) }
        var parts = ["datapath=\"\(names.datapath(stage.datapath.value))\""]
        let description = flow.flatMap(names.flow)
        // Any flow of the stage knows its name, but has to be looked for among all of them.
        let name = description.map(\.stageName) ?? names.stageName(stage)
        parts.append(
            "\(stage.stage.pipeline) table=\(stage.stage.table)" + (name.map { "(\($0))" } ?? ""))
        if let flow {
            if let description {
                parts.append("priority=\(description.priority)")
                parts.append("match=(\(description.match))")
            }
            parts.append("uuid=0x\(flow.short)" + (description == nil ? " (deleted)" : ""))
        }
        if let hint = description?.hint { parts.append("stage-hint=0x\(hint)") }
        if let origin = description.flatMap({ NorthboundOrigin($0) }) {
            parts.append("from " + origin.text(on: names.datapath(stage.datapath.value)))
        } else if let verdict = verdict(names) {
            parts.append(verdict)
        }
        return "\(reason.text(names)): " + parts.joined(separator: ", ")
    }

    /// The flow that has decided, if this one only carries that out, and the other knows its origin.
    private func verdict(_ names: FlowDirectory) -> String? {
        guard let stage, let decider = decider(names),
            let origin = NorthboundOrigin(refusal: decider)
        else { return nil }
        return "after \(decider.stageName ?? "") priority=\(decider.priority), "
            + "match=(\(decider.match)), from "
            + origin.text(on: names.datapath(stage.datapath.value))
    }

    private func decider(_ names: FlowDirectory) -> FlowDescription? {
        guard let own = flow.flatMap(names.flow), let other = decision.flatMap(names.flow),
            own.carriesOut(other)
        else { return nil }
        return other
    }

    /// A line for each text that drops have, with their number, the largest first.
    package static func list(
        _ drops: [PacketDrop: UInt64], _ names: FlowDirectory
    ) -> String {
        Dictionary(drops.map { ($0.key.text(names), $0.value) }, uniquingKeysWith: +)
            .sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\($0.value) \($0.key)" }.joined(separator: "\n")
    }

    /// The Northbound row behind the drop and the datapath that it was on, for the reader of a trace; nil
    /// if no flow knows it.
    func origin(_ names: FlowDirectory) -> String? {
        guard let stage, let own = flow.flatMap(names.flow) else { return nil }
        let origin =
            NorthboundOrigin(own) ?? decider(names).flatMap { NorthboundOrigin(refusal: $0) }
        return origin?.text(on: names.datapath(stage.datapath.value))
    }
}

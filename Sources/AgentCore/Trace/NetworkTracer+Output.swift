import Datapath
import LogicalFlow
import Pipeline

// Between the pipelines, and out of the second: a group becomes its ports, a patch leads into the
// next datapath. Registers start anew in the egress pipeline; flags are kept, as the datapath keeps
// them. (Stock traces lose them, and with them what a load balancer has ordered to be translated.)
// Past a patch both start anew, as in the datapath. (Stock traces keep registers there.)

extension NetworkTracer {
    mutating func output(_ execution: inout Execution) {
        let port = execution.outport
        guard port.port != 0 else {
            execution.nodes.append(.failure, "*** output to null logical port")
            return
        }
        if network.ports[port] == nil, network.groups[port] == nil {
            execution.nodes.append(
                .failure, "*** unknown port or multicast group \(port.port)")
        }
        if execution.stage.stage.pipeline == .egress {
            deliver(port, &execution)
        } else if let group = network.groups[port], network.ports[port] == nil {
            flood(group, &execution)
        } else {
            send(port, &execution)
        }
    }

    // MARK: - Into the egress pipeline

    private mutating func flood(_ group: TraceNetwork.Group, _ execution: inout Execution) {
        let name = network.datapathName(execution.datapath)
        var node = TraceNode(.pipeline, "multicast(dp=\"\(name)\", mcgroup=\"\(group.name)\")")
        for member in group.ports {
            if member.port == execution.inport.port, !execution.allowsLoopback {
                node.children.append(
                    TraceNode(
                        .pipeline, egressTitle(member, execution),
                        children: [TraceNode(.output, Self.omission)]))
            } else {
                var copy = egress(to: member, execution)
                copy.isIndented = true
                node.children.append(copy)
            }
        }
        execution.nodes.append(node)
    }

    private mutating func send(_ wanted: PortReference, _ execution: inout Execution) {
        var target = network.ports[wanted]
        if let port = target, port.type == "chassisredirect" {
            guard let distributed = port.distributed.flatMap({ network.ports[$0] }) else {
                execution.nodes.append(
                    .failure,
                    "*** output to type \"\(port.type)\" port \"\(port.friendlyName)\""
                        + " with no or invalid distributed port")
                return
            }
            execution.nodes.append(
                .output,
                "/* Replacing type \"\(port.type)\" outport \"\(port.friendlyName)\""
                    + " with distributed port \"\(distributed.friendlyName)\". */")
            target = distributed
        }
        let reference = target?.reference ?? wanted
        let differs = target.map { $0.reference.port != execution.inport.port } ?? false
        guard differs || execution.allowsLoopback else {
            execution.nodes.append(.output, Self.omission)
            return
        }
        let node = egress(to: reference, execution)
        execution.nodes.append(node)
    }

    private static let omission =
        "/* omitting output because inport == outport && !flags.loopback */"

    private func egressTitle(_ port: PortReference, _ execution: Execution) -> String {
        "egress(dp=\"\(network.datapathName(port.datapath))\", "
            + "inport=\"\(network.portName(execution.inport))\", "
            + "outport=\"\(network.portName(port))\")"
    }

    private mutating func egress(to port: PortReference, _ execution: Execution) -> TraceNode {
        var packet = execution.packet
        for field in KeyField.registers { packet[wide: field] = 0 }
        packet[.outport] = UInt64(port.port)
        return pipeline(
            egressTitle(port, execution),
            LogicalStage(DatapathKey(port.datapath), Stage(.egress, 0)), &packet)
    }

    // MARK: - Out of it

    private mutating func deliver(_ reference: PortReference, _ execution: inout Execution) {
        let port = network.ports[reference]
        let name = port?.friendlyName ?? network.groups[reference]?.name ?? "(unnamed)"
        execution.nodes.append(
            .output, "/* output to \"\(name)\", type \"\(port?.type ?? "")\" */")
        guard let peer = port?.peer else {
            execution.nodes.append(.modification, "output(\"\(name)\")")
            return
        }
        var packet = execution.packet
        for field in KeyField.registers { packet[wide: field] = 0 }
        packet[.flags] = 0
        packet[.inport] = UInt64(peer.port)
        packet[.outport] = 0
        let node = enter(peer, &packet)
        execution.nodes.append(node)
    }
}

extension Execution {
    /// A packet may leave by the port that it came from.
    var allowsLoopback: Bool { packet[KeySpan(.flags).part(offset: 0, width: 1)] != 0 }
}

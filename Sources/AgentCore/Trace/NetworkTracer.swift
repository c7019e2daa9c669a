import Datapath
import LogicalFlow
import Pipeline

// ovn-trace(8): follows one packet through all logical datapaths that it meets.
//
// The flow that a packet takes in a table comes from the pipelines that the agent compiles, so a
// trace can't disagree with the datapath on a match. The actions are evaluated here, one by one, on
// the values of one packet: a trace shows every step, and where the datapath would ask (the
// connection tracker, a hash, a service of the chassis) it assumes an answer and says so.
//
// In the tree that results, what a table does stands inside it, tables that follow included.

package struct NetworkTracer: ~Copyable {
    package enum Limits {
        /// Tables that one trace may visit.
        package static let steps = 4096
        /// Pipelines, copies and connections that may be inside each other.
        package static let depth = 256
    }

    let network: TraceNetwork
    var assumptions: TraceAssumptions
    /// Answers what a port lets through.
    var translator = Translator()
    private let scratch = FlowScratch(count: 2)
    private var programs: [String: ActionList] = [:]
    private var steps = 0
    private var depth = 0

    package init(_ network: TraceNetwork, _ assumptions: TraceAssumptions = TraceAssumptions()) {
        self.network = network
        self.assumptions = assumptions
    }

    /// The way of a packet that arrives at a logical port.
    package mutating func trace(_ packet: FlowKey, at port: PortReference) -> [TraceNode] {
        var packet = packet
        packet[.datapath] = UInt64(port.datapath)
        return [enter(port, &packet)]
    }

    /// The ingress pipeline of a port's datapath.
    mutating func enter(_ port: PortReference, _ packet: inout FlowKey) -> TraceNode {
        let name = network.datapathName(port.datapath)
        let inport = network.portName(port)
        return pipeline(
            "ingress(dp=\"\(name)\", inport=\"\(inport)\")",
            LogicalStage(DatapathKey(port.datapath), Stage(.ingress, 0)), &packet)
    }

    /// A pipeline, under a title.
    mutating func pipeline(
        _ title: String, _ first: LogicalStage, _ packet: inout FlowKey
    ) -> TraceNode {
        TraceNode(.pipeline, title, children: [visit(first, &packet)])
    }

    // MARK: - Tables

    /// A flow that was found, with its actions.
    struct Found {
        let id: RowIdentifier
        let flow: FlowDescription
        let actions: ActionList

        /// Every packet takes it, and it only goes on.
        var isTrivial: Bool {
            flow.match == "1" && actions.actions.count == 1
                && actions.actions[0].text(
                    in: flow.pipeline, table: flow.table) == "next;"
        }
    }

    /// Runs a table and those that follow from it.
    mutating func visit(_ first: LogicalStage, _ packet: inout FlowKey) -> TraceNode {
        depth += 1
        defer { depth -= 1 }
        var tables: [TraceNode] = []
        var next: LogicalStage? = first
        while let stage = next {
            steps += 1
            guard steps <= Limits.steps, depth <= Limits.depth else {
                tables.append(TraceNode(.failure, "*** too many tables"))
                break
            }
            let (node, following) = table(stage, &packet)
            tables.append(node)
            next = following
        }
        return Self.nested(tables)
    }

    /// Each table inside the one before.
    private static func nested(_ tables: [TraceNode]) -> TraceNode {
        var result = tables[tables.count - 1]
        for var table in tables.dropLast().reversed() {
            table.children.append(result)
            result = table
        }
        return result
    }

    /// One table, and the table that its last action goes on in.
    private mutating func table(
        _ first: LogicalStage, _ packet: inout FlowKey
    ) -> (TraceNode, LogicalStage?) {
        var stage = first
        var found = lookup(stage, packet)
        while let trivial = found, trivial.isTrivial, let next = stage.next {
            stage = next
            found = lookup(stage, packet)
        }
        var node = TraceNode(.table, title(stage, found))
        guard let found else { return (node, nil) }
        var execution = Execution(stage: stage, packet: packet)
        run(found.actions.actions, &execution)
        packet = execution.packet
        node.children = execution.nodes
        return (node, execution.next)
    }

    private func title(_ stage: LogicalStage, _ found: Found?) -> String {
        let table = stage.stage.table
        let head = (table < 10 ? " " : "") + "\(table). "
        guard let found else {
            let name = network.directory.stageName(stage).map { "\($0): " } ?? ""
            return head + name + "no match (implicit drop)"
        }
        let flow = found.flow
        return head + flow.place + network.friendly(flow.match)
            + ", priority \(flow.priority), uuid \(found.id.short)"
    }

    private mutating func lookup(_ stage: LogicalStage, _ packet: FlowKey) -> Found? {
        let pipeline = network.snapshot.pipeline
        guard let datapath = pipeline.index(of: stage.datapath) else { return nil }
        let key = scratch[0]
        let mask = scratch[1]
        key.copy(from: packet)
        key[.datapath] = UInt64(stage.datapath.value)
        mask.clear()
        guard let rule = pipeline.lookup(stage.stage, datapath, key, mask) else { return nil }
        let id = pipeline.rule(rule).id
        guard let flow = network.directory.flow(id).map(network.templates.expanded) else {
            return nil
        }
        return Found(id: id, flow: flow, actions: actions(flow.actions))
    }

    /// Flows whose actions don't parse are not in the pipeline.
    private mutating func actions(_ text: String) -> ActionList {
        if let known = programs[text] { return known }
        let list = (try? ActionList(parsing: text)) ?? .drop
        programs[text] = list
        return list
    }
}

/// The actions of one flow as they run.
struct Execution {
    let stage: LogicalStage
    var packet: FlowKey
    var nodes: [TraceNode] = []
    /// Where the packet goes on after the last action.
    var next: LogicalStage?
    var stack: [(value: UInt128, width: Int)] = []

    var datapath: UInt32 { stage.datapath.value }

    /// The value of a field of an action.
    func read(_ field: FieldRange) -> UInt128 { KeySpan(field).map { packet[$0] } ?? 0 }

    mutating func write(_ field: FieldRange, _ value: UInt128) {
        if let span = KeySpan(field) { packet[span] = value }
    }

    /// A port of this datapath whose key is in a field.
    func port(in field: FieldRange) -> PortReference {
        PortReference(datapath: datapath, port: UInt32(truncatingIfNeeded: read(field)))
    }

    var inport: PortReference {
        PortReference(datapath: datapath, port: UInt32(packet[.inport]))
    }

    var outport: PortReference {
        PortReference(datapath: datapath, port: UInt32(packet[.outport]))
    }
}

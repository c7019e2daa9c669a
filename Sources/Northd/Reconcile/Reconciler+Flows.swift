import Incremental
import LogicalFlow
import OVSDBModel
import OVSDBSession
import Schemas

extension Reconciler {
    mutating func settleFlow(
        _ uuid: RowUUID, _ flow: FlowRow?, _ replica: Replica,
        _ transaction: inout TransactionBuilder
    ) {
        let own = adopted[uuid] ?? uuid
        let actual = replica[SB.LogicalFlow.self, own]
        guard let flow else {
            guard actual != nil else { return }
            written.insert(own)
            return transaction.delete(SB.LogicalFlow.self, own)
        }
        let wanted = row(of: flow)
        guard actual != wanted else { return }
        if case .group(let group) = flow.scope { bringBack(group, replica, &transaction) }
        written.insert(own)
        transaction.put(wanted, over: actual, own)
    }

    /// A group that no flow was on has left the database, whatever members it has; its first flow
    /// needs it again.
    private mutating func bringBack(
        _ group: DatapathGroup, _ replica: Replica, _ transaction: inout TransactionBuilder
    ) {
        let uuid = SouthboundUUID.group(group)
        guard replica[SB.LogicalDPGroup.self, uuid] == nil, !written.contains(uuid) else { return }
        settleGroup(group, .all, replica, &transaction)
    }

    private func row(of flow: FlowRow) -> SB.LogicalFlow {
        var row = SB.LogicalFlow(
            pipeline: flow.pipeline.rawValue, tableID: Int(flow.table),
            priority: Int(flow.priority), match: flow.match, actions: flow.actions,
            tags: flow.port.map { ["in_out_port": $0] } ?? [:], controllerMeter: flow.meter,
            externalIDs: ["stage-name": flow.stage])
        if flow.translatesTransport { row.tags["acl_ct_translation"] = "true" }
        switch flow.scope {
        case .datapath(let datapath): row.logicalDatapath = self.row(ofDatapath: datapath)
        case .group(let group): row.logicalDPGroup = SouthboundUUID.group(group)
        }
        row.externalIDs["stage-hint"] = flow.hint?.description
        return row
    }

    /// What a row of the database says, if northd could have said it.
    private func flow(of row: SB.LogicalFlow) -> FlowRow? {
        let scope: FlowScope
        if let datapath = row.logicalDatapath {
            guard let northbound = northboundOf[datapath] else { return nil }
            scope = .datapath(northbound)
        } else {
            guard let group = row.logicalDPGroup.flatMap({ desired.groupNames[$0] }) else {
                return nil
            }
            scope = .group(group)
        }
        guard let stage = row.externalIDs["stage-name"],
            let pipeline = Action.Pipeline(rawValue: row.pipeline)
        else { return nil }
        return FlowRow(
            scope: scope, device: stage.hasPrefix("ls_") ? .switch : .router, pipeline: pipeline,
            table: UInt8(clamping: row.tableID), priority: UInt16(clamping: row.priority),
            match: row.match, actions: row.actions, stage: stage,
            hint: row.externalIDs["stage-hint"].flatMap { FlowHint(parsing: $0) },
            port: row.tags["in_out_port"], meter: row.controllerMeter,
            translatesTransport: row.tags["acl_ct_translation"] == "true")
    }

    /// Marks the flows that somebody else touched: those desired to be as they shall be, the
    /// others to go.
    mutating func examineSuspects(_ compiler: Compiler) {
        guard !suspects.isEmpty else { return }
        let ours = Set(adopted.values)
        for (uuid, rows) in suspects {
            var isOurs = ours.contains(uuid)
            for case let flow? in rows.map(flow(of:))
            where compiler.engine.contains(compiler.outputs.flows, flow) {
                let derived = SouthboundUUID.flow(flow)
                mark(flow: derived, as: flow)
                if derived == uuid { isOurs = true }
            }
            // A flow that waits to be written under this UUID will be.
            let waits = desired.dirty.flows[uuid].map { $0 != nil } ?? false
            if !isOurs && !waits { mark(flow: uuid, as: nil) }
        }
        suspects.removeAll()
    }

    /// Compares every flow. A row of another northd that says the same becomes ours.
    mutating func compareAllFlows(_ replica: Replica, _ compiler: Compiler) {
        var flows: [RowUUID: FlowRow] = [:]
        for row in compiler.engine.rows(compiler.outputs.flows) {
            flows[SouthboundUUID.flow(row)] = row
        }
        var spare: [FlowText: [RowUUID]] = [:]
        for item in replica.rows(SB.LogicalFlow.self) where flows[item.uuid] == nil {
            // One of ours that nobody wants stands for what was; it becomes no other flow.
            if SouthboundUUID.isDigest(item.uuid) {
                mark(flow: item.uuid, as: nil)
            } else {
                spare[FlowText(item.row), default: []].append(item.uuid)
            }
        }
        for uuid in flows.keys.sorted() {
            guard let flow = flows[uuid] else { continue }
            mark(flow: uuid, as: flow)
            guard replica[SB.LogicalFlow.self, uuid] == nil else { continue }
            adopted[uuid] = spare[FlowText(flow)]?.popLast()
        }
        for uuid in spare.values.joined() { mark(flow: uuid, as: nil) }
    }
}

/// What two flows must have in common for one to become the other.
private struct FlowText: Hashable {
    let pipeline: String
    let table: Int
    let priority: Int
    let match: String
    let actions: String

    init(_ row: SB.LogicalFlow) {
        pipeline = row.pipeline
        table = row.tableID
        priority = row.priority
        match = row.match
        actions = row.actions
    }

    init(_ flow: FlowRow) {
        pipeline = flow.pipeline.rawValue
        table = Int(flow.table)
        priority = Int(flow.priority)
        match = flow.match
        actions = flow.actions
    }
}

extension MulticastKey: Comparable {
    package static func < (left: MulticastKey, right: MulticastKey) -> Bool {
        left.datapath != right.datapath
            ? left.datapath < right.datapath : left.group.name < right.group.name
    }
}

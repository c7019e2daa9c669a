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
        let wanted = row(of: flow, describes: replica.describesFlows)
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

    /// `describes` says whether the database has a place for why a flow drops.
    func row(of flow: FlowRow, describes: Bool) -> SB.LogicalFlow {
        var row = SB.LogicalFlow(
            pipeline: flow.pipeline.rawValue, tableID: Int(flow.table),
            priority: Int(flow.priority), match: flow.match, actions: flow.actions,
            tags: flow.port.map { ["in_out_port": $0] } ?? [:], controllerMeter: flow.meter,
            externalIDs: ["stage-name": flow.stage])
        if flow.translatesTransport { row.tags["acl_ct_translation"] = "true" }
        row.tags[ConnectionHelper.option] = flow.helper?.rawValue
        if describes { row.flowDesc = flow.reason?.rawValue }
        switch flow.scope {
        case .datapath(let datapath): row.logicalDatapath = self.row(ofDatapath: datapath)
        case .group(let group): row.logicalDPGroup = SouthboundUUID.group(group)
        }
        row.externalIDs["stage-hint"] = flow.hint?.description
        return row
    }

    /// Marks the flows that somebody else touched: those desired to be as they shall be, the
    /// others to go.
    mutating func examineSuspects(_ compiler: Compiler) {
        guard !suspects.isEmpty else { return }
        let derived = Dictionary(adopted.map { ($0.value, $0.key) }) { first, _ in first }
        for uuid in suspects {
            let name = derived[uuid] ?? uuid
            if let flow = compiler.flow(name) {
                mark(flow: name, as: flow)
            } else if desired.dirty.flows[name] == nil {
                mark(flow: name, as: nil)
            }
        }
        suspects.removeAll()
    }

    /// Marks every flow that the database has. A row of another northd that says the same as one
    /// of ours becomes ours. What is desired is marked already.
    mutating func compareAllFlows(_ replica: Replica, _ compiler: Compiler) {
        var spare: [FlowText: [RowUUID]] = [:]
        for uuid in replica.uuids(SB.LogicalFlow.self) {
            if SouthboundUUID.isDigest(uuid) {
                // One that nobody wants stands for what was; it becomes no other flow.
                mark(flow: uuid, as: compiler.flow(uuid))
            } else if let row = replica[SB.LogicalFlow.self, uuid] {
                spare[FlowText(row), default: []].append(uuid)
            }
        }
        guard !spare.isEmpty else { return }
        defer { for uuid in spare.values.joined() { mark(flow: uuid, as: nil) } }
        guard share == .everything else { return }
        for uuid in desired.dirty.flows.keys.sorted() {
            guard let flow = desired.dirty.flows[uuid] ?? nil,
                !replica.contains(SB.LogicalFlow.self, uuid)
            else { continue }
            adopted[uuid] = spare[FlowText(flow)]?.popLast()
        }
    }
}

extension Replica {
    /// Servers of older releases have no flow_desc.
    var describesFlows: Bool { serverHas(SB.LogicalFlow.self, .flowDesc) }
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

// What is whose, when several northds divide the flows.
//
// Every northd derives and compares everything. What it finds to differ and owns, it writes; what
// differs and belongs to somebody else it keeps in mind (`deferred`), because it may be its own
// tomorrow. So a new division costs a look at what differs, and nothing is derived for it.
//
// A flow belongs to the owner of its datapath or of its group. The holder of the main lock has all
// other tables, and the flows
// * of what isn't desired any more, since the rows that they refer to are deleted with them;
// * of groups that rows of other tables refer to.
// A member waits for a datapath's row before it writes what refers to it.

import OVSDBModel
import OVSDBSession
import Schemas

extension Reconciler {
    /// Goes over to another share.
    mutating func take(_ share: Share, _ compiler: Compiler) {
        guard share != self.share else { return }
        self.share = share
        owned = [:]
        recallDeferred()
        // Which northd took which row for which flow is known to itself only.
        if case .part = share {
            for (name, row) in adopted {
                mark(flow: row, as: nil)
                mark(flow: name, as: compiler.flow(name))
            }
            adopted = [:]
        }
    }

    /// Looks again at what somebody else had to settle.
    private mutating func recallDeferred() {
        guard !deferred.isEmpty else { return }
        desired.dirty.merge(deferred)
        deferred = Desired.Dirty()
    }

    /// Datapaths and groups that come and go change whose their flows are.
    mutating func recallIfOwnersMayDiffer() {
        if !desired.dirty.datapaths.isEmpty || !desired.dirty.groups.isEmpty { recallDeferred() }
    }

    private mutating func owns(_ key: RowUUID) -> Bool {
        guard case .part(let part) = share else { return true }
        if let known = owned[key] { return known }
        let result = part.owns(key)
        owned[key] = result
        return result
    }

    private mutating func owns(_ group: DatapathGroup) -> Bool {
        guard desired.groups[group] != nil, !group.isReferredTo else { return share.hasRest }
        return owns(SouthboundUUID.group(group))
    }

    private mutating func owns(datapath: RowUUID?) -> Bool {
        guard let datapath, desired.datapaths[datapath] != nil else { return share.hasRest }
        return owns(datapath)
    }

    private mutating func owns(_ flow: FlowRow) -> Bool {
        switch flow.scope {
        case .datapath(let datapath): owns(datapath: datapath)
        case .group(let group): owns(group)
        }
    }

    private mutating func owns(_ flow: SB.LogicalFlow) -> Bool {
        if let datapath = flow.logicalDatapath { return owns(datapath: northboundOf[datapath]) }
        guard let group = flow.logicalDPGroup.flatMap({ desired.groupNames[$0] }) else {
            return share.hasRest
        }
        return owns(group)
    }

    /// Whether the database has what the flow refers to, or will by this transaction.
    private func isReady(_ flow: FlowRow) -> Bool {
        guard !share.hasRest, case .datapath(let datapath) = flow.scope else { return true }
        return datapathRows[datapath] != nil
    }

    /// The row of a group's member; nil if a member has to wait for it.
    func row(ofMember datapath: RowUUID) -> RowUUID? {
        share.hasRest ? row(ofDatapath: datapath) : datapathRows[datapath]
    }
}

// MARK: - Settling a share

extension Reconciler {
    mutating func settleGroups(
        _ groups: [DatapathGroup: Marks<RowUUID>], _ replica: Replica,
        _ transaction: inout TransactionBuilder
    ) {
        for (group, marks) in groups.sorted(by: { $0.key.name < $1.key.name }) {
            guard case .part = share else {
                settleGroup(group, marks, replica, &transaction)
                continue
            }
            if owns(group) {
                settleGroup(group, marks, replica, &transaction)
            } else if differs({ $0.settleGroup(group, marks, replica, &$1) }) {
                deferred.groups.mergeMarks([group: marks])
            }
            if lacksRows(group) { deferred.groups[group] = .all }
        }
    }

    /// Some of its members have no row yet, so that nothing can be said about them.
    private func lacksRows(_ group: DatapathGroup) -> Bool {
        desired.groups[group]?.contains { row(ofMember: $0) == nil } ?? false
    }

    /// - Returns: those that this northd owns.
    mutating func settleFlows(
        _ flows: [RowUUID: FlowRow?], _ replica: Replica,
        _ transaction: inout TransactionBuilder
    ) -> [RowUUID: FlowRow?] {
        var own: [RowUUID: FlowRow?] = [:]
        guard case .part = share else {
            for uuid in flows.keys.sorted() {
                settleFlow(uuid, flows[uuid] ?? nil, replica, &transaction)
            }
            return flows
        }
        for uuid in flows.keys.sorted() {
            let flow = flows[uuid] ?? nil
            let actual = replica[SB.LogicalFlow.self, uuid]
            let isOwn = flow.map { owns($0) && isReady($0) } ?? actual.map { owns($0) } ?? true
            deferred.flows[uuid] = nil
            if isOwn {
                own[uuid] = .some(flow)
                settleFlow(uuid, flow, replica, &transaction)
            } else if actual != flow.map({ row(of: $0, describes: replica.describesFlows) }) {
                deferred.flows[uuid] = .some(flow)
            }
        }
        return own
    }

    /// Looks at what the holder of the main lock writes, and keeps the marks of what differs.
    mutating func compareRest(_ dirty: Desired.Dirty, _ replica: Replica) {
        desired.dirty.datapaths = dirty.datapaths.filter { key in
            differs { $0.settleDatapath(key, replica, &$1) }
        }
        desired.dirty.ports = dirty.ports.filter { name in
            differs { $0.settlePort(name, replica, &$1) }
        }
        desired.dirty.multicastGroups = dirty.multicastGroups.filter { key, marks in
            differs { $0.settleMulticast(key, marks, replica, &$1) }
        }
        desired.dirty.addressSets = dirty.addressSets.filter { name in
            differs { $0.settleAddressSet(name, replica, &$1) }
        }
        desired.dirty.portGroups = dirty.portGroups.filter { name in
            differs { $0.settlePortGroup(name, replica, &$1) }
        }
    }

    /// Whether there would be something to write.
    private mutating func differs(
        _ settle: (inout Reconciler, inout TransactionBuilder) -> Void
    ) -> Bool {
        var trial = TransactionBuilder()
        let ours = written
        written = []
        settle(&self, &trial)
        written = ours
        return !trial.isEmpty
    }

    mutating func compareTables(_ scene: Scene) {
        for index in tables.indices {
            var trial = TransactionBuilder()
            tables[index].settle(scene, &trial)
            tables[index].begin()
            tables[index].end(committed: trial.isEmpty)
        }
    }
}

extension DatapathGroup {
    /// Rows of Load_Balancer refer to the group's row.
    var isReferredTo: Bool {
        if case .loadBalancers = self { true } else { false }
    }
}

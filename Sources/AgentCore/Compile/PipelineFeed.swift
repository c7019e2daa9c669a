// Feeds the pipeline builder with what changed in the Southbound database.
//
// Rows are taken as they change, so the cost follows the change. Two things are not taken so: what a
// datapath's key is (every flow needs it) and who is resident (it follows from claims); if any such row
// has changed, both are compared with what was fed before.

import OVSDBModel
import OVSDBSession
import Pipeline
import Schemas

package final class PipelineFeed {
    private let builder = PipelineBuilder()
    /// By transaction.
    private var pending: [[TableChange]] = []
    private var keys: [RowUUID: DatapathKey] = [:]
    private var ports: [RowUUID: PortRecord] = [:]
    private var groups: [RowUUID: (name: String, datapath: DatapathKey)] = [:]
    private var portSource: PortSource?
    private var snapshot: PipelineSnapshot?

    /// What keys and ports follow from.
    private struct PortSource: Equatable {
        static let tables: [any TypedRow.Type] = [SB.DatapathBinding.self, SB.PortBinding.self]

        let rows: TableRevisions
        let residence: Residence
    }

    private enum Residence: Equatable {
        case chassis(RowUUID?)
        case everywhere

        func has(_ port: SB.PortBinding) -> Bool {
            switch self {
            case .chassis(let chassis): chassis != nil && port.chassis == chassis
            case .everywhere: true
            }
        }
    }

    /// Snapshots for which all rows were read, and those for which only changed ones were.
    package private(set) var wholeRuns = 0
    package private(set) var partialRuns = 0

    package init() {}

    /// Flows that are not installed, each with its reason.
    package var problems: [RowIdentifier: String] { builder.problems }

    /// A line for each of them, in the order of their identifiers.
    package var problemTexts: [String] {
        builder.problems.sorted { $0.key < $1.key }.map {
            "Logical_Flow \(RowUUID(high: $0.key.high, low: $0.key.low)): \($0.value)"
        }
    }

    package var statistics: PipelineStatistics { builder.statistics }
    /// How many flows there were at most.
    package private(set) var mostFlows = 0

    /// Takes what one transaction changed.
    package func apply(_ changes: [TableChange]) { pending.append(changes) }

    /// All rows are read again for the next snapshot, instead of those that have changed.
    package func readEverything() {
        keys = [:]
        portSource = nil
    }

    /// The pipelines as of the replica, for one chassis.
    package func current(
        _ replica: Replica, chassis: RowUUID?, name: String?
    ) -> PipelineSnapshot {
        commit(replica, name: name, .chassis(chassis))
    }

    /// The pipelines as of the replica, as if every port were on the chassis that runs them.
    ///
    /// - Parameter name: the chassis whose template variables count; nil for none.
    package func everywhere(_ replica: Replica, name: String? = nil) -> PipelineSnapshot {
        commit(replica, name: name, .everywhere)
    }

    /// Whether any flow mentions a template variable, and those that have no value.
    package var hasTemplates: Bool { builder.hasTemplates }
    package var missingVariables: [String] { builder.missingVariables }

    private func commit(
        _ replica: Replica, name: String?, _ residence: Residence
    ) -> PipelineSnapshot {
        let changes = pending
        pending = []
        let source = PortSource(
            rows: replica.revisions(of: PortSource.tables), residence: residence)
        var moved = false
        if source != portSource {
            portSource = source
            moved = updateKeys(replica)
            // What flows mention comes before them, so that their matches are compiled once.
            feedPorts(replica, residence)
        }
        feedVariables(replica, name: name)
        if moved {
            // What has gone is in no row.
            for change in changes { removeOld(change) }
            feedEverything(replica)
            wholeRuns += 1
        } else {
            for change in changes { feed(change) }
            partialRuns += 1
        }
        let made = builder.commit()
        mostFlows = max(mostFlows, builder.flowCount)
        snapshot = made
        return made
    }

    /// - Returns: whether a datapath that was known has another key or is new, so that rows that
    ///   came before it must be read again.
    private func updateKeys(_ replica: Replica) -> Bool {
        var now: [RowUUID: DatapathKey] = [:]
        for row in replica.rows(SB.DatapathBinding.self) {
            now[row.uuid] = DatapathKey(UInt32(truncatingIfNeeded: row.row.tunnelKey))
        }
        let moved = now.contains { keys[$0.key] != $0.value }
        keys = now
        return moved
    }

    private func feedEverything(_ replica: Replica) {
        for group in replica.rows(SB.LogicalDPGroup.self) { setGroup(group.uuid, group.row) }
        for uuid in Array(groups.keys) { removeMulticast(uuid) }
        for group in replica.rows(SB.MulticastGroup.self) { add(group.uuid, group.row) }
        for set in replica.rows(SB.AddressSet.self) {
            builder.setAddressSet(set.row.name, set.row.addresses)
        }
        for group in replica.rows(SB.PortGroup.self) {
            builder.setPortGroup(group.row.name, ports: Set(group.row.ports))
        }
        replica.forEachRow(SB.LogicalFlow.self) { uuid, row in add(uuid, row) }
    }

    /// The changes of one transaction. They have no order among themselves, and a row may come under
    /// the name that another one gives up: so all that goes, goes before anything comes.
    private func feed(_ changes: [TableChange]) {
        removeOld(changes)
        for change in changes.of(SB.LogicalDPGroup.self) {
            if let new = change.new { setGroup(change.uuid, new) }
        }
        for change in changes.of(SB.MulticastGroup.self) {
            if let new = change.new { add(change.uuid, new) }
        }
        for change in changes.of(SB.AddressSet.self) {
            if let new = change.new { set(new, change.old) }
        }
        for change in changes.of(SB.PortGroup.self) {
            if let new = change.new { builder.setPortGroup(new.name, ports: Set(new.ports)) }
        }
        for change in changes.rows(of: SB.LogicalFlow.self) {
            if let new = change.new { add(change.uuid, new) }
        }
    }

    private func removeOld(_ changes: [TableChange]) {
        for change in changes.rows(of: SB.LogicalFlow.self) where change.new == nil {
            builder.remove(RowIdentifier(change.uuid))
        }
        for change in changes.rows(of: SB.LogicalDPGroup.self) where change.new == nil {
            setGroup(change.uuid, SB.LogicalDPGroup())
        }
        for change in changes.of(SB.MulticastGroup.self) { removeMulticast(change.uuid) }
        for change in changes.of(SB.AddressSet.self) where change.old?.name != change.new?.name {
            if let old = change.old { builder.removeAddressSet(old.name) }
        }
        for change in changes.of(SB.PortGroup.self) where change.old?.name != change.new?.name {
            if let old = change.old { builder.removePortGroup(old.name) }
        }
    }

    /// A set that keeps its name changes by element.
    private func set(_ new: SB.AddressSet, _ old: SB.AddressSet?) {
        guard let old, old.name == new.name else {
            return builder.setAddressSet(new.name, new.addresses)
        }
        let (gone, come) = Self.difference(old.addresses, new.addresses)
        builder.updateAddressSet(new.name, adding: come, removing: gone)
    }

    /// What only one of two lists has that are mostly alike, as those of a set are before and after
    /// an edit.
    static func difference(
        _ old: [String], _ new: [String]
    ) -> (gone: Set<String>, come: Set<String>) {
        let begin = zip(old, new).prefix { $0 == $1 }.count
        let rest = min(old.count, new.count) - begin
        let end = zip(old.reversed(), new.reversed()).prefix(rest).prefix { $0 == $1 }.count
        let before = Set(old[begin..<(old.count - end)])
        let after = Set(new[begin..<(new.count - end)])
        return (before.subtracting(after), after.subtracting(before))
    }

    // MARK: Rows

    private func add(_ uuid: RowUUID, _ row: Row) {
        guard let record = record(uuid, row) else { return builder.remove(RowIdentifier(uuid)) }
        builder.add(record)
    }

    /// Of a flow's columns only those that its meaning follows from are read.
    private func record(_ uuid: RowUUID, _ row: Row) -> FlowRecord? {
        typealias Column = SB.LogicalFlow.Column
        let scope: FlowRecord.Scope
        let group: RowUUID? = row.optional(Column.logicalDPGroup.rawValue)
        let datapath: RowUUID? = row.optional(Column.logicalDatapath.rawValue)
        if let group {
            scope = .group(RowIdentifier(group))
        } else if let datapath, let key = keys[datapath] {
            scope = .datapath(key)
        } else {
            return nil
        }
        let table: Int = row.scalar(Column.tableID.rawValue)
        guard (0..<PipelineLimits.tables).contains(table) else { return nil }
        let pipeline: String = row.scalar(Column.pipeline.rawValue)
        let priority: Int = row.scalar(Column.priority.rawValue)
        let tags: [String: String] = row.map(Column.tags.rawValue)
        return FlowRecord(
            id: RowIdentifier(uuid),
            stage: Stage(
                pipeline == SB.LogicalFlow.pipelineEgress ? .egress : .ingress, table),
            priority: UInt16(clamping: priority), scope: scope,
            match: row.scalar(Column.match.rawValue),
            actions: row.scalar(Column.actions.rawValue),
            translatesTransport: tags["acl_ct_translation"] == "true",
            helper: tags["ct_helper"].flatMap(Instruction.Helper.init),
            controllerMeter: row.optional(Column.controllerMeter.rawValue))
    }

    private func setGroup(_ uuid: RowUUID, _ row: SB.LogicalDPGroup) {
        builder.setDatapathGroup(
            RowIdentifier(uuid), Set(row.datapaths.compactMap { keys[$0] }))
    }

    private func add(_ uuid: RowUUID, _ row: SB.MulticastGroup) {
        guard let key = keys[row.datapath] else { return }
        groups[uuid] = (row.name, key)
        builder.setMulticastGroup(
            row.name, in: key, key: UInt32(truncatingIfNeeded: row.tunnelKey))
    }

    private func removeMulticast(_ uuid: RowUUID) {
        guard let old = groups.removeValue(forKey: uuid) else { return }
        builder.removeMulticastGroup(old.name, in: old.datapath)
    }

    /// Ports are compared whole, because residency is no column of theirs.
    private func feedPorts(_ replica: Replica, _ residence: Residence) {
        var now: [RowUUID: PortRecord] = [:]
        for port in replica.rows(SB.PortBinding.self) {
            guard let key = keys[port.row.datapath] else { continue }
            now[port.uuid] = PortRecord(
                name: port.row.logicalPort, datapath: key,
                key: UInt32(truncatingIfNeeded: port.row.tunnelKey),
                isResident: residence.has(port.row))
        }
        for (uuid, old) in ports where now[uuid]?.name != old.name { builder.removePort(old.name) }
        for (uuid, new) in now where ports[uuid] != new { builder.setPort(new) }
        ports = now
    }

    private func feedVariables(_ replica: Replica, name: String?) {
        guard let name else {
            // Whose snapshots follow none or another chassis each time.
            if portSource?.residence == .everywhere { builder.setTemplateVariables([:]) }
            return
        }
        guard replica.serverHas(SB.ChassisTemplateVar.self) else { return }
        builder.setTemplateVariables(replica.templateVariables(of: name))
    }
}

extension Replica {
    /// What `^NAME` stands for in flows on a chassis.
    func templateVariables(of chassis: String) -> [String: String] {
        rows(SB.ChassisTemplateVar.self).first { $0.row.chassis == chassis }?.row.variables ?? [:]
    }
}

extension RowIdentifier {
    package init(_ uuid: RowUUID) { self.init(high: uuid.high, low: uuid.low) }
}

// From desired rows to the smallest transaction that makes the Southbound database have them.
//
// The comparison is by level, not by edge: a name that may differ is marked, and a marked name's
// desired row is compared with the row in the replica. So a transaction that failed, a row that
// somebody else changed and a start with a full database are all the same case. What is marked is
// what the compiler's outputs or the database say has changed, so the work follows the change.
//
// Properties that must hold:
// * applied to the replica's contents, the transaction leads to the desired rows;
// * with nothing to do it is empty;
// * columns that chassis write keep their values.

import OVSDBModel
import OVSDBSession
import Schemas

struct Reconciler {
    /// Where a port's row is.
    struct PortPlace: Hashable {
        let uuid: RowUUID
        let datapath: RowUUID
    }

    var desired = Desired()
    var tables = OwnedTables.all()
    /// What the transactions under way settle, if they succeed.
    private(set) var underWay: Desired.Dirty?
    /// Flows of an empty database that wait for their part, the first one last; nil when none is filled.
    var waiting: [RowUUID]?
    /// How many of them are a part.
    var partSize = Int.max
    /// What this northd writes.
    var share = Share.everything
    /// Whether a datapath or a group belongs to the share; a memory of digests.
    var owned: [RowUUID: Bool] = [:]
    /// Flows and groups that differ, and that somebody else has to settle, or that wait.
    var deferred = Desired.Dirty()
    /// The row of each datapath, and what it was made for.
    private(set) var datapathRows: [RowUUID: RowUUID] = [:]
    private(set) var northboundOf: [RowUUID: RowUUID] = [:]
    private(set) var portRows: [String: PortPlace] = [:]
    private var portNames: [RowUUID: String] = [:]
    /// Flows that another northd inserted, by the UUID that this one would have given. An entry
    /// outlives its row; should the flow come back, it may as well have that UUID.
    var adopted: [RowUUID: RowUUID] = [:]
    /// Flows and sets that are being written; changes of others are somebody else's.
    var written: Set<RowUUID> = []
    /// Flows that somebody else touched.
    var suspects: Set<RowUUID> = []
    private var hasStarted = false

    /// Columns that the replica must be able to look rows up by.
    static let indexes: [String: [[String]]] = [
        SB.MulticastGroup.table.name: [["datapath", "name"], ["datapath"]],
        SB.AddressSet.table.name: [["name"]],
        SB.PortGroup.table.name: [["name"]],
        SB.MACBinding.table.name: [["datapath"], ["logical_port"]],
        SB.FDB.table.name: [["dp_key"]],
        SB.IPMulticast.table.name: [["datapath"]],
    ]

    /// The database has what is desired, as far as is known.
    var isIdle: Bool {
        hasStarted && underWay == nil && desired.dirty.isEmpty && suspects.isEmpty
            && tables.allSatisfy(\.isIdle)
    }

    mutating func update(from compiler: Compiler) {
        desired.update(from: compiler)
        for index in tables.indices { tables[index].update(from: compiler) }
    }

    /// Begins a transaction that settles everything that is marked, as far as it's in the share. If
    /// `mayFill`, an empty database's flows are left to `nextPart`.
    mutating func begin(
        _ replica: Replica, _ compiler: Compiler, _ share: Share = .everything,
        mayFill: Bool = false
    ) -> TransactionBuilder {
        precondition(underWay == nil, "one at a time")
        take(share, compiler)
        var transaction = TransactionBuilder()
        if !hasStarted { markEverything(in: replica, compiler, &transaction) }
        examineSuspects(compiler)
        recallIfOwnersMayDiffer()
        let dirty = desired.dirty
        desired.dirty = Desired.Dirty()
        guard share.hasRest else {
            beginShare(dirty, replica, &transaction)
            return transaction
        }
        underWay = dirty
        settleRest(dirty, replica, &transaction)
        if mayFill, mustFill(replica, with: dirty) {
            beginFilling(dirty, replica, &transaction)
        } else {
            settleGroups(dirty.groups, replica, &transaction)
            let flows = settleFlows(dirty.flows, replica, &transaction)
            underWay?.flows = flows
        }
        let scene = scene(replica)
        for index in tables.indices {
            tables[index].settle(scene, &transaction)
            tables[index].begin()
        }
        return transaction
    }

    /// The same for a northd that writes flows only.
    private mutating func beginShare(
        _ dirty: Desired.Dirty, _ replica: Replica, _ transaction: inout TransactionBuilder
    ) {
        transaction = TransactionBuilder()
        compareRest(dirty, replica)
        compareTables(scene(replica))
        var own = Desired.Dirty()
        own.groups = dirty.groups
        settleGroups(dirty.groups, replica, &transaction)
        own.flows = settleFlows(dirty.flows, replica, &transaction)
        underWay = own
    }

    private mutating func settleRest(
        _ dirty: Desired.Dirty, _ replica: Replica, _ transaction: inout TransactionBuilder
    ) {
        for key in dirty.datapaths.sorted() { settleDatapath(key, replica, &transaction) }
        for name in dirty.ports.sorted() { settlePort(name, replica, &transaction) }
        for (key, marks) in dirty.multicastGroups.sorted(by: { $0.key < $1.key }) {
            settleMulticast(key, marks, replica, &transaction)
        }
        for name in dirty.addressSets.sorted() { settleAddressSet(name, replica, &transaction) }
        for name in dirty.portGroups.sorted() { settlePortGroup(name, replica, &transaction) }
    }

    private func scene(_ replica: Replica) -> Scene {
        Scene(
            replica: replica, datapathRows: datapathRows, portRows: portRows, desired: desired,
            tables: tables)
    }

    /// Ends what `begin` began.
    mutating func end(committed: Bool) {
        if !committed, let underWay { desired.dirty.merge(underWay) }
        for index in tables.indices { tables[index].end(committed: committed) }
        underWay = nil
        waiting = nil
        written.removeAll()
    }

    mutating func mark(flow uuid: RowUUID, as row: FlowRow?) {
        desired.dirty.flows[uuid] = .some(row)
    }
}

// MARK: - The database's changes

extension Reconciler {
    /// Marks what may have come to differ by the database's changes.
    mutating func note(_ changes: [TableChange]) {
        for change in changes.of(SB.DatapathBinding.self) { noteDatapath(change) }
        for change in changes.of(SB.PortBinding.self) { notePort(change) }
        for change in changes.of(SB.MulticastGroup.self) where !written.contains(change.uuid) {
            for row in [change.old, change.new].compactMap(\.self) {
                if let key = multicastKey(row) { desired.dirty.multicastGroups[key] = .all }
            }
        }
        for change in changes.of(SB.AddressSet.self) where !written.contains(change.uuid) {
            for row in [change.old, change.new].compactMap(\.self) {
                desired.dirty.addressSets.insert(row.name)
            }
        }
        for change in changes.of(SB.PortGroup.self) where !written.contains(change.uuid) {
            for row in [change.old, change.new].compactMap(\.self) {
                desired.dirty.portGroups.insert(row.name)
            }
        }
        for change in changes.of(SB.LogicalDPGroup.self) where !written.contains(change.uuid) {
            if let group = desired.groupNames[change.uuid], desired.groups[group] != nil {
                desired.dirty.groups[group] = .all
            }
        }
        let places = Places(datapaths: northboundOf, ports: portNames)
        for index in tables.indices { tables[index].note(changes, places) }
        if hasStarted { noteFlows(changes) }
    }

    private mutating func noteFlows(_ changes: [TableChange]) {
        guard let flows = changes.first(where: { $0.name == SB.LogicalFlow.table.name }) else {
            return
        }
        for change in flows.rows where !written.contains(change.uuid) {
            suspects.insert(change.uuid)
        }
    }

    private mutating func noteDatapath(_ change: TypedChange<SB.DatapathBinding>) {
        if let old = change.old?.northbound, old != change.new?.northbound {
            if datapathRows[old] == change.uuid { datapathRows[old] = nil }
            desired.dirty.datapaths.insert(old)
        }
        northboundOf[change.uuid] = change.new?.northbound
        if let key = change.new?.northbound {
            datapathRows[key] = change.uuid
            desired.dirty.datapaths.insert(key)
        }
    }

    private mutating func notePort(_ change: TypedChange<SB.PortBinding>) {
        if let old = change.old?.logicalPort {
            if portRows[old]?.uuid == change.uuid { portRows[old] = nil }
            portNames[change.uuid] = nil
            desired.dirty.ports.insert(old)
        }
        if let new = change.new {
            portNames[change.uuid] = new.logicalPort
            portRows[new.logicalPort] = PortPlace(uuid: change.uuid, datapath: new.datapath)
            desired.dirty.ports.insert(new.logicalPort)
        }
    }

    private func multicastKey(_ row: SB.MulticastGroup) -> MulticastKey? {
        guard let datapath = northboundOf[row.datapath] else { return nil }
        let group =
            MulticastGroup.fixed.first { $0.name == row.name } ?? .address(row.name)
        return MulticastKey(datapath: datapath, group: group)
    }

    /// Before the first transaction, every row of the tables that northd owns is suspect.
    private mutating func markEverything(
        in replica: Replica, _ compiler: Compiler, _ transaction: inout TransactionBuilder
    ) {
        hasStarted = true
        for item in replica.rows(SB.DatapathBinding.self)
        where item.row.northbound.flatMap({ datapathRows[$0] }) != item.uuid {
            deleteDatapath(item.uuid, item.row, replica, &transaction)
        }
        for item in replica.rows(SB.MulticastGroup.self) {
            if let key = multicastKey(item.row) {
                desired.dirty.multicastGroups[key] = .all
            } else {
                transaction.delete(SB.MulticastGroup.self, item.uuid)
            }
        }
        for group in desired.groups.keys { desired.dirty.groups[group] = .all }
        compareAllFlows(replica, compiler)
    }
}

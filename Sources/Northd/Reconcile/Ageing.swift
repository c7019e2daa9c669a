// Rows that chassis have learned and that nobody needs any more: neighbours and stations not used
// for longer than their datapath allows, and those of ports that are gone; and, of neighbours that
// are more than their router allows, those not used for the longest time. Chassis refresh a row's
// time stamp while they use it (ovn-sb(5), MAC_Binding.timestamp).
//
// Properties that must hold:
// * no row goes before its time, and all go soon after it, a limited number at once;
// * between two such times nothing is looked at. Time is an argument; `deadline` says when to ask.

import Incremental
import OVSDBModel
import OVSDBSession
import Schemas

struct Ageing {
    enum Limits {
        /// Wait after a round that left rows because of its limit, in milliseconds.
        static let pause: Int64 = 5000
        /// Least wait between two rounds, in milliseconds.
        static let interval: Int64 = 1000
    }

    /// How many rows of a kind one round may delete; zero is all.
    struct Quota {
        let neighbours: Int
        let stations: Int

        init(_ options: [String: String]) {
            neighbours = options["mac_binding_removal_limit"].flatMap { Int($0) } ?? 0
            stations = options["fdb_removal_limit"].flatMap { Int($0) } ?? 0
        }
    }

    private var rules: [RowUUID: AgeingRow.Kind] = [:]
    /// Neighbours that came from the database and whose port may not exist.
    private var suspects: Set<RowUUID> = []
    /// Reports of chassis or about datapaths that are gone.
    private var orphans: Set<RowUUID> = []
    /// Datapaths, by their bindings, that may have more neighbours than they may.
    private var crowded: Set<RowUUID> = []
    private var crowdedUnderWay: Set<RowUUID> = []
    /// A limit is new, so that any datapath may be crowded.
    private var isLimitNew = false
    /// When the next row may be due; nil if none is expected.
    private var due: Int64?
    private var lastRound: Int64 = 0

    /// When to look for rows that are due; nil if there is no reason to.
    var deadline: Int64? { due.map { max($0, lastRound + Limits.interval) } }

    mutating func update(from compiler: Compiler) {
        let changes = compiler.engine.drain(compiler.outputs.ageing)
        for row in changes.removed { rules[row.datapath] = nil }
        for row in changes.added { rules[row.datapath] = row.kind }
        if !changes.added.isEmpty {
            expect(0)
            isLimitNew = true
        }
    }

    /// A row that is new or refreshed is due in its time; the round that comes too early finds out.
    mutating func note(_ changes: [TableChange]) {
        for change in changes.of(SB.MACBinding.self) {
            guard let row = change.new else {
                suspects.remove(change.uuid)
                continue
            }
            if change.old == nil {
                suspects.insert(change.uuid)
                crowded.insert(row.datapath)
            }
            if due == nil, !rules.isEmpty { expect(Int64(row.timestamp)) }
        }
        for change in changes.of(SB.IGMPGroup.self) {
            if let row = change.new, row.chassis == nil || row.datapath == nil {
                orphans.insert(change.uuid)
            } else {
                orphans.remove(change.uuid)
            }
        }
        for change in changes.of(SB.FDB.self) where change.new != nil {
            if due == nil, !rules.isEmpty { expect(0) }
        }
    }

    private mutating func expect(_ time: Int64) { due = min(due ?? time, time) }

    /// Deletes what is due at `now`.
    mutating func begin(
        _ replica: Replica, _ now: Int64, _ quota: Quota, _ datapaths: [RowUUID: RowUUID],
        hasPort: (String) -> Bool, _ transaction: inout TransactionBuilder
    ) {
        for uuid in suspects.sorted() {
            guard let row = replica[SB.MACBinding.self, uuid], !hasPort(row.logicalPort) else {
                continue
            }
            transaction.delete(SB.MACBinding.self, uuid)
        }
        suspects = []
        for uuid in orphans.sorted() { transaction.delete(SB.IGMPGroup.self, uuid) }
        limitNeighbours(replica, datapaths, &transaction)
        guard let deadline, now >= deadline else { return }
        lastRound = now
        var round = Round(now: now)
        for (northbound, kind) in rules.sorted(by: { $0.key < $1.key }) {
            guard let datapath = datapaths[northbound] else { continue }
            switch kind {
            case .neighbours(nil, _): break
            case .neighbours(let thresholds?, _):
                round.take(
                    replica.rows(like: SB.MACBinding(datapath: datapath), in: [.datapath]),
                    limit: quota.neighbours, &transaction
                ) { row in thresholds.age(of: row.ip).map { (Int64(row.timestamp), $0) } }
            case .stations(let age):
                guard let key = replica[SB.DatapathBinding.self, datapath]?.tunnelKey else {
                    continue
                }
                round.take(
                    replica.rows(like: SB.FDB(dpKey: key), in: [.dpKey]), limit: quota.stations,
                    &transaction
                ) { row in (Int64(row.timestamp), age) }
            }
        }
        due = round.isCut ? now + Limits.pause : round.next
    }

    /// Deletes the neighbours that were not used for the longest time, down to the limit.
    private mutating func limitNeighbours(
        _ replica: Replica, _ datapaths: [RowUUID: RowUUID],
        _ transaction: inout TransactionBuilder
    ) {
        for (northbound, kind) in rules.sorted(by: { $0.key < $1.key }) {
            guard case .neighbours(_, let limit?) = kind, let datapath = datapaths[northbound],
                isLimitNew || crowded.contains(datapath)
            else { continue }
            let rows = replica.rows(like: SB.MACBinding(datapath: datapath), in: [.datapath])
            guard rows.count > limit else { continue }
            let oldest = rows.sorted {
                ($0.row.timestamp, $0.uuid) < ($1.row.timestamp, $1.uuid)
            }
            for item in oldest.prefix(rows.count - limit) {
                transaction.delete(SB.MACBinding.self, item.uuid)
            }
            crowdedUnderWay.insert(datapath)
        }
        crowded = []
        isLimitNew = false
    }

    /// A transaction that failed is made again.
    mutating func end(committed: Bool) {
        if !committed {
            if !rules.isEmpty { expect(0) }
            crowded.formUnion(crowdedUnderWay)
        }
        crowdedUnderWay = []
    }
}

/// One pass over what may be due.
private struct Round {
    let now: Int64
    /// When the first of the rows that stay is due.
    private(set) var next: Int64?
    /// Rows that are due were left.
    private(set) var isCut = false
    private var deleted: [String: Int] = [:]

    init(now: Int64) { self.now = now }

    /// `age` tells a row's time stamp and the age it may reach, nil if it may stay.
    mutating func take<Row: TypedRow>(
        _ rows: [Identified<Row>], limit: Int, _ transaction: inout TransactionBuilder,
        age: (Row) -> (stamp: Int64, age: Int64)?
    ) {
        for item in rows {
            guard let (stamp, age) = age(item.row) else { continue }
            let (due, isNever) = stamp.addingReportingOverflow(age)
            if isNever { continue }
            if due > now {
                next = min(next ?? due, due)
            } else if limit > 0, deleted[Row.table.name, default: 0] >= limit {
                isCut = true
            } else {
                deleted[Row.table.name, default: 0] += 1
                transaction.delete(Row.self, item.uuid)
            }
        }
    }
}

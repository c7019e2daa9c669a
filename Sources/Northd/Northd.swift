// northd without sockets and clocks: changes of two databases in, transactions out.
//
// Properties that must hold:
// * only an active northd writes, and, where the flows are divided, members their share of them; a
//   standby derives everything as well and compares it with what the others have written, so that
//   taking over costs a comparison of what differs still and no recompute;
// * one transaction per database is under way at most, and it leads from what the replica shows to
//   what is desired, so a lost or refused one is simply made again; a database without flows is
//   filled by several, which stand and fall together;
// * NB_Global.sb_cfg never runs ahead of what the Southbound database has: it follows
//   SB_Global.nb_cfg, which is written together with everything that the configuration asks for.

import Incremental
import OVSDBModel
import OVSDBSession
import Schemas

package enum NorthdDatabase: String, CaseIterable, Hashable, Sendable {
    case northbound, southbound
}

/// What northd asks its surroundings for.
package enum NorthdAction: Sendable {
    case write(NorthdDatabase, TransactionBuilder)
    case report(NorthdReport)
    /// Ask for these locks of the Southbound database besides the main one, and for no others.
    case lock(Set<String>)
}

/// What an operator may want to know.
package enum NorthdReport: Hashable, Sendable {
    case problem(Problem)
    case solved(Problem)
    case refused(NorthdDatabase, String)
}

/// The contents of both databases as the caller's sessions have them, and whether to write.
package struct NorthdView {
    package let northbound: Replica
    package let southbound: Replica
    /// Both sessions follow their servers.
    package let isCurrent: Bool
    /// Where the Southbound session stands with its locks.
    package let locks: [String: LockState]

    package init(
        northbound: Replica, southbound: Replica, isCurrent: Bool, locks: [String: LockState]
    ) {
        self.northbound = northbound
        self.southbound = southbound
        self.isCurrent = isCurrent
        self.locks = locks
    }

    /// For a northd that works alone.
    package init(northbound: Replica, southbound: Replica, mayWrite: Bool) {
        self.init(
            northbound: northbound, southbound: southbound, isCurrent: mayWrite,
            locks: mayWrite ? [DivisionMember.mainLock: .held] : [:])
    }

    /// Both sessions follow their servers, and the main lock is held.
    var mayWrite: Bool { isCurrent && locks[DivisionMember.mainLock] == .held }
}

package final class Northd {
    package enum Limits {
        /// Wait before a transaction that the server refused is tried again, in milliseconds.
        package static let retryInterval: Int64 = 1000
        /// Flows that an empty Southbound database gets at a time.
        package static let partSize = 8192
        /// Such transactions under way.
        package static let parts = 4
    }

    package let compiler: Compiler
    let member: DivisionMember
    /// Whether it may divide its work with others.
    package var isMember: Bool { member.id != nil }
    private(set) var reconciler = Reconciler()
    private var feedback = NorthboundFeedback()
    private var ageing = Ageing()
    private var generator: any RandomNumberGenerator
    /// Transactions that were sent.
    private var underWay: [NorthdDatabase: Int] = [:]
    /// One of those that fill the Southbound database has failed.
    private var hasFillingFailed = false
    private var retries: [NorthdDatabase: RetryPlan] = [:]
    private var share: Share?
    private var locks: Set<String> = []
    private var reports: [NorthdReport] = []

    /// `generator` makes the addresses that northd gives to the deployment. `state` is what a
    /// northd before it gave out; what the Southbound database has goes before it. `id` is the name
    /// of one that may divide its work with others. An empty Southbound database is filled with
    /// `partSize` flows at a time.
    package init(
        id: String? = nil, state: StickyState = StickyState(),
        generator: any RandomNumberGenerator, partSize: Int = Limits.partSize
    ) {
        compiler = Compiler(state)
        member = DivisionMember(id: id)
        reconciler.partSize = partSize
        self.generator = generator
    }

    /// The tables to follow in a database, and the columns to look rows up by.
    package static func tables(of database: NorthdDatabase) -> [any TypedRow.Type] {
        switch database {
        case .northbound: NorthboundEdge.tables
        case .southbound:
            [
                SB.SBGlobal.self, SB.Chassis.self, SB.ChassisPrivate.self, SB.AddressSet.self,
                SB.PortGroup.self, SB.LogicalFlow.self, SB.LogicalDPGroup.self,
                SB.MulticastGroup.self, SB.DatapathBinding.self, SB.PortBinding.self,
                SB.MACBinding.self, SB.FDB.self, SB.HAChassis.self,
                SB.MeterBand.self, SB.IGMPGroup.self, SB.Encap.self,
            ] + OwnedTables.all().map(\.tableType)
        }
    }

    /// Tables whose rows are compared and hardly read.
    package static func packedTables(of database: NorthdDatabase) -> Set<String> {
        database == .southbound ? [SB.LogicalFlow.table.name] : []
    }

    package static func indexes(of database: NorthdDatabase) -> [String: [[String]]] {
        database == .southbound ? Reconciler.indexes : [:]
    }

    /// What is wrong with the configuration now, in order.
    package var problems: [Problem] {
        compiler.engine.rows(compiler.outputs.problems).sorted()
    }

    /// The Southbound database has everything that the configuration asks for, as far as is known.
    package var isIdle: Bool { reconciler.isIdle && underWay.isEmpty }

    /// When `step` has something to do without an event; milliseconds of `now`. A standby waits for
    /// nothing but events.
    package var deadline: Int64? {
        guard let share else { return nil }
        let ages = share.hasRest ? ageing.deadline : nil
        return (retries.values.map(\.time) + [ages]).compactMap(\.self).min()
    }
}

extension Northd {
    /// What every chassis of the deployment can do, in the words of operators.
    package func chassisFeatures(
        northbound: Replica, southbound: Replica
    ) -> [(name: String, isSupported: Bool)] {
        let options = northbound.only(NB.NBGlobal.self)?.row.options ?? [:]
        let chassis = southbound.rows(SB.Chassis.self).map(\.row.otherConfig)
            .filter { $0["is-remote"] != "true" }
        return ChassisFeature.allCases.map { feature in
            let isSupported =
                options["ignore_chassis_features"] == "true"
                || chassis.allSatisfy { $0[feature.rawValue] == "true" }
            return (feature.listName, isSupported)
        }
    }
}

// MARK: - Events

extension Northd {
    /// Takes changes of a replica. `step` acts on them.
    package func changed(_ database: NorthdDatabase, _ changes: [TableChange]) {
        retries[database]?.noteChange()
        switch database {
        case .northbound:
            compiler.northbound(changes)
            feedback.noteNorthbound(changes)
        case .southbound:
            compiler.southbound(changes)
            reconciler.note(changes)
            ageing.note(changes)
            feedback.noteSouthbound(changes)
        }
    }

    /// What became of the transaction under way; its effects are in the replica already.
    package func completed(
        _ database: NorthdDatabase, _ outcome: TransactionOutcome, now: Int64
    ) {
        let left = underWay[database, default: 1] - 1
        underWay[database] = left == 0 ? nil : left
        var isCommitted = false
        switch outcome {
        case .committed:
            isCommitted = true
            retries[database]?.noteSuccess()
        case .tryAgain, .notLocked: break
        case .failed(let failure):
            if retries[database]?.noteRefusal(at: now) == true {
                reports.append(.refused(database, failure.description))
            }
        }
        switch database {
        case .northbound: feedback.end(committed: isCommitted)
        case .southbound:
            if reconciler.isFilling { return partEnded(committed: isCommitted) }
            reconciler.end(committed: isCommitted)
            ageing.end(committed: isCommitted)
        }
    }

    /// Derives what changed and returns what to do. Both replicas have been complete once. `now`
    /// is the time of day in milliseconds.
    package func step(_ view: NorthdView, now: Int64) -> [NorthdAction] {
        compiler.engine.run()
        reconciler.update(from: compiler)
        feedback.update(from: compiler)
        ageing.update(from: compiler)
        reportProblems()
        var actions = reports.map(NorthdAction.report)
        reports = []
        let map = DivisionMap(view.southbound)
        let wanted = member.wantedLocks(view, map)
        if wanted != locks { actions.append(.lock(wanted)) }
        locks = wanted
        share = member.share(view, map)
        if reconciler.isFilling {
            actions += fillSouthbound(view, map)
        } else if let share {
            if isFree(.southbound, now) { actions += writeSouthbound(view, share, map, now) }
        } else if underWay[.southbound] == nil {
            watchSouthbound(view)
        }
        if share?.hasRest == true {
            if isFree(.northbound, now) { actions += writeNorthbound(view, now) }
        } else if underWay[.northbound] == nil {
            watchNorthbound(view, now)
        }
        return actions
    }

    /// Compares as if it were to write, so that what the active northd has done is off the list.
    private func watchSouthbound(_ view: NorthdView) {
        guard !reconciler.isBeingFilled(view.southbound) else { return }
        let transaction = reconciler.begin(view.southbound, compiler)
        reconciler.end(committed: transaction.isEmpty)
    }

    private func watchNorthbound(_ view: NorthdView, _ now: Int64) {
        let transaction = feedback.begin(view, now, &generator)
        feedback.end(committed: transaction.isEmpty)
    }

    private static var retryPlan: RetryPlan { RetryPlan(interval: Limits.retryInterval) }

    private func isFree(_ database: NorthdDatabase, _ now: Int64) -> Bool {
        underWay[database] == nil && retries[database]?.allowsAttempt(at: now) != false
    }

    private func reportProblems() {
        let changes = compiler.engine.drain(compiler.outputs.problems)
        reports += changes.removed.sorted().map(NorthdReport.solved)
        reports += changes.added.sorted().map(NorthdReport.problem)
    }
}

// MARK: - Transactions

extension Northd {
    private func writeSouthbound(
        _ view: NorthdView, _ share: Share, _ map: DivisionMap, _ now: Int64
    ) -> [NorthdAction] {
        var transaction = reconciler.begin(view.southbound, compiler, share, mayFill: true)
        if reconciler.isFilling {
            hasFillingFailed = false
        } else if share.hasRest {
            writeRest(view, share, map, now, &transaction)
        } else {
            member.report(view, map, &transaction)
        }
        guard !transaction.isEmpty else {
            if reconciler.isFilling { return fillSouthbound(view, map) }
            reconciler.end(committed: true)
            ageing.end(committed: true)
            return []
        }
        let first = send(&transaction, share, map)
        return reconciler.isFilling ? [first] + fillSouthbound(view, map) : [first]
    }

    private func send(
        _ transaction: inout TransactionBuilder, _ share: Share, _ map: DivisionMap
    ) -> NorthdAction {
        member.guardTransaction(of: share, map, &transaction)
        underWay[.southbound, default: 0] += 1
        retries[.southbound, default: Northd.retryPlan].beginAttempt()
        return .write(.southbound, transaction)
    }

    /// More of what an empty database needs, while that is still this northd's to write.
    private func fillSouthbound(_ view: NorthdView, _ map: DivisionMap) -> [NorthdAction] {
        guard let share, share == reconciler.share else {
            if underWay[.southbound] == nil { partEnded(committed: false) }
            return []
        }
        var actions: [NorthdAction] = []
        while !hasFillingFailed, underWay[.southbound, default: 0] < Limits.parts,
            var part = reconciler.nextPart(view.southbound)
        {
            actions.append(send(&part, share, map))
        }
        return actions
    }

    /// A part is done, or will not be. When all are, what changed meanwhile is written like any change.
    private func partEnded(committed: Bool) {
        if !committed { hasFillingFailed = true }
        guard underWay[.southbound] == nil, hasFillingFailed || reconciler.isFilled else { return }
        reconciler.end(committed: !hasFillingFailed)
    }

    private func writeRest(
        _ view: NorthdView, _ share: Share, _ map: DivisionMap, _ now: Int64,
        _ transaction: inout TransactionBuilder
    ) {
        writeGlobal(view, share, map, now, &transaction)
        member.oversee(view, map, &transaction)
        let options = view.northbound.only(NB.NBGlobal.self)?.row.options ?? [:]
        ageing.begin(
            view.southbound, now, Ageing.Quota(options), reconciler.datapathRows,
            hasPort: { reconciler.desired.ports[$0] != nil }, &transaction)
    }

    private func writeNorthbound(_ view: NorthdView, _ now: Int64) -> [NorthdAction] {
        let transaction = feedback.begin(view, now, &generator)
        guard !transaction.isEmpty else {
            feedback.end(committed: true)
            return []
        }
        underWay[.northbound] = 1
        retries[.northbound, default: Northd.retryPlan].beginAttempt()
        return [.write(.northbound, transaction)]
    }

    /// SB_Global: the configuration's number with everything that it covers, and its options.
    private func writeGlobal(
        _ view: NorthdView, _ share: Share, _ map: DivisionMap, _ now: Int64,
        _ transaction: inout TransactionBuilder
    ) {
        guard let northbound = view.northbound.only(NB.NBGlobal.self)?.row else { return }
        let actual = view.southbound.only(SB.SBGlobal.self)
        var wanted = actual?.row ?? SB.SBGlobal()
        let number = member.covered(northbound.nbCfg, now: wanted.nbCfg, share, map)
        if wanted.nbCfg != number || actual == nil {
            wanted.nbCfg = number
            wanted.nbCfgTimestamp = Int(now)
        }
        wanted.options = northbound.options
        wanted.options["sbctl_probe_interval"] = actual?.row.options["sbctl_probe_interval"]
        wanted.ipsec = northbound.ipsec
        transaction.put(wanted, over: actual?.row, actual?.uuid ?? SouthboundUUID.global)
        if actual == nil { transaction.requireEmpty(SB.SBGlobal.self) }
    }
}

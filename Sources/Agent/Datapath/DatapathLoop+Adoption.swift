import AgentCore
import Datapath
import Linux
import Netlink

// What an earlier run has left in the kernel, judged once, under the first complete snapshot.
//
// Properties that hold: until then nothing is touched; nothing is judged by half a list, because a
// flow that is not known might be named by one that is made; afterwards every flow in the kernel is
// in the table, and does what a fresh translation would do. Flows that packets meet first are put
// right first, so that none recirculates into a flow that is already gone.

extension DatapathLoop {
    /// The flows in the kernel, in the order in which they are judged.
    private struct Found {
        /// Those of this agent's runs.
        var own: [Megaflow] = []
        /// The identifiers of all others, and how far from a packet's arrival each is.
        var foreign: [(id: FlowID, recirculation: UInt64)] = []
        /// The recirculation numbers that flows mention.
        var ownNumbers: Set<UInt32> = []
        var foreignNumbers: Set<UInt32> = []
        /// Flows without an identifier can't be deleted one by one.
        var hasAnonymous = false

        mutating func take(_ record: FlowRecord) {
            guard let id = record.id else {
                hasAnonymous = true
                return
            }
            if MegaflowIdentity.epoch(of: id) != nil, let flow = record.megaflow {
                own.append(flow)
                ownNumbers.formUnion(flow.recirculations)
            } else {
                let number = record.match?.key[.recirculationID] ?? 0
                foreign.append((id, number))
                foreignNumbers.insert(UInt32(truncatingIfNeeded: number))
                foreignNumbers.formUnion(record.actions?.decoded?.recirculations ?? [])
            }
        }

        mutating func sort() {
            own.sort { $0.key[.recirculationID] < $1.key[.recirculationID] }
            foreign.sort { $0.recirculation < $1.recirculation }
        }

        /// The last epoch of a flow of this agent.
        var lastEpoch: UInt32 {
            own.reduce(0) { max($0, MegaflowIdentity.epoch(of: $1.id) ?? 0) }
        }
    }

    /// Takes over what is right for the snapshot, which becomes the table's, and corrects the rest.
    ///
    /// - Returns: false if the kernel did not list its flows; nothing has happened then.
    func adopt(_ snapshot: TranslationSnapshot) -> Bool {
        guard let found = listFlows() else { return false }
        let epoch = beginEpoch(after: found)
        table = MegaflowTable(epoch: epoch, snapshot: snapshot, limits: supervision.limits)
        var operations: [FlowOperation] = []
        for flow in found.own {
            let translation = retranslate(flow, snapshot)
            if let command = table?.adopt(flow, translation, now: UInt64(now)) {
                operations.append(operation(command))
            }
        }
        operations += found.foreign.map { .delete($0.id) }
        perform(operations)
        if !found.own.isEmpty || !found.foreign.isEmpty {
            log.info(
                """
                adopted \(table?.count ?? 0) of \(found.own.count) flows, deleted \
                \(found.foreign.count) of others
                """)
        }
        listen()
        return true
    }

    /// Takes over what the numbers of the run before stand for.
    ///
    /// A number that flows of others mention, too, is theirs. One that no flow mentions is nobody's:
    /// whatever packet carried it has lost the socket that it would have come up by.
    ///
    /// - Returns: this run's epoch, which no flow has and no file.
    private func beginEpoch(after found: Found) -> UInt32 {
        let highest = max(found.ownNumbers.max() ?? 0, found.foreignNumbers.max() ?? 0)
        let least = max(epoch, found.lastEpoch &+ 1)
        guard let recirculations else {
            translator.frozen = FrozenStates(above: highest)
            return least
        }
        let kept = recirculations.open(flowsUntil: found.lastEpoch, problem: tell)
        let living = kept.records.filter {
            found.ownNumbers.contains($0.number) && !found.foreignNumbers.contains($0.number)
        }
        let epoch = max(least, kept.epoch &+ 1)
        recirculations.begin(epoch: epoch, keeping: Set(living.map(\.number)))
        translator.frozen = FrozenStates(
            above: kept.records.reduce(highest) { max($0, $1.number) }, keepsChanges: true)
        translator.frozen.restore(living, now: now)
        return epoch
    }

    private func listFlows() -> Found? {
        var found = Found()
        do {
            try flows.forEachFlow(.whole) { found.take($0) }
            if found.hasAnonymous {
                try flows.deleteAllFlows()
                return Found()
            }
        } catch {
            report(.problem("flow list: \(error)"))
            return nil
        }
        found.sort()
        return found
    }

    /// Tries again later, with the newest snapshot that there is then.
    func adoptLater(_ snapshot: TranslationSnapshot) {
        let isScheduled = awaited != nil
        awaited = snapshot
        if isScheduled { return }
        loop.schedule(after: Limits.listInterval) { [unowned self] in
            guard let snapshot = awaited else { return }
            awaited = nil
            if table == nil { install(snapshot, isComplete: true) }
        }
    }
}

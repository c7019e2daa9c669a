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
        /// Flows without an identifier can't be deleted one by one.
        var hasAnonymous = false

        mutating func take(_ record: FlowRecord) {
            guard let id = record.id else {
                hasAnonymous = true
                return
            }
            if MegaflowIdentity.epoch(of: id) != nil, let flow = record.megaflow {
                own.append(flow)
            } else {
                foreign.append((id, record.match?.key[.recirculationID] ?? 0))
            }
        }

        mutating func sort() {
            own.sort { $0.key[.recirculationID] < $1.key[.recirculationID] }
            foreign.sort { $0.recirculation < $1.recirculation }
        }

        /// The first epoch that none of the flows has.
        func epoch(atLeast least: UInt32) -> UInt32 {
            own.reduce(least) { epoch, flow in
                max(epoch, (MegaflowIdentity.epoch(of: flow.id) ?? 0) &+ 1)
            }
        }
    }

    /// Takes over what is right for the snapshot, which becomes the table's, and corrects the rest.
    ///
    /// - Returns: false if the kernel did not list its flows; nothing has happened then.
    func adopt(_ snapshot: TranslationSnapshot) -> Bool {
        guard let found = listFlows() else { return false }
        translator.frozen = FrozenStates(above: MegaflowTable.highestRecirculation(in: found.own))
        table = MegaflowTable(
            epoch: found.epoch(atLeast: epoch), snapshot: snapshot, limits: supervision.limits)
        var operations: [FlowOperation] = []
        for flow in found.own {
            let translation = retranslateDumped(flow, snapshot)
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

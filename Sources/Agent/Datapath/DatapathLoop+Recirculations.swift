import AgentCore
import Datapath
import Netlink

// The states behind recirculation numbers: kept for the next run, and what is done about a number that
// stands for nothing.

extension DatapathLoop {
    /// Before a flow names a number, the file has its state.
    func keepRecirculations() {
        guard let recirculations else { return }
        let changes = translator.frozen.takeChanges()
        guard !changes.isEmpty else { return }
        for number in changes.forgotten { recirculations.forget(number) }
        for number in changes.made {
            guard let state = translator.frozen[number] else { continue }
            recirculations.keep(RecirculationRecord(number: number, state: state), problem: tell)
        }
    }

    /// Forgets the states that no flow has mentioned for long enough.
    func collectRecirculations() {
        translator.frozen.collect(used: table?.frozenNumbers ?? [], now: now)
        keepRecirculations()
    }

    func tell(_ problem: String) { report(.problem(problem)) }

    // MARK: - Numbers that stand for nothing

    /// A packet came back under a number that nobody knows.
    func noteUnknown(_ number: UInt32) {
        guard unknownRecirculations.count < Limits.unknownRecirculations else { return }
        unknownRecirculations.insert(number)
    }

    /// Flows that send packets back under such numbers go, and packets make them anew. The table has
    /// none that does: somebody else has put or changed them, so the kernel is asked.
    func deleteEmitters() {
        guard !unknownRecirculations.isEmpty else { return }
        var emitters: [FlowID] = []
        do {
            try flows.forEachFlow(.whole) { record in
                guard let id = record.id, let actions = record.actions?.decoded,
                    !actions.recirculations.isDisjoint(with: unknownRecirculations)
                else { return }
                emitters.append(id)
            }
        } catch {
            report(.problem("flow list: \(error)"))
            return
        }
        unknownRecirculations = []
        perform(emitters.map { operation(table?.correct(.delete($0)) ?? .delete($0)) })
    }
}

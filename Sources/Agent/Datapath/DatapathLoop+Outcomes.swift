import AgentCore
import Datapath
import Linux
import Netlink

// What the kernel did of what it was told. The property that must hold: what the table knows is in the
// kernel, and nothing else, or `doubt` is open.
//
// A flow that was refused is forgotten, and one that may not be changed goes, so that packets make it
// anew. Where an outcome is unknown, because an exchange broke, the kernel's flows are listed and
// corrected: at once, and while that fails ever again, with pauses. Until then no revision is
// acknowledged, and no list is taken for what others have done. Packets are not sent again: nobody knows
// which of them are on their way.

extension DatapathLoop {
    /// Executes operations, which are all that the table has asked for so far.
    func perform(_ operations: [FlowOperation]) {
        execute(operations)
        settle()
    }

    private func execute(_ operations: [FlowOperation]) {
        guard !operations.isEmpty else { return }
        makeMeters()
        keepRecirculations()
        let outcomes = flows.perform(operations)
        operations.forEach(Self.count)
        note(unknown: outcomes)
        var deletions: [FlowOperation] = []
        for (operation, outcome) in zip(operations, outcomes) {
            switch operation {
            case .put(let put): take(outcome, of: put, &deletions)
            case .delete(let id): take(outcome, ofDeleting: id)
            case .execute: takeExecution(outcome)
            }
        }
        execute(deletions)
    }

    private static func count(_ operation: FlowOperation) {
        switch operation {
        case .put: AgentCoverage.puts.hit()
        case .delete: AgentCoverage.deletions.hit()
        case .execute: AgentCoverage.executions.hit()
        }
    }

    private func note(unknown outcomes: [FlowOutcome]) {
        let unknown = outcomes.filter(\.isUnknown)
        guard let failure = unknown.first?.failure else { return }
        AgentCoverage.brokenExchanges.hit()
        doubtFlows("\(NetlinkError("flow operations", cause: failure))")
    }

    /// From now on nobody knows whether the kernel's flows are the table's.
    func doubtFlows(_ reason: String) {
        doubt.open()
        report(.problem("\(reason): the kernel's flows are compared with what they ought to be"))
    }

    // MARK: - Outcomes

    private func take(
        _ outcome: FlowOutcome, of put: FlowPut, _ deletions: inout [FlowOperation]
    ) {
        guard let failure = outcome.failure, !outcome.isUnknown else { return }
        if put.mode == .replace, outcome.code != .noSuchEntry {
            // It goes on doing what it did, which is wrong.
            deletions.append(operation(table?.correct(.delete(put.id)) ?? .delete(put.id)))
        } else {
            table?.forget(put.id)
        }
        // Another flow serves the packet already: two packets of it came up at once.
        if put.mode == .create, outcome.code == .exists { return }
        counters.refusedPuts += 1
        AgentCoverage.refusedPuts.hit()
        report(.problem("flow put: \(failure)"))
    }

    private func take(_ outcome: FlowOutcome, ofDeleting id: FlowID) {
        if outcome.isUnknown { return }
        guard outcome.isSuccess || outcome.code == .noSuchEntry else {
            return doubtFlows("flow delete: \(outcome.failure.map { "\($0)" } ?? "")")
        }
        var traffic = TrafficReport()
        table?.deleted(id, outcome.statistics, &traffic)
        account(traffic)
    }

    private func takeExecution(_ outcome: FlowOutcome) {
        guard let failure = outcome.failure else { return }
        AgentCoverage.refusedPackets.hit()
        if !outcome.isUnknown { report(.problem("packet: \(failure)")) }
    }

    // MARK: - Doubt

    /// Compares the kernel's flows with the table, if they are in doubt and it is time.
    ///
    /// - Returns: whether they are what the table knows.
    @discardableResult
    func settle() -> Bool {
        guard doubt.isOpen else { return true }
        guard doubt.isDue(now) else {
            settleLater()
            return false
        }
        let begin = now
        guard correctFlows() else {
            doubt.failed(begun: begin, now: now)
            settleLater()
            return false
        }
        let attempts = doubt.settled(begun: begin, now: now)
        log.notice("the kernel's flows are what they ought to be, after \(attempts) lists")
        if let revision = doubt.takeRevision() { report(.acknowledged(revision)) }
        return true
    }

    private func settleLater() {
        guard !isSettling else { return }
        isSettling = true
        let pause = max(1, doubt.pause(now))
        loop.schedule(after: .milliseconds(pause)) { [unowned self] in
            isSettling = false
            settle()
        }
    }

    /// - Returns: false if that has to be done again.
    private func correctFlows() -> Bool {
        AgentCoverage.settlements.hit()
        guard let list = listKernel(isWhole: true) else { return false }
        doubt.beginCorrection()
        makeMeters()
        table?.keep(only: list.present)
        correct(list)
        return !doubt.isOpen
    }

    /// Executes what makes the kernel's flows those of the table.
    func correct(_ list: KernelList) {
        if list.anonymous > 0 {
            // They can't be deleted one by one.
            clearFlows()
        } else {
            let commands = list.commands.compactMap { table?.correct($0) }
            execute(commands.map(operation))
        }
        if !list.found.isEmpty { report(.diverged(list.found)) }
    }

    private func clearFlows() {
        do {
            try flows.deleteAllFlows()
            table?.forgetAll()
        } catch {
            doubtFlows("\(error)")
        }
    }

    /// All flows of the revision are in the kernel, or will be when the doubt is settled.
    func acknowledge(_ revision: UInt64) {
        guard settle() else {
            doubt.revision = revision
            return
        }
        report(.acknowledged(revision))
    }
}

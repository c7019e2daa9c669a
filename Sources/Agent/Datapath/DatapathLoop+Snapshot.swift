import AgentCore
import Datapath
import Linux
import Netlink
import Pipeline

// New snapshots, and the dumps that keep counters and idle times.

extension DatapathLoop {
    func install(_ snapshot: TranslationSnapshot, isComplete: Bool) {
        limiter.configure(snapshot.view.limits)
        if table != nil {
            swap(to: snapshot)
        } else if isComplete {
            guard adopt(snapshot) else { return adoptLater(snapshot) }
        } else {
            return
        }
        resumeWaiting(snapshot)
        acknowledge(snapshot.revision)
    }

    private func swap(to new: TranslationSnapshot) {
        table?.swap(to: new)
        retranslateUnchecked()
    }

    /// Something that the datapath thread itself keeps has changed.
    func recheck(_ dependencies: [PhysicalDependency]) {
        table?.touch(dependencies)
        retranslateUnchecked()
    }

    private func retranslateUnchecked() {
        guard let snapshot = table?.snapshot else { return }
        var operations: [FlowOperation] = []
        for id in table?.unchecked.sorted() ?? [] {
            guard let flow = table?.entries[id]?.flow else { continue }
            AgentCoverage.rechecks.hit()
            counters.rechecks += 1
            let translation = retranslate(flow, snapshot)
            if let command = table?.check(id, translation) {
                operations.append(operation(command))
            }
        }
        perform(operations)
    }

    func retranslate(_ flow: Megaflow, _ snapshot: TranslationSnapshot) -> Translation {
        translator.now = now
        return translator.translate(
            TranslationInput(
                key: flow.key, frame: nil, upcallPort: upcallPort(of: flow.key)), in: snapshot)
    }

    func operation(_ command: FlowCommand) -> FlowOperation {
        switch command {
        case .put(let flow): put(flow, .create)
        case .modify(let id, let actions):
            if let flow = table?.entries[id]?.flow {
                put(
                    Megaflow(id: id, key: flow.key, mask: flow.mask, actions: actions), .replace)
            } else {
                .delete(id)
            }
        case .delete(let id): .delete(id)
        }
    }

    private func put(_ flow: Megaflow, _ mode: FlowPut.Mode) -> FlowOperation {
        .put(
            FlowPut(
                id: flow.id ?? FlowID(high: 0, low: 0), key: flow.key, mask: flow.mask,
                actions: encoded(flow.actions), mode: mode))
    }

    // MARK: Dumps

    func scheduleDump() {
        loop.schedule(after: dumpPause) { [unowned self] in
            let begin = now
            keepBooks()
            dumpPause = min(
                Limits.longestDumpInterval,
                max(Limits.dumpInterval, .milliseconds((now - begin) * Limits.dumpShare)))
            scheduleDump()
        }
    }

    /// What packets have bound ends when none has used it for long enough, and only a list of the kernel's
    /// flows tells of those that never came up: of what ends, the list is newer than the end.
    func keepBooks() {
        let begin = now
        let isReviewed = !supervision.isPaused && reviewFlows()
        reportUses()
        waiting.expire(now: now)
        countGivenUp()
        collectMeters()
        if !supervision.isPaused { sweepWhenDue() }
        if isReviewed { recheck(translator.expire(now: begin)) }
        collectRecirculations()
        deleteEmitters()
    }

    private func reportUses() {
        guard !used.isEmpty, now >= nextUseReport else { return }
        report(.used(used))
        used = []
        nextUseReport = now + useInterval
    }

    private var useInterval: Milliseconds {
        guard let age = table?.snapshot.view.shortestAge else { return Limits.useInterval }
        return min(Limits.useInterval, EntryRefresh.restTime(age))
    }

    /// Lists the flows for their counters. One of an earlier run that was not adopted is nobody's,
    /// and goes.
    ///
    /// - Returns: false if there was no list, or if the flows are in doubt.
    @discardableResult
    func reviewFlows() -> Bool {
        guard table != nil, settle() else { return false }
        let begin = now
        defer { supervision.note(flows: table?.count ?? 0, duration: now - begin) }
        let start = UInt64(begin)
        var dump: [ListedFlow] = []
        do {
            try flows.forEachFlow(.terse) { record in
                dump.append(ListedFlow(id: record.id, statistics: record.statistics))
            }
        } catch {
            report(.problem("flow list: \(error)"))
            return false
        }
        guard let review = table?.review(dump, start: start, now: UInt64(now)) else {
            return false
        }
        account(review.traffic)
        teach(review.owing)
        reportGone(review.vanished)
        perform(
            review.commands.map(operation) + review.unadopted.map { .delete($0) })
        let taught = review.traffic.effects.flatMap { translator.keep($0, now: now) }
        if !taught.isEmpty { recheck(taught) }
        return true
    }
}

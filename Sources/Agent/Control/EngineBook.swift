import AgentCore
import Linux
import OVSDBSession
import UnixControl

/// How often the control thread has derived what, and how long that took: `inc-engine/show-stats`
/// and `stopwatch/show`.
struct EngineBook {
    /// What is derived, under ovn-controller's names where it has the like.
    enum Node: String, CaseIterable {
        /// One pass over everything that may have to follow a change.
        case evaluation
        /// Logical flows into pipelines.
        case logicalFlows = "lflow_output"
        /// Where ports are; always as a whole.
        case physical = "pflow_output"
    }

    private(set) var stopwatches = Node.allCases.map { Stopwatch(name: $0.rawValue) }
    private var runs: [Node: Int] = [:]
    /// Numbers that are left out since the statistics were cleared.
    private var cleared: [String: EngineStatistics] = [:]
    /// Longer evaluations are logged.
    var logTimeout: Duration = .milliseconds(500)

    mutating func add(_ node: Node, _ duration: Duration) {
        runs[node, default: 0] += 1
        guard let index = stopwatches.firstIndex(where: { $0.name == node.rawValue }) else {
            return
        }
        stopwatches[index].add(duration)
    }

    mutating func time<Result>(_ node: Node, _ work: () -> Result) -> Result {
        let begin = MonotonicTime.now()
        defer { add(node, .now() - begin) }
        return work()
    }

    mutating func reset(_ name: String) {
        for index in stopwatches.indices where stopwatches[index].name == name {
            stopwatches[index].reset()
        }
    }

    /// Since they were cleared.
    func statistics(_ feed: PipelineFeed) -> [EngineStatistics] {
        totals(feed).map { total in
            let old = cleared[total.name] ?? EngineStatistics(name: total.name)
            return EngineStatistics(
                name: total.name, recomputations: total.recomputations - old.recomputations,
                computations: total.computations - old.computations)
        }
    }

    mutating func clear(_ feed: PipelineFeed) {
        cleared = Dictionary(totals(feed).map { ($0.name, $0) }) { first, _ in first }
    }

    private func totals(_ feed: PipelineFeed) -> [EngineStatistics] {
        Node.allCases.map { node in
            switch node {
            case .evaluation:
                EngineStatistics(name: node.rawValue, computations: runs[node, default: 0])
            case .logicalFlows:
                EngineStatistics(
                    name: node.rawValue, recomputations: feed.wholeRuns,
                    computations: feed.partialRuns)
            case .physical:
                EngineStatistics(name: node.rawValue, recomputations: runs[node, default: 0])
            }
        }
    }
}

/// `debug/delay-nb-cfg-report`: how long a configuration that is in place is kept a secret.
struct DelayedReport {
    var delay: Milliseconds = 0
    private var waiting: (number: Int, due: Milliseconds)?

    /// When the number may be told; one that is asked about for the first time waits from now on
    /// (`isNew`).
    mutating func due(_ number: Int, now: Milliseconds) -> (time: Milliseconds, isNew: Bool) {
        guard delay > 0 else { return (now, false) }
        if let waiting, waiting.number == number { return (waiting.due, false) }
        waiting = (number, now + delay)
        return (now + delay, true)
    }
}

extension ControlThread {
    func noteEvaluation(_ duration: Duration) {
        engine.add(.evaluation, duration)
        guard duration > engine.logTimeout else { return }
        log.info("an evaluation took \(Int(duration / .milliseconds(1)))ms")
    }

    /// Reads all rows again, and derives everything from them.
    func recompute() {
        feed.readEverything()
        linksChanged = true
        southboundChanged = true
        derived = SouthboundDerivations()
        evaluateSoon()
    }

    /// Whether a number may be told now; otherwise an evaluation comes when it may.
    func isDue(_ number: Int) -> Bool {
        let now = Clock.monotonicMilliseconds
        let due = configurationReport.due(number, now: now)
        guard due.time > now else { return true }
        guard due.isNew else { return false }
        loop.schedule(at: MonotonicTime(milliseconds: due.time)) { [weak self] in
            self?.southboundChanged = true
            self?.evaluateSoon()
        }
        return false
    }
}

import AgentCore
import Linux

// What is wrong now, and what the self-check has found. Problems stand until the pass that found them
// finds them no more; findings of the self-check were put right, so they are counted.

/// Where problems are found, in the order in which they are listed.
enum ProblemArea: Int, Comparable {
    case ownership, configuration, remotes, encapsulation, ports, mtus, bridges, rows, flows,
        zones, rates, queues, policing, version, sampling, plugging

    static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

extension ControlThread {
    /// All problems that one area has now. Each is logged once.
    func stand(_ area: ProblemArea, _ problems: [String]) {
        for problem in problems { report(problem) }
        standing[area] = problems.isEmpty ? nil : problems
    }

    /// `status/problems`: a line for each.
    var problemList: String {
        standing.sorted { $0.key < $1.key }.flatMap(\.value).joined(separator: "\n")
    }

    /// What the driver has found since it was asked last.
    func tellDivergences() {
        diverged(driver.divergences)
        driver.divergences = []
    }

    func diverged(_ found: [Divergence]) {
        guard !found.isEmpty else { return }
        divergences.note(found)
        for line in DivergenceLog.lines(found) { log.warning("\(line)") }
    }

    private static let reviewInterval: Duration = .seconds(10)

    /// The kernel tells of most changes to ports; the rest is found by looking.
    func keepReviewing() {
        loop.schedule(after: Self.reviewInterval) { [weak self] in
            self?.linksChanged = true
            self?.reviewGuards()
            self?.reviewZoneLimits()
            self?.evaluateSoon()
            self?.keepReviewing()
        }
    }
}

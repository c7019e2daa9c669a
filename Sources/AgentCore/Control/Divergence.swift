// What the kernel had otherwise than the agent had left it: the self-check's findings.
//
// Flows, ports and meters belong to the agent. Another program (or a person with ovs-dpctl(8)) may
// change them nevertheless; each difference is put right when it is found, counted by its kind, and
// told, so that nobody looks for the cause in the configuration.

/// One finding.
package struct Divergence: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case flowGone = "flows that were gone"
        case flowAltered = "flows that did something else"
        case flowOfOthers = "flows of others"
        /// The kernel has the flow as it was put, and a fresh translation would do something else.
        case flowWrong = "flows that a fresh translation makes otherwise"
        case meterGone = "meters that were gone"
        case portGone = "ports that were gone"
        case portOfOthers = "ports of others"
        case portSocket = "ports whose misses went elsewhere"
        case queueAltered = "devices whose queues were altered"
        case mtuAltered = "devices whose MTU was altered"
        case policingAltered = "devices whose policing was altered"
        case zoneLimitAltered = "zones whose limit was altered"
        case filterGone = "eBPF filters that were gone"
    }

    package let kind: Kind
    /// The flow, port or meter.
    package let object: String

    package init(_ kind: Kind, _ object: String) {
        self.kind = kind
        self.object = object
    }

    package var description: String { "\(kind.rawValue): \(object)" }
}

/// All findings since the agent's start, by number, and the last ones.
package struct DivergenceLog: Sendable {
    package static let kept = 32
    /// Of one report so many are named.
    package static let named = 8

    private var counts: [Divergence.Kind: UInt64] = [:]
    private var last: [Divergence] = []

    package init() {}

    package mutating func note(_ found: [Divergence]) {
        for divergence in found { counts[divergence.kind, default: 0] += 1 }
        last = Array((last + found).suffix(Self.kept))
    }

    /// A line for each kind, then the last findings, the oldest first.
    package var text: String {
        let lines = Divergence.Kind.allCases.map { "\($0.rawValue): \(counts[$0] ?? 0)" }
        return (lines + last.map { "  \($0.description)" }).joined(separator: "\n")
    }

    /// What the log says of one report: the first few, and how many more there were.
    package static func lines(_ found: [Divergence]) -> [String] {
        let lines = found.prefix(named).map { "put right: \($0.description)" }
        let more = found.count - lines.count
        return more > 0 ? lines + ["put right: \(more) more"] : lines
    }
}

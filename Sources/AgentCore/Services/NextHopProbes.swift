import Wire

// A next hop that connections remember is watched by its Ethernet address (ECMP_Nexthop.mac), which
// only an answer tells. So the chassis of the router asks for it: a second after the row has come,
// then at growing distances (`arp-nd-max-timeout-sec`), so that a next hop that has got another
// address is noticed too.

package struct NextHopProbes: Sendable {
    package static let standardLongest: Milliseconds = 16_000

    private static let first: Milliseconds = 1000

    private struct State {
        /// Nil once all is asked.
        var next: Milliseconds?
        var distance = NextHopProbes.first
    }

    private var states: [NeighbourQuestion: State] = [:]
    private var longest: Milliseconds?

    package init() {}

    package var deadline: Milliseconds? { states.values.compactMap(\.next).min() }

    /// - Parameter longest: milliseconds; nil for questions that end.
    mutating func configure(
        _ wanted: some Sequence<NeighbourQuestion>, longest: Milliseconds?, now: Milliseconds
    ) {
        let restarts = longest != self.longest
        self.longest = longest
        var new: [NeighbourQuestion: State] = [:]
        for question in wanted {
            new[question] = (restarts ? nil : states[question]) ?? State(next: now + Self.first)
        }
        states = new
    }

    package mutating func due(now: Milliseconds) -> [Injection] {
        var result: [Injection] = []
        for (question, state) in states.sorted(by: { $0.key.order < $1.key.order }) {
            guard let next = state.next, next <= now, let injection = question.injection else {
                continue
            }
            result.append(injection)
            var state = state
            let isLast = longest == nil && state.distance >= Self.standardLongest
            state.next = isLast ? nil : now + state.distance
            state.distance = min(state.distance * 2, longest ?? Self.standardLongest)
            states[question] = state
        }
        return result
    }
}

extension NeighbourQuestion {
    fileprivate var order: (PortReference, IPAddress) { (port, target) }
}

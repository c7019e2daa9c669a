import Datapath
import Wire

/// How many connections there are of each protocol, and of TCP in each state: `ct-stats-show` of
/// ovs-dpctl(8).
package struct ConnectionCensus: Sendable {
    private var total = 0
    private var protocols: [UInt8: Int] = [:]
    private var states: [TCPTrackingState: Int] = [:]

    package init() {}

    package mutating func count(_ connection: TrackedConnection) {
        total += 1
        protocols[connection.request?.proto ?? 0, default: 0] += 1
        if case .tcp(let state, _, _) = connection.protocolState {
            states[TCPTrackingState(kernel: state).coalesced, default: 0] += 1
        }
    }

    /// - Parameter isVerbose: with the states of TCP.
    package func text(isVerbose: Bool) -> String {
        var lines = ["Connections Stats:", "    Total: \(total)"]
        var rest = protocols
        for (number, name) in ConnectionText.protocolNames {
            guard let count = rest.removeValue(forKey: number) else { continue }
            lines.append("  \(name.uppercased()): \(count)")
            if number == IPProtocol.tcp, isVerbose { lines += stateLines }
        }
        let others = rest.values.reduce(0, +)
        if others > 0 { lines.append("  Other: \(others)") }
        return lines.joined(separator: "\n")
    }

    private var stateLines: [String] {
        ["    Conn per TCP states:"]
            + TCPTrackingState.allCases.compactMap { state in
                states[state].map { "\t  [\(state.name)]=\($0)" }
            }
    }
}

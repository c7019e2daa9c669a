import Datapath
import LogicalFlow
import Wire

// What a trace can't know and has to be told: connections, choices. Each is used up in order.

package struct TraceAssumptions: Sendable {
    /// What the connection tracker says, one after another; then that the connection is
    /// established.
    package var connectionStates: [ConnectionFlags] = []
    /// The backend that the next load balancer that has it chooses.
    package var loadBalancerDestination: Action.Backend?
    /// The outcome of `select` wherever it is among the members.
    package var selection: UInt16?
    /// Chooses one of so many where nothing is said.
    package var choose: @Sendable (Int) -> Int = { _ in 0 }

    package init() {}

    private static let exhausted: ConnectionFlags = [.established, .tracked]

    /// The next connection state, and the comment that it is only the usual one.
    mutating func nextState() -> (flags: ConnectionFlags, comment: String) {
        guard !connectionStates.isEmpty else {
            return (Self.exhausted, " /* default (use --ct to customize) */")
        }
        return (connectionStates.removeFirst(), "")
    }
}

extension ConnectionFlags {
    /// The flags of a list such as `new,rpl`; tracked is always among them. Throws the word that
    /// is no flag.
    package init(parsing text: String) throws(UnknownConnectionFlag) {
        self = .tracked
        for word in text.split(whereSeparator: { ", |".contains($0) }) {
            guard let bit = Self.names.firstIndex(of: String(word)) else {
                throw UnknownConnectionFlag(word: String(word))
            }
            formUnion(ConnectionFlags(rawValue: 1 << UInt64(bit)))
        }
    }
}

extension ConnectionFlags {
    /// Why no tracked packet has these flags; nil if one may.
    package var contradiction: String? {
        func has(_ name: String) -> Bool {
            Self.names.firstIndex(of: name).map { rawValue & 1 << UInt64($0) != 0 } == true
        }
        if has("inv"), self != Self(rawValue: ConnectionState.invalid).union(.tracked) {
            return "inv stands alone"
        }
        for other in ["est", "rpl"] where has("new") && has(other) {
            return "new and \(other) exclude each other"
        }
        return nil
    }
}

package struct UnknownConnectionFlag: Error, Hashable, Sendable, CustomStringConvertible {
    package let word: String

    package var description: String { "\(word): unknown connection tracking state flag" }
}

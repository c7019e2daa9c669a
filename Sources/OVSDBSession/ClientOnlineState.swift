import JSON
import OVSDBModel

/// What a request was for.
enum ClientRequest: Hashable, Sendable {
    case serverSchema
    case serverMonitor
    case dataSchema
    case dataMonitor(MonitorMethod, isResumption: Bool)
    case conditionChange
    case lock
    case transaction
    /// Of a table's position.
    case lookUp(LookUpID, table: Int)
    /// The reply says nothing of interest.
    case ignored
}

/// The ways to follow a database, best first.
enum MonitorMethod: String, Hashable, Sendable {
    case since = "monitor_cond_since"
    case conditional = "monitor_cond"
    case plain = "monitor"

    var next: MonitorMethod? {
        switch self {
        case .since: .conditional
        case .conditional: .plain
        case .plain: nil
        }
    }

    var notation: UpdateNotation { self == .plain ? .plain : .differences }
}

/// What belongs to one connection.
struct OnlineState: Sendable {
    enum Monitor: Hashable, Sendable {
        /// Nothing is asked for yet.
        case none
        case requested
        case following
    }

    let since: Int64
    var lastHeard: Int64
    var isProbing = false
    /// By the `id` of the request.
    var requests: [Int64: ClientRequest] = [:]
    var transactions: [Int64: ClientTransaction] = [:]
    /// The contents of `_Server`; nil as long as they are unknown, or if the server has none.
    var server: Replica?
    /// How often `_Server` was asked for.
    var serverGeneration = 0
    var monitor = Monitor.none
    var method = MonitorMethod.since
    /// What of the client's schema the server has.
    var coverage: SchemaCoverage?
    /// What was left out of transactions and has been reported.
    var reportedGaps: Set<SchemaCoverage.Gap> = []

    init(_ now: Int64) {
        since = now
        lastHeard = now
    }
}

/// A transaction that was sent.
struct ClientTransaction: Sendable {
    /// One, or several that were merged.
    var members: [ClientBatch.Member]
    var operations: [TransactionWriter.Operation]
    var isBatch: Bool
}

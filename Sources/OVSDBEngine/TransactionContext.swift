import JSON
import OVSDBModel

/// What a transaction may know about the world outside its database.
public struct TransactionContext {
    /// Milliseconds on the clock that `created` is read from too.
    public var now: Int64
    /// When the request arrived; a `wait` that is not satisfied times out relative to it.
    public var created: Int64
    /// Makes a UUID for each row and each version of a row.
    public var makeUUID: () -> RowUUID
    /// Whether the session that asks owns the lock called so, for `assert`.
    public var ownsLock: (String) -> Bool
    /// Refuse everything that writes.
    public var isReadOnly: Bool

    public init(
        now: Int64, created: Int64? = nil, makeUUID: @escaping () -> RowUUID,
        ownsLock: @escaping (String) -> Bool = { _ in false }, isReadOnly: Bool = false
    ) {
        self.now = now
        self.created = created ?? now
        self.makeUUID = makeUUID
        self.ownsLock = ownsLock
        self.isReadOnly = isReadOnly
    }

    var elapsed: Int64 { now - created }
}

/// What came out of a transaction.
public enum TransactionOutcome: Sendable {
    /// It succeeded or failed; `TransactionResult.results` says which and is the reply.
    case completed(TransactionResult)
    /// A `wait` is not satisfied: try again from the start when the database changes, and at the
    /// time `until` (on the context's clock; nil is never), when it will fail if still unsatisfied.
    case wait(until: Int64?)
}

public struct TransactionResult: Sendable {
    /// The array that is the reply's `result`, one element per operation and, if the commit failed,
    /// one more (RFC 7047 §4.1.3).
    public var results: JSON
    /// What changed; nil if the transaction failed or had no effect.
    public var delta: DatabaseDelta?
    /// Whether the client asked for the effect to be on disk before the reply.
    public var isDurable: Bool
    /// The text for the log record, lines joined; nil if there is none.
    public var comment: String?

    /// What is replied if an operation failed with `error` after those that gave `results`.
    static func failed(
        _ results: [JSON], _ error: OVSDBError, operations: Int
    ) -> TransactionResult {
        let rest = Array(repeating: JSON.null, count: operations - results.count - 1)
        return TransactionResult(results: .array(results + [error.json] + rest), isDurable: false)
    }
}

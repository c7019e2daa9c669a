// The operations of a `transact` request (RFC 7047 §5.2), one after the other. Members of an
// operation are read first and all of them, so that a malformed operation is reported as such
// whatever else is wrong with it.

import JSON
import OVSDBModel

/// Runs the operations of one request.
struct Execution {
    var transaction: Transaction
    var symbols: SymbolTable?
    let context: TransactionContext
    var isDurable = false
    var comments: [String] = []
    /// The smallest timeout of the waits so far, in milliseconds; nil if none has one.
    var timeout: Int64?

    init(_ base: Database, _ context: TransactionContext) {
        self.transaction = Transaction(base)
        self.symbols = SymbolTable(makeUUID: context.makeUUID)
        self.context = context
    }

    /// Why an operation didn't succeed.
    enum Failure: Error {
        case error(OVSDBError)
        /// A `wait` that may be satisfied later.
        case unsatisfied
    }

    var database: Database { transaction.base }
}

extension Database {
    /// Executes `operations`, the request's parameters without the name of the database.
    ///
    /// On success the database is changed as the result's `delta` says; otherwise it is as before.
    public mutating func execute(
        operations: [JSON], context: TransactionContext
    ) -> TransactionOutcome {
        // The transaction's copy of the database is gone when the delta is applied, so that the
        // nodes of the tables are changed in place unless somebody keeps a snapshot.
        let outcome = Execution.run(operations, on: self, context)
        if case .completed(let result) = outcome, let delta = result.delta { apply(delta) }
        return outcome
    }
}

extension Execution {
    static func run(
        _ operations: [JSON], on database: Database, _ context: TransactionContext
    ) -> TransactionOutcome {
        var execution = Execution(database, context)
        var results: [JSON] = []
        results.reserveCapacity(operations.count)
        for (index, operation) in operations.enumerated() {
            do throws(Failure) {
                results.append(
                    try execution.perform(operation, number: index + 1, of: operations.count))
            } catch {
                switch error {
                case .unsatisfied:
                    return .wait(until: execution.timeout.map { context.created &+ $0 })
                case .error(let error):
                    return .completed(.failed(results, error, operations: operations.count))
                }
            }
        }
        return .completed(execution.commit(results))
    }

    private consuming func commit(_ results: [JSON]) -> TransactionResult {
        var result = TransactionResult(
            results: .array(results), isDurable: isDurable,
            comment: comments.isEmpty ? nil : comments.joined(separator: "\n"))
        do throws(OVSDBError) {
            var commit = Commit(transaction)
            let delta = try commit.run(makeUUID: context.makeUUID)
            if !delta.isEmpty { result.delta = delta }
        } catch {
            result.results = .array(results + [error.json])
        }
        return result
    }
}

extension Execution {
    /// Performs one operation, the one with the given number of `count`.
    mutating func perform(
        _ operation: JSON, number: Int, of count: Int
    ) throws(Failure) -> JSON {
        var reader = ObjectReader(operation, name: "ovsdb operation \(number) of \(count)")
        let kind = reader.required("op", .identifier)?.string
        var result: JSON = .null
        var failure: Failure?
        do throws(Failure) {
            if let kind { result = try dispatch(kind, &reader) }
        } catch {
            failure = error
        }
        do throws(OVSDBError) {
            try reader.finish()
        } catch {
            throw .error(error)
        }
        if let failure { throw failure }
        if let kind, let error = refusal(kind) { throw .error(error) }
        return result
    }

    private mutating func dispatch(
        _ kind: String, _ reader: inout ObjectReader
    ) throws(Failure) -> JSON {
        switch kind {
        case "insert":
            return try checked { (execution) throws(OVSDBError) in try execution.insert(&reader) }
        case "select":
            return try checked { (execution) throws(OVSDBError) in try execution.select(&reader) }
        case "update":
            return try checked { (execution) throws(OVSDBError) in try execution.update(&reader) }
        case "mutate":
            return try checked { (execution) throws(OVSDBError) in try execution.mutate(&reader) }
        case "delete":
            return try checked { (execution) throws(OVSDBError) in try execution.delete(&reader) }
        case "wait": return try wait(&reader)
        case "commit": return commit(&reader)
        case "comment": return comment(&reader)
        case "abort":
            throw .error(OVSDBError(tag: "aborted", details: "aborted by request"))
        case "assert":
            return try checked { (execution) throws(OVSDBError) in try execution.assertLock(&reader)
            }
        default:
            reader.raise("No operation \"\(kind)\"")
            return .null
        }
    }

    private mutating func checked(
        _ body: (inout Execution) throws(OVSDBError) -> JSON
    ) throws(Failure) -> JSON {
        do throws(OVSDBError) {
            return try body(&self)
        } catch {
            throw .error(error)
        }
    }

    private static let readOnlyOperations: Set<String> = [
        "select", "wait", "abort", "comment", "assert",
    ]

    /// Why an operation that succeeded is refused all the same.
    private func refusal(_ kind: String) -> OVSDBError? {
        if Execution.readOnlyOperations.contains(kind) { return nil }
        if context.isReadOnly {
            return OVSDBError(
                tag: "not allowed",
                details: "\(kind) operation not allowed when database server is in read only mode")
        }
        if database.schema.name.utf8.first == 0x5f {
            return OVSDBError(
                tag: "not allowed",
                details: "\(kind) operation not allowed on table in reserved database "
                    + database.schema.name)
        }
        return nil
    }
}

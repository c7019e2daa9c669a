import JSON
import OVSDBModel

/// The reply to `transact`: one result per operation, an error in place of the first that failed
/// and null for those after it; an error of the commit itself is one element more.
struct TransactionReply {
    let outcome: TransactionOutcome

    init(_ result: JSON?, _ error: JSON?, _ operations: [TransactionWriter.Operation]) {
        if let error {
            outcome = TransactionReply.refusal(error)
        } else if let results = result?.array {
            outcome = TransactionReply.outcome(results, operations)
        } else {
            outcome = .failed(TransactionFailure(error: .plain("malformed reply")))
        }
    }

    /// The request as a whole was answered with an error.
    private static func refusal(_ error: JSON) -> TransactionOutcome {
        if error.string == "canceled" { return .tryAgain("canceled") }
        return .failed(TransactionFailure(error: OVSDBError(reply: error)))
    }

    /// Hard errors count before the lock's loss, and that before what may pass.
    private static func outcome(
        _ results: [JSON], _ operations: [TransactionWriter.Operation]
    ) -> TransactionOutcome {
        var failure: TransactionFailure?
        var isUnlocked = false
        var reason = results.count < operations.count ? "results are missing" : nil
        for (position, result) in results.enumerated() {
            if result.isNull {
                reason = reason ?? "not executed"
            } else if result["error"] != nil {
                let error = OVSDBError(reply: result)
                switch error.tag {
                case "timed out", "unknown database": reason = error.description
                case "not owner": isUnlocked = true
                case "aborted": break
                default:
                    let key = position < operations.count ? operations[position].key : nil
                    failure = failure ?? TransactionFailure(error, key)
                }
            }
        }
        if let failure { return .failed(failure) }
        if isUnlocked { return .notLocked }
        if let reason { return .tryAgain(reason) }
        return .committed(receipt(results, operations))
    }

    private static func receipt(
        _ results: [JSON], _ operations: [TransactionWriter.Operation]
    ) -> TransactionReceipt {
        var receipt = TransactionReceipt()
        for (result, operation) in zip(results, operations) {
            switch operation.kind {
            case .insert:
                if let key = operation.key,
                    let text = result["uuid"]?[1]?.string, let uuid = RowUUID(parsing: text)
                {
                    receipt.inserted[key.uuid] = uuid
                }
            case .read(let column):
                receipt.values.append(result["rows"]?[0]?[column]?.integer ?? 0)
            case .wait, .write, .comment, .assertion: break
            }
        }
        return receipt
    }
}

extension OVSDBError {
    /// Reads an error as it stands in a reply.
    init(reply: JSON) {
        self.init(
            tag: reply["error"]?.string ?? reply.string ?? "unknown error",
            details: reply["details"]?.string
                ?? (reply.string == nil && reply["error"] == nil
                    ? reply.summary : nil),
            syntax: reply["syntax"]?.string)
    }
}

extension TransactionFailure {
    /// `key` is what the operation was about; an error of the commit says so only in words, such
    /// as `Table T column C row U` or `rows in "T" table`.
    init(_ error: OVSDBError, _ key: TransactionBuilder.RowKey?) {
        self.init(error: error)
        let words = (error.details ?? "").split { " ,.:".contains($0) }
        func word(after name: String) -> String? {
            guard let index = words.firstIndex(where: { $0 == name }),
                words.indices.contains(index + 1)
            else { return nil }
            return words[index + 1].filter { $0 != "\"" }
        }
        let quoted = zip(words, words.dropFirst()).first {
            $0.0.hasPrefix("\"") && $0.1 == "table"
        }
        table =
            key?.table ?? quoted?.0.filter { $0 != "\"" } ?? word(after: "Table")
            ?? word(after: "table")
        uuid =
            key?.uuid
            ?? (word(after: "row") ?? word(after: "UUID")).flatMap { RowUUID(parsing: $0) }
        column = word(after: "column") ?? word(after: "column(s)")
        if uuid == .zero { uuid = nil }
    }
}

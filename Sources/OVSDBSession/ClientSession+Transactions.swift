import JSON
import OVSDBModel

// Transactions: sent at once, or gathered while an earlier one is under way.
//
// What failed in company may succeed alone: if the server refuses a transaction that several
// logical writes were merged into, each of them is sent again by itself.

/// Logical writes that wait for the transaction before them.
struct ClientBatch: Sendable {
    struct Member: Sendable {
        var id: TransactionID
        var builder: TransactionBuilder
    }

    var waiting: [Member] = []
    /// Whether a merged transaction is under way.
    var isUnderWay = false

    /// The first of those that wait, up to `limit` rows.
    mutating func take(limit: Int) -> [Member] {
        var rows = 0
        var count = 0
        while count < waiting.count {
            rows += waiting[count].builder.rowCount
            if count > 0 && rows > limit { break }
            count += 1
        }
        defer { waiting.removeFirst(count) }
        return Array(waiting.prefix(count))
    }
}

extension ClientSession {
    /// Sends a transaction; its outcome comes as `completed`, perhaps among the returned actions.
    package mutating func submit(
        _ builder: TransactionBuilder, now: Int64
    ) -> (id: TransactionID, actions: [Action]) {
        let id = nextID()
        send([ClientBatch.Member(id: id, builder: builder)], isBatch: false)
        return (id, drain())
    }

    /// Sends a transaction together with others that come before the one under way is done.
    package mutating func enqueue(
        _ builder: TransactionBuilder, now: Int64
    ) -> (id: TransactionID, actions: [Action]) {
        let id = nextID()
        batch.waiting.append(ClientBatch.Member(id: id, builder: builder))
        flushBatch()
        return (id, drain())
    }

    private mutating func nextID() -> TransactionID {
        defer { nextTransaction += 1 }
        return TransactionID(number: nextTransaction)
    }

    mutating func flushBatch() {
        while !batch.isUnderWay, !batch.waiting.isEmpty {
            let members = batch.take(limit: configuration.limits.mergedRows)
            batch.isUnderWay = true
            if !send(members, isBatch: true) { batch.isUnderWay = false }
        }
    }

    /// False if the outcome is known without asking the server.
    @discardableResult
    private mutating func send(_ members: [ClientBatch.Member], isBatch: Bool) -> Bool {
        guard isSynchronized else {
            complete(members, .tryAgain("not connected"))
            return false
        }
        var builder = members[0].builder
        for member in members.dropFirst() { builder.merge(member.builder) }
        let asserted =
            builder.locks.isEmpty ? locks.main.map { [$0] } ?? [] : builder.locks.sorted()
        guard asserted.allSatisfy(holds) else {
            complete(members, .notLocked)
            return false
        }
        var writer = TransactionWriter(
            builder, schema: configuration.schema, coverage: replica.coverage)
        writer.write(locks: asserted)
        for gap in writer.gaps { diagnoseOnce(gap) }
        guard !writer.isEmpty else {
            complete(members, .committed(TransactionReceipt()))
            return false
        }
        let transaction = ClientTransaction(
            members: members, operations: writer.operations, isBatch: isBatch)
        let id = nextRequest
        updateOnline { $0.transactions[id] = transaction }
        request("transact", printed: writer.bytes, .transaction)
        return true
    }

    private mutating func diagnoseOnce(_ gap: SchemaCoverage.Gap) {
        var isNew = false
        updateOnline { isNew = $0.reportedGaps.insert(gap).inserted }
        if isNew { diagnose(.gap(gap)) }
    }

    private mutating func complete(_ members: [ClientBatch.Member], _ outcome: TransactionOutcome) {
        for member in members { actions.append(.completed(member.id, outcome)) }
    }

    mutating func transactionReplied(_ id: Int64, _ result: JSON?, _ error: JSON?) {
        var sent: ClientTransaction?
        updateOnline { sent = $0.transactions.removeValue(forKey: id) }
        guard let sent else { return }
        if sent.isBatch { batch.isUnderWay = false }
        let outcome = TransactionReply(result, error, sent.operations).outcome
        if case .failed = outcome, sent.members.count > 1 {
            for member in sent.members { send([member], isBatch: false) }
        } else {
            complete(sent.members, outcome)
        }
        flushBatch()
    }

    /// The connection is gone: nobody will say what became of the transactions.
    mutating func failTransactions(_ online: OnlineState, _ reason: String) {
        for (_, sent) in online.transactions.sorted(by: { $0.key < $1.key }) {
            complete(sent.members, .tryAgain(reason))
        }
        complete(batch.waiting, .tryAgain(reason))
        batch = ClientBatch()
    }
}

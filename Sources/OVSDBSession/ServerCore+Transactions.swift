import JSON
import OVSDBEngine
import OVSDBModel

extension ServerCore {
    mutating func transact(
        _ parameters: [JSON], _ id: JSON, _ session: SessionID
    ) throws(RequestError) {
        let name = try database(of: "transact", parameters).name
        guard let outstanding = sessions[session]?.outstanding, !outstanding.contains(id) else {
            throw .syntax("transact: duplicate request ID", in: .array(parameters))
        }
        guard outstanding.count < limits.outstanding else {
            throw .object(
                OVSDBError(
                    tag: "resources exhausted", details: "too many requests without a reply"))
        }
        sessions[session]?.outstanding.insert(id)
        let transaction = ParkedTransaction(
            session: session, request: id, operations: Array(parameters.dropFirst()),
            created: now, deadline: nil)
        if attempt(transaction, in: name) { retryParked(in: name) }
        publish(name)
    }

    /// Executes a transaction, or parks it; true if the database changed.
    private mutating func attempt(_ transaction: ParkedTransaction, in name: String) -> Bool {
        let session = transaction.session
        let locks = self.locks
        let context = TransactionContext(
            now: now, created: transaction.created, makeUUID: makeUUID,
            ownsLock: { locks.owner(of: $0) == session },
            isReadOnly: sessions[session]?.rights.isReadOnly ?? true)
        let outcome = databases[name]?.executed.execute(
            operations: transaction.operations, context: context)
        switch outcome {
        case .completed(let result)?:
            complete(
                result, in: name,
                PendingReply(
                    session: session, request: transaction.request, results: result.results))
            return result.delta != nil
        case .wait(let deadline)?:
            var parked = transaction
            parked.deadline = deadline
            databases[name]?.parked.append(parked)
            return false
        case nil: return false
        }
    }

    private mutating func complete(
        _ result: TransactionResult, in name: String, _ reply: PendingReply?
    ) {
        guard let delta = result.delta else {
            if let reply, databases[name]?.hold(reply) != true { send(reply) }
            return
        }
        guard databases[name]?.commit(delta, reply: reply) == true else { return }
        actions.append(
            .store(
                StoreRequest(
                    database: name, epoch: databases[name]?.epoch ?? 0, delta: delta,
                    comment: result.comment, isDurable: result.isDurable)))
    }

    private mutating func send(_ reply: PendingReply) {
        guard sessions[reply.session]?.outstanding.remove(reply.request) != nil else { return }
        send(ServerMessage.reply(to: reply.request, reply.results), to: reply.session)
    }

    mutating func executeInternally(_ name: String, _ operations: [JSON]) -> JSON? {
        let context = TransactionContext(now: now, makeUUID: makeUUID)
        guard
            case .completed(let result)? = databases[name]?.executed.execute(
                operations: operations, context: context)
        else { return nil }
        complete(result, in: name, nil)
        if result.delta != nil { retryParked(in: name) }
        publish(name)
        return result.results
    }
}

// MARK: - Waiting

extension ServerCore {
    /// Tries every parked transaction again, until none of them changes the database any more.
    mutating func retryParked(in name: String) {
        var hasChanged = true
        while hasChanged {
            hasChanged = false
            let parked = databases[name]?.parked ?? []
            databases[name]?.parked = []
            for transaction in parked where attempt(transaction, in: name) { hasChanged = true }
        }
    }

    /// Tries those again whose time is over: they end, one way or the other.
    mutating func retryParked(dueBy time: Int64) {
        for name in databaseNames {
            let parked = databases[name]?.parked ?? []
            let due = parked.filter { $0.deadline.map { $0 <= time } ?? false }
            if due.isEmpty { continue }
            databases[name]?.parked.removeAll { $0.deadline.map { $0 <= time } ?? false }
            var hasChanged = false
            for transaction in due where attempt(transaction, in: name) { hasChanged = true }
            if hasChanged { retryParked(in: name) }
            publish(name)
        }
    }

    /// Gives up a parked transaction of the session (RFC 7047 §4.1.4).
    mutating func cancel(_ parameters: [JSON], _ session: SessionID) {
        guard parameters.count == 1 else { return }
        for name in databaseNames {
            let count = databases[name]?.parked.count
            databases[name]?.parked.removeAll {
                $0.session == session && $0.request == parameters[0]
            }
            if databases[name]?.parked.count != count { refuse(parameters[0], session, "canceled") }
        }
    }

    func isOutstanding(_ request: JSON, _ session: SessionID) -> Bool {
        sessions[session]?.outstanding.contains(request) ?? false
    }

    mutating func refuse(_ request: JSON, _ session: SessionID, _ text: String) {
        guard sessions[session]?.outstanding.remove(request) != nil else { return }
        send(ServerMessage.error(to: request, .text(text)), to: session)
    }
}

// MARK: - Durability

/// A transaction for the log of its database.
package struct StoreRequest: Sendable {
    package let database: String
    /// Grows when storing fails; what is older than the newest failure must not be stored.
    package let epoch: Int
    package let delta: DatabaseDelta
    package let comment: String?
    /// Whether the client asked for durability in so many words.
    package let isDurable: Bool
}

extension ServerCore {
    mutating func didStore(_ name: String, epoch: Int, _ states: [RowUUID]) {
        guard databases[name]?.epoch == epoch else { return }
        databases[name]?.didStore(states)
        publish(name)
    }

    /// Undoes what could not be stored; its requests fail, as do those that saw its effects.
    mutating func didNotStore(_ name: String, epoch: Int, _ error: OVSDBError) {
        guard databases[name]?.epoch == epoch else { return }
        for reply in databases[name]?.undoPending() ?? [] {
            send(
                PendingReply(
                    session: reply.session, request: reply.request,
                    results: reply.results.failing(with: error)))
        }
        retryParked(in: name)
        publish(name)
    }

    /// Shows sessions every transaction that has become durable, in order.
    mutating func publish(_ name: String) {
        while let (commit, state, before) = databases[name]?.publishNext(makeUUID: makeUUID) {
            notifyMonitors(of: name, commit.delta, state: state, before: before)
            for reply in commit.replies {
                catchUp(reply.session, in: name)
                send(reply)
            }
            actions.append(.committed(database: name, commit.delta))
        }
    }
}

extension JSON {
    /// The results of a transaction whose commit failed after all its operations succeeded.
    fileprivate func failing(with error: OVSDBError) -> JSON {
        .array((array ?? []) + [error.json])
    }
}

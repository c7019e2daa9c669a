import JSON
import OVSDBEngine
import OVSDBModel

extension ServerCore {
    /// `monitor`, `monitor_cond` and `monitor_cond_since`.
    mutating func monitor(
        _ parameters: [JSON], _ request: JSON, _ session: SessionID, _ method: UpdateMethod
    ) throws(RequestError) {
        let name = MonitorRequest.name(of: method)
        let (database, served) = try database(of: name, parameters)
        let wanted = try MonitorRequest(parameters, method, served.schema)
        let monitors = sessions[session]?.monitors ?? [:]
        if monitors[wanted.id] != nil { throw .syntax("duplicate monitor ID", in: wanted.id) }
        guard monitors.count < limits.monitors else {
            throw .object(OVSDBError(tag: "resources exhausted", details: "too many monitors"))
        }
        add(wanted, method, database, session)
        start(
            MonitorJob(
                id: takeJob(), session: session, monitor: wanted.id, request: request,
                snapshot: served.published, method: method, specification: wanted.specification,
                task: task(wanted, method, served)))
    }

    private mutating func add(
        _ wanted: MonitorRequest, _ method: UpdateMethod, _ database: String,
        _ session: SessionID
    ) {
        let subscriber = MonitorGroup.Subscriber(session: session, monitor: wanted.id)
        let group = databases[database]?.subscribe(subscriber, to: wanted.specification) ?? 0
        sessions[session]?.monitors[wanted.id] = ServerMonitor(
            database: database, method: method, specification: wanted.specification, group: group)
    }

    private func task(
        _ wanted: MonitorRequest, _ method: UpdateMethod, _ served: HostedDatabase
    ) -> MonitorJob.Task {
        guard method == .update3 else { return .contents }
        let state = served.history.last
        guard let last = wanted.lastState, let known = served.history.changes(since: last) else {
            return .contentsSince(state: state)
        }
        // After a restart the old values of these columns are gone, so no difference can be told.
        if known.isRecovered, wanted.specification.hasTransientColumns(in: served.schema) {
            return .contentsSince(state: state)
        }
        return .changesSince(known.delta, state: state)
    }

    mutating func changeCondition(
        _ parameters: [JSON], _ request: JSON, _ session: SessionID
    ) throws(RequestError) {
        guard parameters.count == 3 else {
            throw .syntax("invalid parameters", in: .array(parameters))
        }
        let (old, new) = (parameters[0], parameters[1])
        guard let monitor = sessions[session]?.monitors[old],
            let served = databases[monitor.database]
        else { throw .syntax("unknown monitor session", in: old) }
        if old != new, sessions[session]?.monitors[new] != nil {
            throw .syntax("duplicate monitor ID", in: new)
        }
        let specification = try asRequestError { () throws(OVSDBError) in
            try monitor.specification.changingConditions(parameters[2], schema: served.schema)
        }
        catchUp(session, monitor: old)
        replace(old, by: new, specification, session)
        start(
            MonitorJob(
                id: takeJob(), session: session, monitor: new, request: request,
                snapshot: served.published, method: monitor.method, specification: specification,
                task: .newCondition(old: monitor.specification, state: served.history.last)))
    }

    private mutating func replace(
        _ old: JSON, by new: JSON, _ specification: MonitorSpecification, _ session: SessionID
    ) {
        guard var monitor = sessions[session]?.monitors.removeValue(forKey: old) else { return }
        databases[monitor.database]?.unsubscribe(
            .init(session: session, monitor: old), from: monitor.group)
        monitor.specification = specification
        monitor.group =
            databases[monitor.database]?.subscribe(
                .init(session: session, monitor: new), to: specification) ?? 0
        sessions[session]?.monitors[new] = monitor
    }

    mutating func cancelMonitor(
        _ parameters: [JSON], _ session: SessionID
    ) throws(RequestError) -> JSON {
        guard parameters.count == 1 else { throw .text("invalid parameters") }
        guard let monitor = sessions[session]?.monitors.removeValue(forKey: parameters[0]) else {
            throw .text("unknown monitor")
        }
        databases[monitor.database]?.unsubscribe(
            .init(session: session, monitor: parameters[0]), from: monitor.group)
        return [:]
    }
}

func asRequestError<Value>(
    _ body: () throws(OVSDBError) -> Value
) throws(RequestError) -> Value {
    do throws(OVSDBError) {
        return try body()
    } catch {
        throw .object(error)
    }
}

/// The parameters of the three requests that begin a monitor.
struct MonitorRequest {
    let id: JSON
    let specification: MonitorSpecification
    /// The last state that the client has seen; for monitor_cond_since.
    var lastState: RowUUID?

    static func name(of method: UpdateMethod) -> String {
        switch method {
        case .update: "monitor"
        case .update2: "monitor_cond"
        case .update3: "monitor_cond_since"
        }
    }

    init(
        _ parameters: [JSON], _ method: UpdateMethod, _ schema: DatabaseSchema
    ) throws(RequestError) {
        let isRightCount =
            switch method {
            case .update: parameters.count >= 3
            case .update2: parameters.count == 3
            case .update3: parameters.count == 4
            }
        guard isRightCount else { throw .syntax("invalid parameters", in: .array(parameters)) }
        id = parameters[1]
        specification = try asRequestError { () throws(OVSDBError) in
            try MonitorSpecification(
                json: parameters[2], format: method.format, isConditional: method != .update,
                schema: schema)
        }
        if method == .update3 { lastState = try Self.state(parameters[3]) }
    }

    private static func state(_ json: JSON) throws(RequestError) -> RowUUID {
        guard let text = json.string else {
            throw .syntax("last-txn-id must be string", in: json)
        }
        guard let state = RowUUID(parsing: text) else {
            throw .syntax("last-txn-id must be UUID format.", in: json)
        }
        return state
    }
}

// MARK: - Jobs

extension ServerCore {
    private mutating func takeJob() -> UInt64 {
        defer { nextJob += 1 }
        return nextJob
    }

    /// Does a small job at once; hands a large one out and holds the session's messages meanwhile.
    private mutating func start(_ job: MonitorJob) {
        sessions[job.session]?.job = (job.id, job.monitor)
        sessions[job.session]?.monitors[job.monitor]?.lag = MonitorLag(base: job.snapshot)
        if job.cost <= limits.inlineRows {
            finish(job.run())
        } else {
            actions.append(.run(job))
        }
    }

    mutating func finish(_ output: MonitorJob.Output) {
        guard let job = sessions[output.session]?.job, job.id == output.job else { return }
        send(output.messages, to: output.session)
        sessions[output.session]?.job = nil
        if sessions[output.session]?.isCongested == false {
            catchUp(output.session, monitor: job.monitor)
        }
        while sessions[output.session]?.job == nil,
            let message = sessions[output.session]?.deferred.popFirst()
        {
            receive(message, from: output.session)
        }
    }
}

// MARK: - Updates

extension ServerCore {
    /// Tells every monitor what a transaction changed, or notes it where the session lags.
    mutating func notifyMonitors(
        of name: String, _ delta: DatabaseDelta, state: RowUUID, before: Database
    ) {
        let groups = (databases[name]?.groups ?? [:]).sorted { $0.key < $1.key }
        for (_, group) in groups where group.specification.concerns(delta) {
            var updates = SharedUpdates()
            for subscriber in group.subscribers {
                guard let session = sessions[subscriber.session],
                    let monitor = session.monitors[subscriber.monitor]
                else { continue }
                if session.isCongested || monitor.lag != nil {
                    note(delta, for: subscriber, base: before)
                } else if let message = updates.message(
                    for: monitor.method, subscriber.monitor, state,
                    { group.updates(delta, schema: before.schema) })
                {
                    send(message, to: subscriber.session)
                }
            }
        }
    }

    private mutating func note(
        _ delta: DatabaseDelta, for subscriber: MonitorGroup.Subscriber, base: Database
    ) {
        guard var monitor = sessions[subscriber.session]?.monitors[subscriber.monitor] else {
            return
        }
        var lag = monitor.lag ?? MonitorLag(base: base)
        monitor.lag = nil
        lag.note(delta, for: monitor.specification)
        monitor.lag = lag
        sessions[subscriber.session]?.monitors[subscriber.monitor] = monitor
    }

    /// The peer has taken everything: tells what was held back, merged.
    mutating func catchUp(_ session: SessionID) {
        sessions[session]?.isCongested = false
        for monitor in laggingMonitors(of: session) { catchUp(session, monitor: monitor.id) }
    }

    /// Tells what was held back about one database, so that a reply about it may follow.
    mutating func catchUp(_ session: SessionID, in database: String) {
        for monitor in laggingMonitors(of: session) where monitor.database == database {
            catchUp(session, monitor: monitor.id)
        }
    }

    /// Those that are not being printed, in a fixed order.
    private func laggingMonitors(of session: SessionID) -> [(id: JSON, database: String)] {
        guard let state = sessions[session] else { return [] }
        return state.monitors
            .filter { $0.value.lag != nil && $0.key != state.job?.monitor }
            .sorted { $0.value.group < $1.value.group }
            .map { ($0.key, $0.value.database) }
    }

    private mutating func catchUp(_ session: SessionID, monitor id: JSON) {
        guard let monitor = sessions[session]?.monitors[id], let lag = monitor.lag,
            let served = databases[monitor.database]
        else { return }
        sessions[session]?.monitors[id]?.lag = nil
        guard let updates = lag.updates(to: served.published, for: monitor.specification) else {
            return
        }
        send(
            monitor.method.notification(
                monitor: id, state: served.history.last, updates: updates), to: session)
    }
}

extension MonitorSpecification {
    func concerns(_ delta: DatabaseDelta) -> Bool {
        delta.tables.contains { table($0.table) != nil }
    }
}

/// The notifications of one transaction to one group, each printed once.
private struct SharedUpdates {
    private struct Key: Hashable {
        let method: UpdateMethod
        let monitor: JSON
    }

    private var updates: [UInt8]??
    private var messages: [Key: [UInt8]] = [:]

    /// nil if there is nothing to tell.
    mutating func message(
        for method: UpdateMethod, _ monitor: JSON, _ state: RowUUID, _ print: () -> [UInt8]?
    ) -> [UInt8]? {
        if updates == nil { updates = .some(print()) }
        guard let body = updates ?? nil else { return nil }
        let key = Key(method: method, monitor: monitor)
        if let message = messages[key] { return message }
        let message = method.notification(monitor: monitor, state: state, updates: body)
        messages[key] = message
        return message
    }
}

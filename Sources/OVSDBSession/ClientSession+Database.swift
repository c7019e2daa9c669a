import JSON
import OVSDBModel

// The copy of the database: how it is asked for, resumed and kept current.
//
// A server that kept its history sends the difference since the last transaction that the client
// has; any other sends everything, which is compared with what the client has. The difference is
// worth something only if the contents are exactly those of the conditions that are sent along.

extension ClientSession {
    var dataMonitorID: JSON { ["monid", .string(databaseName)] }

    mutating func follow(_ schemaJSON: JSON, _ now: Int64) {
        let schema: DatabaseSchema
        do {
            schema = try DatabaseSchema(json: schemaJSON)
        } catch {
            return drop("the schema of the database: \(error)", now)
        }
        let coverage = SchemaCoverage(client: configuration.schema, server: schema)
        for gap in coverage.gaps where isMonitored(gap) && replica.coverage.gaps != coverage.gaps {
            diagnose(.gap(gap))
        }
        if coverage != knownCoverage { lastTransaction = .zero }
        updateOnline { $0.coverage = coverage }
        requestMonitor(.since)
    }

    private func isMonitored(_ gap: SchemaCoverage.Gap) -> Bool {
        let name =
            switch gap {
            case .table(let table), .column(_, let table), .type(_, let table): table
            }
        return configuration.schema.tableIndex(name).map { conditions.wanted[$0] != nil } ?? false
    }

    private mutating func requestMonitor(_ method: MonitorMethod) {
        let resumes = method == .since && lastTransaction != .zero
        let wanted = conditions.beginCopy(resuming: resumes)
        updateOnline { online in
            online.monitor = .requested
            online.method = method
        }
        var parameters: [JSON] = [
            .string(databaseName), dataMonitorID,
            .object(monitorRequests(wanted, isConditional: method != .plain)),
        ]
        if method == .since { parameters.append(.string(lastTransaction.description)) }
        request(
            method.rawValue, .array(parameters), .dataMonitor(method, isResumption: resumes))
    }

    private func monitorRequests(
        _ wanted: [[Condition]?], isConditional: Bool
    ) -> [JSON.Member] {
        guard let coverage = online?.coverage else { return [] }
        return configuration.schema.tables.indices.compactMap { position in
            guard let condition = wanted[position], let known = coverage.tables[position] else {
                return nil
            }
            let table = configuration.schema.tables[position]
            var members = [JSON.Member("columns", .array(columns(table, known)))]
            if isConditional, !condition.isEmpty {
                members.append(JSON.Member("where", clauses(condition, position, coverage)))
            }
            return JSON.Member(table.name, [.object(members)])
        }
    }

    /// The names of the columns that are wanted and that the server has.
    private func columns(_ table: TableSchema, _ known: SchemaCoverage.Table) -> [JSON] {
        let wanted = configuration.tables.first { $0.name == table.name }?.columns
        return zip(table.columns, known.columns).compactMap { column, type in
            guard type != nil, wanted?.contains(column.name) ?? true else { return nil }
            return .string(column.name)
        }
    }

    /// Leaves out clauses on columns that the server doesn't have: no row there satisfies them.
    private func clauses(
        _ condition: [Condition], _ position: Int, _ coverage: SchemaCoverage
    ) -> JSON {
        let known = condition.filter { clause in
            guard case .column(let column) = clause.column else { return true }
            return coverage.tables[position]?.columns[column] != nil
        }
        if known.isEmpty && !condition.isEmpty { return [false] }
        return known.json(configuration.schema.tables[position])
    }
}

// MARK: - Replies and notifications

extension ClientSession {
    mutating func monitorReplied(
        _ method: MonitorMethod, isResumption: Bool, _ result: JSON?, _ error: JSON?, _ now: Int64
    ) {
        guard let result else { return monitorRefused(method, error, now) }
        guard let reply = MonitorReply(result, method) else {
            return drop("\(method.rawValue): malformed reply", now)
        }
        begin(reply, isResumption: isResumption, now)
    }

    /// The server follows: takes what it sent first.
    mutating func begin(_ reply: MonitorReply, isResumption: Bool, _ now: Int64) {
        replica.cover(online?.coverage ?? replica.coverage)
        knownCoverage = replica.coverage
        decoder = replica.makeDecoder()
        let isDifference = reply.isDifference && isResumption
        guard take(reply.updates, isDifference: isDifference, now) else { return }
        lastTransaction = reply.transaction
        conditions.acknowledge()
        updateOnline { $0.monitor = .following }
        actions.append(.synchronized)
        actions.append(.conditions(conditions.acknowledgedNumber))
        requestLocks()
        requestConditions()
        flushBatch()
    }

    private mutating func monitorRefused(_ method: MonitorMethod, _ error: JSON?, _ now: Int64) {
        let reason = error?.description ?? "empty reply"
        guard let next = method.next else {
            return drop("\(method.rawValue) was refused: \(reason)", now)
        }
        diagnose(.fallback(refused: method.rawValue, reason: reason))
        lastTransaction = .zero
        requestMonitor(next)
    }

    mutating func updated(_ updates: UpdateText, transaction: RowUUID?, _ now: Int64) {
        guard isSynchronized else { return }
        guard take(updates, isDifference: true, now) else { return }
        if let transaction { lastTransaction = transaction }
    }

    /// Applies updates and reports what they changed; false if the server had to be dropped.
    private mutating func take(
        _ updates: UpdateText, isDifference: Bool, _ now: Int64
    ) -> Bool {
        let notation = (online?.method ?? .since).notation
        do {
            let changes =
                switch (updates, isDifference) {
                case (.tree(let json), true): try replica.apply(json, notation)
                case (.tree(let json), false): try replica.replace(with: json, notation)
                case (.text(let text), true): try replica.apply(scanning: text, with: &decoder)
                case (.text(let text), false): try replica.replace(scanning: text, with: &decoder)
                }
            if !changes.isEmpty { actions.append(.changed(changes)) }
            return true
        } catch {
            lastTransaction = .zero
            drop("update: \(error)", now)
            return false
        }
    }
}

/// Updates as they arrived: parsed, or, where they may be large, as the text in the notation with
/// differences.
enum UpdateText: Sendable {
    case tree(JSON)
    case text(ArraySlice<UInt8>)
}

/// The reply to a request to follow a database.
struct MonitorReply {
    /// Whether `updates` are what happened since the transaction that was asked for.
    let isDifference: Bool
    let transaction: RowUUID
    let updates: UpdateText

    /// Nil if it isn't in the form that belongs to `method`.
    init?(_ result: JSON, _ method: MonitorMethod) {
        if method == .since {
            guard let array = result.array, array.count == 3 else { return nil }
            self.init(found: array[0], transaction: array[1], .tree(array[2]))
        } else {
            self.init(found: false, transaction: .string(RowUUID.zero.description), .tree(result))
        }
    }

    init?(found: JSON, transaction: JSON, _ updates: UpdateText) {
        guard let found = found.bool,
            let transaction = transaction.string.flatMap({ RowUUID(parsing: $0) })
        else { return nil }
        isDifference = found
        self.transaction = transaction
        self.updates = updates
    }
}

// MARK: - Conditions

extension ClientSession {
    /// Asks for other rows of monitored tables. The contents are those of the new conditions once
    /// `conditions` with at least the returned number was reported.
    package mutating func setConditions(
        _ changes: [ConditionChange], now: Int64
    ) -> (number: UInt64, actions: [Action]) {
        let number = conditions.want(
            changes.map { change in
                guard let table = configuration.schema.tableIndex(change.tableName) else {
                    preconditionFailure("\(databaseName) has no table \(change.tableName)")
                }
                return (table, change.stages)
            })
        requestConditions()
        return (number, drain())
    }

    /// The number up to which conditions are in force.
    package var conditionNumber: UInt64 { conditions.acknowledgedNumber }

    private mutating func requestConditions() {
        guard let online, let coverage = online.coverage, online.monitor == .following,
            conditions.needsRequest
        else { return }
        // A plain monitor has all rows anyway.
        if online.method == .plain { conditions.settle() }
        for step in conditions.beginChange(isKnown: { coverage.tables[$0] != nil }) {
            let changes = step.tables.map { position in
                JSON.Member(
                    configuration.schema.tables[position].name,
                    [["where": clauses(step.conditions[position] ?? [], position, coverage)]])
            }
            request(
                "monitor_cond_change", [dataMonitorID, dataMonitorID, .object(changes)],
                .conditionChange)
        }
        if conditions.acknowledgedNumber == conditions.wantedNumber {
            actions.append(.conditions(conditions.acknowledgedNumber))
        }
    }

    mutating func conditionReplied(_ result: JSON?, _ error: JSON?, _ now: Int64) {
        guard result != nil else {
            return drop("monitor_cond_change was refused: \(error?.description ?? "")", now)
        }
        let before = conditions.acknowledgedNumber
        conditions.acknowledge()
        guard conditions.acknowledgedNumber != before else { return }
        actions.append(.conditions(conditions.acknowledgedNumber))
        requestConditions()
    }
}

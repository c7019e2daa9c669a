import JSON
import OVSDBModel

// Which databases the server has and whether it is the right server: `_Server` is followed before
// and while the database is. A server too old to have it gets the benefit of the doubt.

extension ClientSession {
    private static let serverMonitor: JSON = ["monid", "_Server"]

    var databaseName: String { configuration.schema.name }

    mutating func learnServer() {
        request("get_schema", [.string(ServedDatabase.databaseName)], .serverSchema)
    }

    mutating func serverSchemaReplied(_ result: JSON?, _ error: JSON?, _ now: Int64) {
        guard let result else { return forgoServer(error?.description ?? "empty reply") }
        var server = Replica(schema: ServedDatabase.schema)
        do {
            let schema = try DatabaseSchema(json: result)
            server.cover(SchemaCoverage(client: ServedDatabase.schema, server: schema))
        } catch {
            return forgoServer(error.description)
        }
        monitorServer(server)
        request("set_db_change_aware", [true], .ignored)
    }

    /// Does without `_Server`.
    private mutating func forgoServer(_ reason: String) {
        diagnose(.fallback(refused: ServedDatabase.databaseName, reason: reason))
        request("get_schema", [.string(databaseName)], .dataSchema)
    }

    private mutating func monitorServer(_ empty: Replica) {
        updateOnline { online in
            online.server = empty
            online.serverGeneration += 1
        }
        let columns = zip(empty.schema.tables, empty.coverage.tables).map { table, known in
            let names = zip(table.columns, known?.columns ?? [])
                .filter { $0.1 != nil }.map { JSON.string($0.0.name) }
            return JSON.Member(table.name, [["columns": .array(names)]])
        }
        let parameters: JSON = [
            .string(ServedDatabase.databaseName), serverMonitorID, .object(columns),
        ]
        request("monitor_cond", parameters, .serverMonitor)
    }

    /// Another one each time, as the server may still know the one before.
    private var serverMonitorID: JSON {
        let generation = online?.serverGeneration ?? 1
        return generation == 1
            ? ClientSession.serverMonitor : ["monid", "_Server", .integer(Int64(generation))]
    }

    func isServerMonitor(_ id: JSON) -> Bool { id == serverMonitorID }

    mutating func serverMonitorReplied(_ result: JSON?, _ error: JSON?, _ now: Int64) {
        guard let result else { return forgoServer(error?.description ?? "empty reply") }
        updateServer(result, now)
    }

    mutating func updateServer(_ updates: JSON, _ now: Int64) {
        guard var server = online?.server else { return }
        do {
            _ = try server.apply(updates, .differences)
        } catch {
            return drop("_Server: \(error)", now)
        }
        updateOnline { $0.server = server }
        judgeServer(server, now)
    }

    /// Starts to follow the database, leaves the server, or lets things be.
    private mutating func judgeServer(_ server: Replica, _ now: Int64) {
        guard let database = ServedDatabase(named: databaseName, in: server) else {
            return drop("the server does not have database \(databaseName)", now)
        }
        let reason = database.unfitness(
            leaderOnly: configuration.leaderOnly, newestIndex: newestIndex)
        if let reason { return drop(reason, now) }
        newestIndex = max(newestIndex, database.index ?? 0)
        guard let online, online.monitor == .none, let text = database.schema else { return }
        guard let json = try? JSON.parse(text) else {
            return drop("the schema of the database is not JSON", now)
        }
        follow(json, now)
    }

    mutating func dataSchemaReplied(_ result: JSON?, _ error: JSON?, _ now: Int64) {
        guard let result else {
            return drop("no schema: \(error?.description ?? "empty reply")", now)
        }
        follow(result, now)
    }

    /// The server ended the copy of the database: it was removed, or its schema converted. What
    /// `_Server` said before may be out of date, so it is asked again.
    mutating func monitorCanceled(_ id: JSON, _ now: Int64) {
        guard online != nil, id == dataMonitorID else { return }
        diagnose(.databaseChanged)
        if isSynchronized { actions.append(.unsynchronized) }
        lastTransaction = .zero
        let server = online?.server
        let oldServer = serverMonitorID
        updateOnline { online in
            online.monitor = .none
            online.server = nil
            online.requests = online.requests.filter { !$0.value.isAboutMonitors }
        }
        _ = conditions.forgetRequest()
        guard var server else {
            request("get_schema", [.string(databaseName)], .dataSchema)
            return
        }
        request("monitor_cancel", [oldServer], .ignored)
        server = Replica(schema: server.schema, coverage: server.coverage)
        monitorServer(server)
    }
}

extension ClientRequest {
    var isAboutMonitors: Bool {
        switch self {
        case .serverSchema, .serverMonitor, .dataSchema, .dataMonitor, .conditionChange: true
        case .lock, .transaction, .lookUp, .ignored: false
        }
    }
}

extension Replica {
    /// An empty replica of what a server has of `schema`.
    init(schema: DatabaseSchema, coverage: SchemaCoverage) {
        self.init(schema: schema)
        cover(coverage)
    }
}

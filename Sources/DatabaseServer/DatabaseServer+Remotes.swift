import JSON
import Linux
import Logging
import OVSDBEngine
import OVSDBModel
import OVSDBSession
import OVSDBTransport

/// The sources of remotes that a server was told, and the endpoints that they make at the moment.
struct RemoteTable {
    typealias EndpointID = Int

    var sources: [RemoteSource] = []
    private var endpoints: [EndpointID: RemoteEndpoint] = [:]
    private var numbers: [ConnectionMethod: EndpointID] = [:]
    private var nextNumber: EndpointID = 1
    /// Already logged.
    var knownFaults: Set<RemoteFault> = []
    /// Last written to their rows.
    var writtenStatuses: [RemoteRow: RemoteStatus] = [:]

    func endpoint(_ id: EndpointID) -> RemoteEndpoint? { endpoints[id] }

    /// In the order in which they came into service.
    var all: [RemoteEndpoint] { endpoints.sorted { $0.key < $1.key }.map(\.value) }

    func endpoint(for method: ConnectionMethod) -> RemoteEndpoint? {
        numbers[method].flatMap { endpoints[$0] }
    }

    mutating func add(
        _ settings: RemoteSettings, _ make: (RemoteSettings, EndpointID) -> RemoteEndpoint
    ) {
        let id = nextNumber
        nextNumber += 1
        numbers[settings.method] = id
        endpoints[id] = make(settings, id)
    }

    /// Ends those whose method is not in `methods`.
    mutating func keep(_ methods: Set<ConnectionMethod>) {
        for (method, id) in numbers where !methods.contains(method) {
            endpoints.removeValue(forKey: id)?.close()
            numbers[method] = nil
        }
    }

    mutating func closeAll() { keep([]) }
}

/// What a row shows of its remote.
struct RemoteStatus: Equatable {
    let isConnected: Bool
    let status: [String: String]
}

extension DatabaseServer {
    /// Serves a remote as well: a connection method, or `db:DATABASE,TABLE,COLUMN`.
    ///
    /// An address that can't be listened on is an error here and tried again later.
    package func addRemote(_ text: String) throws(ConnectionMethodError) {
        let source = try RemoteSource(parsing: text)
        if remotes.sources.contains(source) { return }
        remotes.sources.append(source)
        remotesMayHaveChanged()
    }

    /// Stops serving a remote that was added; false if it wasn't.
    package func removeRemote(_ text: String) -> Bool {
        guard let source = try? RemoteSource(parsing: text),
            let index = remotes.sources.firstIndex(of: source)
        else { return false }
        remotes.sources.remove(at: index)
        remotesMayHaveChanged()
        return true
    }

    /// As they were added, sorted.
    package var remoteTexts: [String] { remotes.sources.map(\.description).sorted() }

    /// The port that a TCP remote listens on, when it was left to the kernel or to check it.
    package func boundPort(of text: String) -> Int? {
        guard let method = try? ConnectionMethod(parsing: text) else { return nil }
        return remotes.endpoint(for: method)?.boundPort
    }

    /// Why a remote does not listen; nil if it does.
    package func listenError(of text: String) -> TransportError? {
        guard let method = try? ConnectionMethod(parsing: text) else { return nil }
        return remotes.endpoint(for: method)?.listenError
    }

    /// A transaction may have touched the rows that name remotes.
    func remotesMayHaveChanged(_ database: String, _ delta: DatabaseDelta) {
        let isWatched = remotes.sources.contains { source in
            if case .column(database, _, _) = source { true } else { false }
        }
        guard isWatched, let schema = core.snapshot(of: database)?.schema else { return }
        let tables = Set(delta.tables.map(\.table)).filter { table in
            remoteTables(of: database, schema).contains(table)
        }
        if !tables.isEmpty { remotesMayHaveChanged() }
    }

    /// The tables whose rows say what the remotes are.
    private func remoteTables(of database: String, _ schema: DatabaseSchema) -> Set<Int> {
        var tables: Set<Int> = []
        for case .column(database, let table, let column) in remotes.sources {
            guard let index = schema.tableIndex(table) else { continue }
            tables.insert(index)
            let target = schema.tables[index].column(column)?.type.key.reference?.table
            if let target, let index = schema.tableIndex(target) { tables.insert(index) }
        }
        return tables
    }

    /// Brings the endpoints into line with the sources.
    func remotesMayHaveChanged() {
        var wanted: [ConnectionMethod: RemoteSettings] = [:]
        var order: [ConnectionMethod] = []
        var faults: Set<RemoteFault> = []
        for source in remotes.sources {
            let resolved = RemoteSettings.resolve(source, in: core.snapshot(of:))
            faults.formUnion(resolved.faults)
            for settings in resolved.remotes where wanted[settings.method] == nil {
                wanted[settings.method] = settings
                order.append(settings.method)
            }
        }
        report(faults)
        remotes.keep(Set(order))
        for method in order {
            guard let settings = wanted[method] else { continue }
            if let endpoint = remotes.endpoint(for: method) {
                endpoint.update(settings)
            } else {
                remotes.add(settings, makeEndpoint)
                if let endpoint = remotes.endpoint(for: method) {
                    writeRemoteStatusesSoon(endpoint)
                }
            }
        }
    }

    private func report(_ faults: Set<RemoteFault>) {
        for fault in faults.subtracting(remotes.knownFaults).map(\.description).sorted() {
            Self.logger.warning("bad remote", metadata: ["remote": "\(fault)"])
        }
        remotes.knownFaults = faults
    }

    /// Ends every session, so that clients connect again.
    func closeSessions() {
        for endpoint in remotes.all { endpoint.closeSessions() }
    }
}

// MARK: - Status

extension DatabaseServer {
    /// How long changes of status are gathered.
    private static let statusDelay = Duration.milliseconds(100)

    /// Something happened to a remote; if it has a row, the row is to show it.
    func writeRemoteStatusesSoon(_ endpoint: RemoteEndpoint) {
        guard endpoint.settings.row != nil, !willWriteStatuses else { return }
        willWriteStatuses = true
        loop.schedule(after: Self.statusDelay) { [weak self] in
            self?.willWriteStatuses = false
            self?.writeRemoteStatuses()
        }
    }

    /// Writes `is_connected` and `status` of the rows of remotes, where they have changed.
    func writeRemoteStatuses() {
        let now = MonotonicTime.now()
        for endpoint in remotes.all {
            guard let row = endpoint.settings.row else { continue }
            let (isConnected, status) = endpoint.status(now: now) { id in
                core.lockCounts(of: SessionID(id.number))
            }
            let new = RemoteStatus(isConnected: isConnected, status: status)
            guard remotes.writtenStatuses[row] != new else { continue }
            remotes.writtenStatuses[row] = new
            write(new, to: row)
        }
    }

    private func write(_ status: RemoteStatus, to row: RemoteRow) {
        guard let schema = core.snapshot(of: row.database)?.schema.table(row.table) else { return }
        var columns: [JSON.Member] = []
        if schema.columnIndex("is_connected") != nil {
            columns.append(.init("is_connected", .bool(status.isConnected)))
        }
        if let column = schema.column("status") {
            columns.append(.init("status", Datum(status.status).json(column.type)))
        }
        if columns.isEmpty { return }
        let operation: JSON = [
            "op": "update", "table": .string(row.table),
            "where": [["_uuid", "==", ["uuid", .string(row.uuid.description)]]],
            "row": .object(columns),
        ]
        let outcome = core.transact(
            row.database, [operation], now: Clock.monotonicMilliseconds)
        if let outcome { perform(outcome.actions) }
    }
}

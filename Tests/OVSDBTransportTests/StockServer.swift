import Glibc
import Linux
import OVSDBModel
import OVSDBSession
import Testing

@testable import OVSDBTransport

/// The installed ovsdb-server with a Southbound database of its own, in a directory of its own.
final class StockServer {
    static let schemaPath = "/usr/share/ovn/ovn-sb.ovsschema"

    static var isInstalled: Bool {
        access("/usr/sbin/ovsdb-server", X_OK) == 0 && access(schemaPath, R_OK) == 0
    }

    let directory: String
    var remote: String { "unix:\(directory)/socket" }

    init() throws {
        var template = Array("/tmp/ovsdb.XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw SystemError.last("mkdtemp") }
        directory = String(cString: made)
        try run("ovsdb-tool", "create", "\(directory)/db", StockServer.schemaPath)
        try start()
    }

    func start() throws {
        try run(
            "ovsdb-server", "\(directory)/db", "--remote=punix:\(directory)/socket",
            "--unixctl=\(directory)/control", "--pidfile=\(directory)/pid", "--no-chdir",
            "--log-file=\(directory)/log", "--detach", "-vconsole:off")
    }

    /// Ends the server and waits until it has gone.
    func stop() throws {
        try run("ovs-appctl", "-t", "\(directory)/control", "exit")
        while access("\(directory)/pid", F_OK) == 0 { usleep(1000) }
    }

    func transact(_ operations: String) throws {
        try run("ovsdb-client", "transact", remote, "[\"OVN_Southbound\",\(operations)]")
    }

    @discardableResult
    private func run(_ arguments: String...) throws -> String {
        let child = try ChildProcess.run(arguments)
        try #require(child.status == 0, "\(arguments): \(child.output)")
        return child.output
    }

    deinit {
        _ = try? ChildProcess.run(["ovs-appctl", "-t", "\(directory)/control", "exit"])
        _ = try? ChildProcess.run(["rm", "-r", directory])
    }
}

/// A client under test, with a record of what it reported.
final class RecordingClient {
    let client: OVSDBClient
    var changes: [TableChange] = []
    var diagnostics: [String] = []
    var locks: [Bool] = []
    var synchronizations = 0

    init(
        _ remotes: [String], _ tables: [ClientConfiguration.Table], schema: DatabaseSchema,
        lock: String? = nil, loop: EventLoop, threads: IOThreads, seed: UInt64 = 1
    ) {
        var configuration = ClientConfiguration(
            schema: schema, tables: tables, remotes: remotes, lock: lock)
        configuration.limits.minimumBackoff = 20
        configuration.limits.maximumBackoff = 100
        client = OVSDBClient(configuration, loop: loop, threads: threads, seed: seed)
        client.handlers.changed = { [unowned self] in changes += $0 }
        client.handlers.diagnostic = { [unowned self] in diagnostics.append("\($0)") }
        client.handlers.lock = { [unowned self] in locks.append($0) }
        client.handlers.synchronized = { [unowned self] in synchronizations += 1 }
        client.start()
    }

    func takeChanges() -> [TableChange] {
        defer { changes = [] }
        return changes
    }
}

extension EventLoop {
    /// Runs until `condition` holds; the limit is only for a test that hangs.
    func wait(
        _ condition: () -> Bool, _ place: SourceLocation = #_sourceLocation
    ) throws {
        let holds = try run(until: .now() + .seconds(60), condition)
        try #require(holds, "waited in vain", sourceLocation: place)
    }

    /// Sends a transaction and waits for its outcome.
    func outcome(
        of builder: TransactionBuilder, by client: RecordingClient,
        _ place: SourceLocation = #_sourceLocation
    ) throws -> TransactionOutcome {
        var outcome: TransactionOutcome?
        client.client.submit(builder) { outcome = $0 }
        try wait({ outcome != nil }, place)
        return try #require(outcome)
    }
}

import Glibc
import Linux
import OVSDBModel
import OVSDBSession
import Testing

@testable import OVSDBTransport

/// An ovsdb-server with a Southbound database of its own, in a directory of its own.
final class TestServer {
    enum Kind: String, CaseIterable, Sendable {
        /// The installed server with a database of its own, or as the only member of a cluster.
        case installed, cluster
        /// The server of this package.
        case built
    }

    static let schemaPath = "/usr/share/ovn/ovn-sb.ovsschema"

    /// Those that this machine has; the schema and the tools are the installed ones for both.
    static var kinds: [Kind] {
        guard access(schemaPath, R_OK) == 0, access("/usr/bin/ovsdb-tool", X_OK) == 0 else {
            return []
        }
        return Kind.allCases.filter { access(program($0), X_OK) == 0 }
    }

    private static func program(_ kind: Kind) -> String {
        switch kind {
        case .installed, .cluster: "/usr/sbin/ovsdb-server"
        case .built: "\(buildDirectory)/ovsdb-server"
        }
    }

    /// Where the build put the programs: beside the test bundle.
    private static var buildDirectory: String {
        let bundle = CommandLine.arguments.first { $0.contains(".xctest") } ?? #filePath
        let parts = bundle.split(separator: "/", omittingEmptySubsequences: false)
        if let end = parts.firstIndex(where: { $0.hasSuffix(".xctest") }) {
            return parts[..<end].joined(separator: "/")
        }
        return parts.dropLast(3).joined(separator: "/") + "/.build/debug"
    }

    private let program: String
    let directory: String
    var remote: String { "unix:\(directory)/socket" }

    init(_ kind: Kind) throws {
        program = TestServer.program(kind)
        var template = Array("/tmp/ovsdb.XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw SystemError.last("mkdtemp") }
        directory = String(cString: made)
        if kind == .cluster {
            try run(
                "ovsdb-tool", "create-cluster", "\(directory)/db", TestServer.schemaPath,
                "unix:\(directory)/member")
        } else {
            try run("ovsdb-tool", "create", "\(directory)/db", TestServer.schemaPath)
        }
        try start()
    }

    func start() throws {
        try run(
            program, "\(directory)/db", "--remote=punix:\(directory)/socket",
            "--unixctl=\(directory)/control", "--pidfile=\(directory)/pid", "--no-chdir",
            "--log-file=\(directory)/log", "--detach", "-vconsole:off")
    }

    /// Ends the server and waits until it has gone.
    func stop() throws {
        try run("ovs-appctl", "-t", "\(directory)/control", "exit")
        while access("\(directory)/pid", F_OK) == 0 { usleep(1000) }
    }

    /// The server does nothing until `resume`.
    func suspend() throws { try signal("STOP") }

    func resume() throws { try signal("CONT") }

    private func signal(_ name: String) throws {
        try run("sh", "-c", "kill -\(name) $(cat \(directory)/pid)")
    }

    func transact(_ operations: String) throws {
        try run("ovsdb-client", "transact", remote, "[\"OVN_Southbound\",\(operations)]")
    }

    /// Converts the database to the same schema under another version.
    func convert() throws {
        try run(
            "sh", "-c",
            """
            sed 's/"version": *"[0-9.]*"/"version": "99.0.0"/' \(TestServer.schemaPath) \
                > \(directory)/schema && ovsdb-client convert \(remote) \(directory)/schema
            """)
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
        client.handlers.lock = { [unowned self] _, state in
            if state != .waiting { locks.append(state == .held) }
        }
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

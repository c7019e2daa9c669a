import Glibc
import Linux
import Testing

/// A running `ovsdb-server` in a directory of its own.
final class ServerProcess: Sendable {
    enum Kind: String {
        case ours, stock
    }

    static let northbound = "OVN_Northbound"

    let directory: String
    private let program: String

    var socket: String { "\(directory)/socket" }
    var remote: String { "unix:\(socket)" }
    var control: String { "\(directory)/control" }
    var log: String {
        (try? readFile("\(directory)/log")).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// Makes the databases; `start` starts the server.
    init(_ kind: Kind = .ours, schemas: [String] = [Programs.northboundSchema]) async throws {
        var template = Array("/tmp/server.XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw SystemError.last("mkdtemp") }
        directory = String(cString: made)
        program = kind == .ours ? Programs.server : "/usr/sbin/ovsdb-server"
        for (index, schema) in schemas.enumerated() {
            try await output("ovsdb-tool", "create", "\(directory)/db\(index)", schema)
        }
    }

    static func started(
        _ kind: Kind = .ours, schemas: [String] = [Programs.northboundSchema],
        _ options: String...
    ) async throws -> ServerProcess {
        let server = try await ServerProcess(kind, schemas: schemas)
        try await server.start(options)
        return server
    }

    var databases: [String] {
        (0..<8).map { "\(directory)/db\($0)" }.filter { access($0, F_OK) == 0 }
    }

    /// Returns when the server serves.
    func start(_ options: [String] = [], prefix: [String] = []) async throws {
        let child = try await run(command(options, prefix: prefix))
        try #require(child.status == 0, "the server did not start: \(child.output)")
    }

    func command(_ options: [String] = [], prefix: [String] = []) -> [String] {
        prefix + [program] + databases + [
            "--remote=punix:\(socket)", "--unixctl=\(control)", "--pidfile=\(directory)/pid",
            "--log-file=\(directory)/log", "--no-chdir", "--detach", "-vconsole:off",
        ] + options
    }

    var process: pid_t {
        get throws { try Pidfile.runningProcess(of: "\(directory)/pid") }
    }

    /// Ends the server without a chance to tidy up, and waits until it is gone.
    func crash() async throws {
        kill(try process, SIGKILL)
        try await waitForEnd()
    }

    func stop() async throws {
        try await appctl("exit")
        try await waitForEnd()
    }

    /// A process that has ended holds its pidfile no longer, whether or not it was waited for; one
    /// that was killed leaves it, and may hold its databases a moment longer.
    func waitForEnd() async throws {
        try await wait(for: "the end of the process") { (try? process) == nil && hasLeft }
    }

    /// True if the process of the pidfile is gone, but for its parent.
    private var hasLeft: Bool {
        guard let text = try? readFile("\(directory)/pid") else { return true }
        let number = String(decoding: text.prefix { $0 != 10 }, as: UTF8.self)
        guard let status = try? readFile("/proc/\(number)/stat") else { return true }
        let fields = String(decoding: status, as: UTF8.self).split(separator: ")").last ?? ""
        return fields.hasPrefix(" Z")
    }

    @discardableResult
    func appctl(_ arguments: String...) async throws -> String {
        let child = try await run(["timeout", "30", "ovs-appctl", "-t", control] + arguments)
        try #require(child.status == 0, "\(arguments): \(child.output)")
        return child.output
    }

    @discardableResult
    func nbctl(_ arguments: String...) async throws -> String {
        let child = try await run(["timeout", "30", "ovn-nbctl", "--db=\(remote)"] + arguments)
        try #require(child.status == 0, "\(arguments): \(child.output)")
        return child.output
    }

    deinit {
        if let process = try? self.process { kill(process, SIGKILL) }
        _ = try? ChildProcess.run(["rm", "-rf", directory])
    }
}

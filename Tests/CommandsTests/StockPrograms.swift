import Glibc
import Linux
import Testing

/// A network of the stock programs in a directory of its own: both databases and a northd.
final class StockNetwork {
    let directory: String

    private static let needed: [String] = [
        "/usr/bin/ovsdb-tool", "/usr/sbin/ovsdb-server", "/usr/bin/ovn-northd",
        "/usr/bin/ovn-nbctl", "/usr/bin/ovn-sbctl", "/usr/bin/ovn-trace",
        "/usr/share/ovn/ovn-sb.ovsschema",
    ]
    static let isInstalled = needed.allSatisfy { access($0, R_OK) == 0 }
    static let isMissing: Comment = "needs the package ovn-central"

    /// The directory of the programs that were built with these tests.
    static let programs =
        (CommandLine.arguments.first { $0.contains(".xctest") } ?? "")
        .split(separator: "/", omittingEmptySubsequences: false)
        .prefix { !$0.hasSuffix(".xctest") }.joined(separator: "/")

    /// The path of a program of ours.
    static func own(_ program: String) -> String { "\(programs)/\(program)" }

    var remote: String { "unix:\(directory)/db.sock" }

    init() throws {
        var template = Array("/tmp/trace.XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw SystemError.last("mkdtemp") }
        directory = String(cString: made)
        for database in ["nb", "sb"] {
            try run(
                "ovsdb-tool", "create", "\(directory)/\(database).db",
                "/usr/share/ovn/ovn-\(database).ovsschema")
        }
        try run(
            ["/usr/sbin/ovsdb-server", "\(directory)/nb.db", "\(directory)/sb.db"]
                + ["--remote=p\(remote)"] + daemon("ovsdb-server"))
        try run(
            ["ovn-northd", "--ovnnb-db=\(remote)", "--ovnsb-db=\(remote)"]
                + daemon("ovn-northd"))
    }

    private func daemon(_ name: String) -> [String] {
        [
            "--detach", "--no-chdir", "--unixctl=\(directory)/\(name).ctl",
            "--pidfile=\(directory)/\(name).pid", "--log-file=\(directory)/\(name).log",
            "-vconsole:off",
        ]
    }

    @discardableResult
    func run(_ arguments: String...) throws -> String { try run(arguments) }

    /// A program that has to succeed, with the databases as its own.
    @discardableResult
    private func run(_ arguments: [String]) throws -> String {
        let child = try ChildProcess.run(
            ["env", "OVN_NB_DB=\(remote)", "OVN_SB_DB=\(remote)", "timeout", "60"] + arguments)
        try #require(child.status == 0, "\(arguments): \(child.output)")
        return child.output
    }

    /// One transaction; each line is a command with words that have no space in them, except in
    /// quotes.
    func configure(_ lines: String) throws {
        let commands = lines.split(separator: "\n").map { Self.words($0) }
        try run(["ovn-nbctl", "--wait=sb"] + Array(commands.joined(separator: ["--"])))
    }

    private static func words(_ line: Substring) -> [String] {
        line.split(separator: "'", omittingEmptySubsequences: false).enumerated()
            .flatMap { index, part in
                index % 2 == 1
                    ? [String(part)] : part.split(separator: " ").map(String.init)
            }
    }

    /// What the stock program says.
    func trace(_ arguments: [String]) throws -> String {
        try run(["ovn-trace", "--db=\(remote)"] + arguments)
    }

    deinit {
        for name in ["trace", "ovn-northd", "ovsdb-server"] {
            if let process = try? Pidfile.runningProcess(of: "\(directory)/\(name).pid") {
                kill(process, SIGKILL)
            }
        }
        _ = try? ChildProcess.run(["rm", "-rf", directory])
    }
}

import Glibc
import Linux
import Testing

@testable import UnixControl

/// The daemons that this package builds, asked by the stock tool and by ours: the same answers, the
/// same errors, the same exit statuses. (ovn-controller needs a kernel datapath: KernelControlTests.)
@Suite(.enabled(if: Daemons.areThere, Daemons.areMissing))
struct DaemonCommandTests {
    /// One command asked with both tools; they print the same and end the same.
    private func ask(
        _ daemons: Daemons, _ target: String, _ command: String...,
        place: SourceLocation = #_sourceLocation
    ) throws -> ChildProcess {
        let theirs = try ChildProcess.run(
            ["timeout", "30", "ovs-appctl", "-t", daemons.socket(target)] + command)
        let ours = try ChildProcess.run(
            ["env", "OVN_RUNDIR=\(daemons.directory)", "timeout", "30", Daemons.appctl]
                + ["-t", target] + command)
        #expect(ours.status == theirs.status, sourceLocation: place)
        let volatile = ["coverage/show", "memory/show"]
        if theirs.status == 0, !volatile.contains(command[0]) {
            #expect(ours.output == theirs.output, sourceLocation: place)
        } else if theirs.status == 2 {
            // Both end with a line that names program and target.
            #expect(
                ours.output.split(separator: "\n").dropLast()
                    == theirs.output.split(separator: "\n").dropLast(), sourceLocation: place)
            #expect(
                ours.output.hasSuffix("ovn-appctl: \(target): server returned an error\n"),
                sourceLocation: place)
        }
        return theirs
    }

    @Test(arguments: ["ovsdb-server", "ovn-northd"])
    func everyDaemonAnswersTheCommonCommands(_ target: String) throws {
        let daemons = try Daemons()
        let version = try ask(daemons, target, "version")
        #expect(version.output == "\(target) (swift-ovn) \(SoftwareVersion.number)\n")
        let document = try ChildProcess.run([
            Daemons.appctl, "--format=json", "-t", daemons.socket(target), "version",
        ])
        #expect(document.status == 0)
        #expect(document.output.contains(#""reply":"\#(target) (swift-ovn) "#))
        #expect(document.output.contains(#""reply-format":"plain""#))
        let list = try ask(daemons, target, "list-commands").output.split(separator: "\n")
        #expect(list.first == "The available commands are:")
        let names = list.dropFirst().compactMap { $0.split(separator: " ").first }
        #expect(names == names.sorted())
        let common: Set<Substring> = [
            "coverage/read-counter", "coverage/show", "exit", "list-commands", "memory/show",
            "set-options", "version", "vlog/close", "vlog/disable-rate-limit",
            "vlog/enable-rate-limit",
            "vlog/list", "vlog/list-pattern", "vlog/reopen", "vlog/set",
        ]
        #expect(common.isSubset(of: names))
        #expect(list.contains("  vlog/set                {spec | PATTERN:destination:pattern}"))
        try checkLog(daemons, target)
        try checkFigures(daemons, target)
        try checkErrors(daemons, target)
        #expect(try ask(daemons, target, "exit", "now").status == 2)
        daemons.stop(target)
    }

    private func checkLog(_ daemons: Daemons, _ target: String) throws {
        #expect(try ask(daemons, target, "vlog/set", "vlog:file:dbg").status == 0)
        let levels = try ask(daemons, target, "vlog/list").output.split(separator: "\n")
        #expect(levels[0] == "                 console    syslog    file")
        #expect(levels[1] == "                 -------    ------    ------")
        let row = levels.first { $0.hasPrefix("vlog ") } ?? ""
        #expect(row == "vlog               OFF       INFO        DBG")
        #expect(try ask(daemons, target, "vlog/set", "ANY:syslog:off").status == 0)
        #expect(
            try ask(daemons, target, "vlog/list").output
                .contains("vlog               OFF        OFF        DBG\n"))
        let patterns = try ask(daemons, target, "vlog/list-pattern").output
        #expect(
            patterns == """
                         prefix                            format
                         ------                            ------
                SYSLOG   <%B> %D{%h %e %T} %E %A:          ovs|%05N|%c%T|%p|%m
                CONSOLE  none                              %D{%Y-%m-%dT%H:%M:%SZ}|%05N|%c%T|%p|%m
                FILE     none                              %D{%Y-%m-%dT%H:%M:%S.###Z}|%05N|%c%T|%p|%m

                """)
        for command in ["vlog/reopen", "vlog/enable-rate-limit", "vlog/close"] {
            let answer = try ask(daemons, target, command)
            #expect(answer.status == 0 && answer.output == "")
        }
    }

    private func checkFigures(_ daemons: Daemons, _ target: String) throws {
        let coverage = try ask(daemons, target, "coverage/show").output.split(separator: "\n")
        #expect(
            coverage[0].hasPrefix(
                "Event coverage, avg rate over last: 5 seconds, last minute, last hour,  hash="))
        let row = #/[a-z_]+ +[0-9.]+/sec +[0-9.]+/sec +[0-9.]+/sec +total: [0-9]+/#
        for line in coverage.dropFirst().dropLast() { #expect(line.wholeMatch(of: row) != nil) }
        #expect(coverage.last?.hasSuffix(" events never hit") == true)
        #expect(coverage.contains { $0.hasPrefix("unixctl_received ") })
        let counted = ["coverage/read-counter", "unixctl_received"]
        let first = try ChildProcess.run([Daemons.appctl, "-t", daemons.socket(target)] + counted)
        let second = try ChildProcess.run([Daemons.appctl, "-t", daemons.socket(target)] + counted)
        #expect(try number(second) == number(first) + 1)
        let memory = try ask(daemons, target, "memory/show").output
        #expect(memory.wholeMatch(of: #/([A-Za-z_-]+:[0-9]+ ?)+\n/#) != nil, "\(memory)")
    }

    private func number(_ answer: ChildProcess) throws -> Int {
        try #require(Int(answer.output.dropLast()), "\(answer.output)")
    }

    private func checkErrors(_ daemons: Daemons, _ target: String) throws {
        let refusals: [([String], String)] = [
            (
                ["nosuch"],
                "\"nosuch\" is not a valid command (use \"list-commands\" to see a list of valid "
                    + "commands)"
            ),
            (["version", "x"], "\"version\" command takes at most 0 arguments"),
            (
                ["coverage/read-counter"],
                "\"coverage/read-counter\" command requires at least 1 arguments"
            ),
            (["coverage/read-counter", "x"], "No such counter"),
            (["vlog/set", "foo"], "no destination, level, or module \"foo\""),
            (["vlog/disable-rate-limit", "foo"], "unknown module"),
        ]
        for (command, text) in refusals {
            let theirs = try ChildProcess.run(
                ["timeout", "30", "ovs-appctl", "-t", daemons.socket(target)] + command)
            #expect(theirs.status == 2)
            #expect(theirs.output.hasPrefix(text + "\n"))
            let ours = try ChildProcess.run(
                [Daemons.appctl, "--target=\(daemons.socket(target))", "-T30"] + command)
            #expect(ours.status == 2)
            #expect(
                ours.output == text + "\n"
                    + "ovn-appctl: \(daemons.socket(target)): server returned an error\n")
        }
    }

    @Test func northdSaysHowItStands() throws {
        let daemons = try Daemons()
        let target = "ovn-northd"
        for command in ["nb-connection-status", "sb-connection-status"] {
            var answer = ""
            for _ in 0..<3000 where answer != "connected\n" {
                answer = try ask(daemons, target, command).output
            }
            #expect(answer == "connected\n")
        }
        #expect(try ask(daemons, target, "is-paused").output == "false\n")
        var runs = "0\n"
        for _ in 0..<3000 where runs == "0\n" {
            runs = try ask(daemons, target, "coverage/read-counter", "northd_run").output
        }
        #expect(runs != "0\n")
        #expect(try ask(daemons, target, "pause").output == "")
        #expect(try ask(daemons, target, "status").output == "Status: paused\n")
        #expect(try ask(daemons, target, "connection-status").status == 2)
    }

    /// A daemon that is not there, by name and by socket, and command lines that say nothing.
    @Test func whatOurToolSaysWithoutADaemon() throws {
        let cases: [([String], Int32, String)] = [
            (["-t", "nosuch", "version"], 1, "cannot read pidfile \"/nonexistent/nosuch.pid\" "),
            (["version"], 1, "cannot read pidfile \"/nonexistent/ovn-controller.pid\" "),
            (["-t/nosuch", "version"], 1, "cannot connect to \"/nosuch\" (No such file or "),
            ([], 1, "at least one non-option argument is required (use --help for help)"),
            (["--bogus", "x"], 1, "unrecognized option '--bogus'"),
            (["--t=3", "x"], 1, "option '--t=3' is ambiguous; possibilities: '--target' '--ti"),
            (["-x"], 1, "invalid option -- 'x'"), (["-t"], 1, "option requires an argument -- 't'"),
            (["--timeout=0", "version"], 1, "value 0 on -T or --timeout is invalid"),
            (["-fxml", "version"], 1, "value xml on -f or --format is invalid"),
        ]
        for (arguments, status, text) in cases {
            let child = try ChildProcess.run(
                ["env", "OVN_RUNDIR=/nonexistent", Daemons.appctl] + arguments)
            #expect(child.status == status, "\(arguments)")
            #expect(child.output.hasPrefix("ovn-appctl: \(text)"), "\(arguments)")
        }
        let version = try ChildProcess.run([Daemons.appctl, "--version"])
        #expect(version.status == 0)
        #expect(version.output == "ovn-appctl (swift-ovn) \(SoftwareVersion.number)\n")
        let help = try ChildProcess.run([Daemons.appctl, "--help"])
        #expect(help.status == 0)
        #expect(help.output.contains("usage: ovn-appctl [TARGET] COMMAND [ARG...]\n"))
    }

    /// SIGALRM ends the tool when the daemon does not answer.
    @Test func aTimeoutEndsTheWait() throws {
        let path = "/tmp/silent.\(getpid())"
        let silent = try UnixSocket.bind(path: path)
        try #require(listen(silent.rawValue, 1) == 0)
        let child = try ChildProcess.run([
            Daemons.appctl, "--target", path, "--timeout=1", "version",
        ])
        #expect(child.status == 128 + SIGALRM)
        UnixSocket.remove(path: path)
    }
}

/// The built daemons in a directory of their own.
final class Daemons {
    let directory: String

    /// The programs stand beside the test bundle.
    private static let built: String = {
        let bundle = CommandLine.arguments.first { $0.contains(".xctest") } ?? ""
        return bundle.split(separator: "/", omittingEmptySubsequences: false)
            .prefix { !$0.hasSuffix(".xctest") }.joined(separator: "/")
    }()
    static var appctl: String { "\(built)/ovn-appctl" }

    static let areThere = needed.allSatisfy { access($0, R_OK) == 0 }
    private static let needed: [String] = [
        "\(built)/ovsdb-server", "\(built)/ovn-northd", appctl, "/usr/bin/ovsdb-tool",
        "/usr/bin/ovs-appctl", "/usr/share/ovn/ovn-nb.ovsschema",
    ]
    static let areMissing: Comment =
        "needs the built programs and the packages ovn-common and openvswitch-common"

    init() throws {
        var template = Array("/tmp/daemons.XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw SystemError.last("mkdtemp") }
        directory = String(cString: made)
        for database in ["nb", "sb"] {
            try Self.run([
                "ovsdb-tool", "create", "\(directory)/\(database).db",
                "/usr/share/ovn/ovn-\(database).ovsschema",
            ])
        }
        let remote = "unix:\(directory)/db.sock"
        try start(
            "ovsdb-server",
            ["\(directory)/nb.db", "\(directory)/sb.db", "--remote=p\(remote)"])
        try start("ovn-northd", ["--ovnnb-db=\(remote)", "--ovnsb-db=\(remote)"])
    }

    private func start(_ program: String, _ arguments: [String]) throws {
        try Self.run(
            [
                "env", "OVN_RUNDIR=\(directory)", "OVS_RUNDIR=\(directory)",
                "OVN_LOGDIR=\(directory)", "OVS_LOGDIR=\(directory)",
                "\(Self.built)/\(program)",
            ] + arguments + [
                "--detach", "--no-chdir", "--pidfile", "--log-file", "-vconsole:off",
            ])
    }

    private static func run(_ arguments: [String]) throws {
        let child = try ChildProcess.run(arguments)
        try #require(child.status == 0, "\(arguments): \(child.output)")
    }

    /// The socket of a daemon's own name.
    func socket(_ target: String) -> String {
        (try? ControlClient.socketPath(of: target, in: directory)) ?? "/nonexistent"
    }

    /// Asks the daemon to end; its socket goes with it.
    func stop(_ target: String) {
        let path = socket(target)
        #expect((try? ControlClient.call("exit", at: path)) == "")
        while access(path, F_OK) == 0 { usleep(1000) }
    }

    deinit {
        for target in ["ovn-northd", "ovsdb-server"] {
            if let process = try? Pidfile.runningProcess(of: "\(directory)/\(target).pid") {
                kill(process, SIGKILL)
            }
        }
        _ = try? ChildProcess.run(["rm", "-rf", directory])
    }
}

import Glibc
import Linux
import Schemas
import Testing

/// Command lines that can't be obeyed: one line that names what is wrong, status 1, and nothing
/// that was begun is left behind. (What ovn-appctl refuses: UnixControlTests.)
@Suite struct CommandLineTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let program: String
        let arguments: [String]
        let complaint: String

        init(_ program: String, _ arguments: [String], _ complaint: String) {
            self.program = program
            self.arguments = arguments
            self.complaint = complaint
        }

        var testDescription: String { "\(program) \(arguments.joined(separator: " "))" }
    }

    static let everywhere: [([String], String)] = [
        (["--bogus"], "Unknown option '--bogus'"),
        (["--detach=yes"], "option --detach takes no value"),
        (["--unixctl"], "option --unixctl needs a value"),
        (["-C"], "option -C needs a value"),
        (["-vbogus:dbg"], "no destination, level, or module \"bogus\""),
        (["-vconsole:dbg:info"], "cannot specify multiple levels"),
        (["--log-file=/nonexistent/log"], "open /nonexistent/log: No such file or directory"),
        (["--pidfile=/nonexistent/pid"], "/nonexistent/pid"),
        (["--user=nobody-of-this-name"], "nobody-of-this-name: unknown user or group"),
    ]

    static let own: [Case] = [
        Case("ovn-controller", ["unix:/a", "unix:/b"], "'unix:/b'"),
        Case("ovn-controller", ["-n"], "'-n <chassis>'"),
        Case("ovn-controller", ["-n", ""], "The chassis' name is empty."),
        Case("ovn-controller", ["bogus:/a"], "bogus:/a: unknown connection method"),
        Case("ovn-controller", ["tcp:127.0.0.1:x"], "tcp:127.0.0.1:x: bad port number \"x\""),
        Case("ovn-controller", ["ptcp:6640"], "ptcp:6640: no method to call a server by"),
        Case("ovn-controller", ["unix:"], "unix:: path is missing"),
        Case("ovn-northd", ["--ovnnb-db=bogus"], "bogus: expected METHOD:ADDRESS"),
        Case("ovn-northd", ["--ovnsb-db=tcp:"], "tcp:: host is missing"),
        Case("ovn-northd", ["file"], "'file'"),
        Case("ovn-northd", ["--n-threads=many"], "'many'"),
        Case(
            "ovsdb-server", ["--no-db", "--remote=bogus:1"], "bogus:1: unknown connection method"),
        Case("ovsdb-server", ["/nonexistent/a.db"], "/nonexistent/a.db"),
    ]

    static let cases =
        ["ovsdb-server", "ovn-northd", "ovn-controller"].flatMap { program in
            everywhere.map { Case(program, $0.0, $0.1) }
        } + own

    @Test(arguments: cases) func isRefusedByName(_ example: Case) async throws {
        let life = try DaemonLife()
        let directory = life.directory
        // What the case does not say; an option that is given twice has its last value.
        let child = try await Agentless.run(
            [
                "env", "OVS_RUNDIR=\(directory)", "OVN_RUNDIR=\(directory)",
                "OVS_DBDIR=\(directory)", "timeout", "30", Agentless.program(example.program),
                "--pidfile=\(directory)/pid", "-vconsole:off",
            ] + example.arguments)
        #expect(child.status == 1, "\(child.output)")
        #expect(child.output.hasPrefix("\(example.program): "), "\(child.output)")
        #expect(child.output.contains(example.complaint), "\(child.output)")
        try life.checkThatNothingIsLeft()
    }

    @Test func aSecondDaemonWithThePidfileIsRefused() async throws {
        let life = try DaemonLife()
        let arguments = try SignalTests.arguments(of: "ovn-northd", in: life.directory)
        async let ended = Agentless.run(arguments)
        try await life.waitForStart()
        let second = try await Agentless.run(arguments)
        #expect(second.status == 1)
        #expect(second.output.contains("/pid: already running as pid "), "\(second.output)")
        try await life.checkThatItAnswers()
        try life.signal(SIGTERM)
        try await life.checkEnd(ended)
    }
}

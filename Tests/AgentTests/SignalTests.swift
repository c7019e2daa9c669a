import Glibc
import Linux
import Schemas
import Testing

/// What signals do to a daemon: SIGTERM and SIGINT end it, with status 0 and nothing left of it but
/// its log; SIGHUP has it open its log again, which is what logrotate(8) configurations rely on.
/// (ovn-controller needs a kernel datapath: KernelServiceTests.)
@Suite struct SignalTests {
    static func arguments(of program: String, in directory: String) throws -> [String] {
        let remote = "unix:\(directory)/socket"
        let own =
            program == "ovsdb-server"
            ? [try TestDatabaseFile.make(in: directory, NB.schema), "--remote=p\(remote)"]
            : ["--ovnnb-db=\(remote)", "--ovnsb-db=\(remote)"]
        return [Agentless.program(program)] + own + DaemonLife.options(in: directory)
    }

    @Test(arguments: ["ovsdb-server", "ovn-northd"])
    func hangUpReopensTheLogAndTerminateEnds(_ program: String) async throws {
        let life = try DaemonLife()
        let arguments = try Self.arguments(of: program, in: life.directory)
        async let ended = Agentless.run(arguments)
        try await life.waitForStart()
        try await life.checkRotation()
        try life.signal(SIGTERM)
        try await life.checkEnd(ended)
    }

    @Test(arguments: ["ovsdb-server", "ovn-northd"])
    func interruptEnds(_ program: String) async throws {
        let life = try DaemonLife()
        let arguments = try Self.arguments(of: program, in: life.directory)
        async let ended = Agentless.run(arguments)
        try await life.waitForStart()
        try life.signal(SIGINT)
        try await life.checkEnd(ended)
    }

    /// A daemon that logs to no file goes on past a SIGHUP.
    @Test func hangUpWithoutALogFileChangesNothing() async throws {
        let life = try DaemonLife()
        let arguments = try Self.arguments(of: "ovn-northd", in: life.directory)
            .filter { !$0.hasPrefix("--log-file") }
        async let ended = Agentless.run(arguments)
        try await life.waitForStart()
        try life.signal(SIGHUP)
        try await life.checkThatItAnswers()
        try life.signal(SIGTERM)
        try await life.checkEnd(ended)
    }
}

/// A daemon's files in a directory of their own, from its start to its end.
final class DaemonLife: Sendable {
    let directory: String
    var control: String { "\(directory)/control" }
    private var log: String { "\(directory)/log" }
    private var pidfile: String { "\(directory)/pid" }

    init() throws {
        var template = Array("/tmp/daemon.XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw SystemError.last("mkdtemp") }
        directory = String(cString: made)
    }

    deinit {
        if let process = try? Pidfile.runningProcess(of: pidfile) { kill(process, SIGKILL) }
        _ = try? ChildProcess.run(["rm", "-rf", directory])
    }

    static func options(in directory: String) -> [String] {
        [
            "--unixctl=\(directory)/control", "--pidfile=\(directory)/pid",
            "--log-file=\(directory)/log", "-vconsole:off",
        ]
    }

    func waitForStart() async throws {
        try await Agentless.wait(for: "the control socket") { access(control, F_OK) == 0 }
        try await checkThatItAnswers()
    }

    func checkThatItAnswers() async throws {
        let version = try await Agentless.run([
            Agentless.program("ovn-appctl"), "-T60", "-t", control, "version",
        ])
        try #require(version.status == 0, "\(version.output)")
    }

    func signal(_ number: Int32) throws {
        kill(try Pidfile.runningProcess(of: pidfile), number)
    }

    /// The file that was renamed keeps what it has; a new one of the old name is written from now on.
    func checkRotation() async throws {
        let rotated = "\(log).1"
        try #require(rename(log, rotated) == 0)
        try signal(SIGHUP)
        try await Agentless.wait(for: "a new log") { starts(of: log) == 1 }
        #expect(starts(of: rotated) == 1)
        try await checkThatItAnswers()
    }

    private func starts(of path: String) -> Int {
        String(decoding: (try? readFile(path)) ?? [], as: UTF8.self).split(separator: "\n")
            .count { $0.hasSuffix("|INFO|opened log file \(log)") }
    }

    /// Status 0, and neither pidfile nor socket is left.
    func checkEnd(_ program: ChildProcess) throws {
        #expect(program.status == 0, "\(program.output)")
        try checkThatNothingIsLeft()
    }

    func checkThatNothingIsLeft() throws {
        let left = try ChildProcess.run(["find", directory, "-name", "pid*", "-o", "-type", "s"])
        #expect(left.output == "")
    }
}

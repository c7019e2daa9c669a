import Glibc
import Linux
import Schemas
import Testing

/// What a service manager hears of a daemon (sd_notify(3)): that it can be used, that it still
/// turns, that it ends. The units rely on it (`Type=notify`, `WatchdogSec`).
@Suite struct ServiceNotificationTests {
    /// READY=1 once, then the watchdog's food again and again, then STOPPING=1 as the last word.
    private func checkLife(
        of program: BackgroundProgram, _ manager: NotifySocket,
        end: () async throws -> Void
    ) async throws {
        try await manager.wait(for: "READY=1")
        try await manager.wait(for: "WATCHDOG=1", count: 3)
        #expect(program.isRunning)
        try await end()
        try await program.waitForEnd()
        let states = manager.receive()
        #expect(states.first == "READY=1", "\(program.output)")
        #expect(states.last == "STOPPING=1", "\(program.output)")
        #expect(Set(states) == ["READY=1", "WATCHDOG=1", "STOPPING=1"])
        #expect(states.count { $0 == "READY=1" } == 1)
    }

    static func environment(_ manager: NotifySocket) -> [String] {
        [
            "NOTIFY_SOCKET=\(manager.path)", "WATCHDOG_USEC=100000",
            "OVS_RUNDIR=\(manager.directory)", "OVN_RUNDIR=\(manager.directory)",
        ]
    }

    private func start(
        _ name: String, _ arguments: [String], _ manager: NotifySocket
    ) throws -> BackgroundProgram {
        try BackgroundProgram(
            [Agentless.program(name)] + arguments
                + ["--unixctl=\(manager.directory)/control", "-vconsole:off"],
            environment: Self.environment(manager), output: "\(manager.directory)/output")
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func theDatabaseServer(signal: Int32) async throws {
        let manager = try NotifySocket()
        let program = try start(
            "ovsdb-server",
            [
                try TestDatabaseFile.make(in: manager.directory, OVS.schema),
                "--remote=punix:\(manager.directory)/socket",
            ], manager)
        try await checkLife(of: program, manager) { program.signal(signal) }
    }

    /// northd can be used, and is watched, before any database can be reached.
    @Test func northd() async throws {
        let manager = try NotifySocket()
        let program = try start("ovn-northd", [], manager)
        try await checkLife(of: program, manager) {
            let asked = try await Agentless.run([
                Agentless.program("ovn-appctl"), "-t", "\(manager.directory)/control", "exit",
            ])
            #expect(asked.status == 0, "\(asked.output)")
        }
    }

    /// A process that is not the watched one (WATCHDOG_PID) does not feed the watchdog.
    @Test func anotherProcessIsWatched() async throws {
        let manager = try NotifySocket()
        let program = try BackgroundProgram(
            [Agentless.program("ovn-northd"), "--unixctl=none", "-vconsole:off"],
            environment: Self.environment(manager) + ["WATCHDOG_PID=1"],
            output: "\(manager.directory)/output")
        try await manager.wait(for: "READY=1")
        program.signal(SIGTERM)
        try await manager.wait(for: "STOPPING=1")
        #expect(manager.receive() == ["READY=1", "STOPPING=1"])
    }

    /// Without the kernel's module there is nothing to control: the agent says what is missing, and
    /// never that it is ready. What it says where the module is there is for
    /// KernelServiceNotificationTests.
    @Test func anAgentWithoutADatapathIsNotReady() async throws {
        if access("/sys/module/openvswitch", F_OK) == 0 { return }
        let manager = try NotifySocket()
        let program = try start("ovn-controller", [], manager)
        try await program.waitForEnd()
        #expect(manager.receive().isEmpty)
        #expect(program.output.contains("ovs_datapath"), "\(program.output)")
    }

    /// A daemon that could not start must not say that it is ready.
    @Test func aServerWithoutItsDatabaseIsNotReady() async throws {
        let manager = try NotifySocket()
        let program = try start("ovsdb-server", ["\(manager.directory)/none.db"], manager)
        try await program.waitForEnd()
        #expect(manager.receive().isEmpty)
        #expect(program.output.contains("none.db"), "\(program.output)")
    }
}

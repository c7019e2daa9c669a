import Glibc
import Testing

@testable import Linux

struct DaemonOptionsTests {
    private func options(
        _ arguments: [String], rest expected: [String] = []
    ) throws -> DaemonOptions {
        var options = DaemonOptions(program: "ovsdb-server", family: .openVSwitch) { name in
            name == "OVS_RUNDIR" ? "/r" : nil
        }
        let rest = try options.extract(from: arguments)
        #expect(rest == expected)
        return options
    }

    @Test func takesWhatStartScriptsPass() throws {
        let options = try options(
            [
                "-vconsole:off", "-v", "--verbose=jsonrpc:dbg", "--log-file=/l/nb.log",
                "--pidfile=/r/nb.pid", "--unixctl", "nb.ctl", "--remote=punix:x", "--detach",
                "--monitor", "--no-chdir", "--user=ovn:ovn", "nb.db", "--", "--detach",
            ], rest: ["--remote=punix:x", "nb.db", "--", "--detach"])
        #expect(options.verbosity == ["console:off", "", "jsonrpc:dbg"])
        #expect(options.logFile == "/l/nb.log")
        #expect(options.pidfile == "/r/nb.pid")
        #expect(options.controlSocketPath(process: 9) == "/r/nb.ctl")
        #expect(options.detach && options.monitor && options.staysInDirectory)
        #expect(options.user == "ovn:ovn")
    }

    @Test func optionalValuesDoNotSwallowTheNextArgument() throws {
        let options = try options(["--pidfile", "--log-file", "conf.db"], rest: ["conf.db"])
        #expect(options.pidfile == "/r/ovsdb-server.pid")
        #expect(options.logFile == "/var/log/openvswitch/ovsdb-server.log")
        #expect(options.controlSocketPath(process: 9) == "/r/ovsdb-server.9.ctl")
    }

    @Test func noneMeansNoControlSocket() throws {
        #expect(try options(["--unixctl=none"]).controlSocketPath(process: 9) == nil)
    }

    /// Start scripts pass these always; short ones with or without a blank.
    @Test func takesTheOptionsAboutTLS() throws {
        let security = try options(
            [
                "-p", "/k", "-c/c", "--ca-cert=/a", "--bootstrap-ca-cert", "/b",
                "--peer-ca-cert=/e", "--ssl-protocols=TLSv1.3", "--ssl-ciphers=HIGH",
                "--ssl-ciphersuites=S", "--ssl-server-name=n", "conf.db",
            ], rest: ["conf.db"]
        ).security
        var expected = SecurityOptions()
        expected.privateKey = "/k"
        expected.certificate = "/c"
        expected.authority = "/a"
        expected.bootstrapAuthority = "/b"
        expected.peerAuthority = "/e"
        expected.protocols = "TLSv1.3"
        expected.ciphers = "HIGH"
        expected.cipherSuites = "S"
        expected.serverName = "n"
        #expect(security == expected)
        #expect(try options(["-C", "/a"]).security.authority == "/a")
    }

    @Test func theShortFormOfVersionIsSpelledOut() throws {
        _ = try options(["-V"], rest: ["--version"])
    }

    @Test func refusesMisuse() {
        #expect(throws: DaemonOptions.UsageError(description: "option -p needs a value")) {
            try options(["-p"])
        }
        #expect(throws: DaemonOptions.UsageError.self) { try options(["--detach=yes"]) }
        #expect(throws: DaemonOptions.UsageError.self) { try options(["--unixctl"]) }
    }
}

struct PidfileTests {
    @Test func namesAProcessOnlyWhileItIsHeld() throws {
        let path = "/tmp/pidfile-test.\(getpid())"
        do {
            let pidfile = try Pidfile(creating: path)
            #expect(pidfile.path == path)
            #expect(String(decoding: try readFile(path), as: UTF8.self) == "\(getpid())\n")
        }
        #expect(access(path, F_OK) != 0)
        // What a dead process left: nobody holds the lock.
        let stale = open(path, O_WRONLY | O_CREAT, 0o644)
        _ = write(stale, "1\n", 2)
        close(stale)
        defer { unlink(path) }
        #expect(throws: SystemError("read", code: ErrorCode(rawValue: ESRCH), place: path)) {
            try Pidfile.runningProcess(of: path)
        }
    }
}

struct ServiceManagerTests {
    /// A manager's socket, which somebody else closes and removes.
    private func listen(at path: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafeBytes(of: &address) { raw in
            raw.withMemoryRebound(to: sockaddr.self) {
                bind(descriptor, $0.baseAddress, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
        return descriptor
    }

    /// A daemon works on while its manager reads nothing.
    @Test func aFullQueueHoldsNobodyUp() throws {
        let path = "/tmp/notify-full.\(getpid())"
        let descriptor = try listen(at: path)
        defer {
            close(descriptor)
            unlink(path)
        }
        let environment = ["NOTIFY_SOCKET": path, "WATCHDOG_USEC": "20"]
        let manager = try #require(
            ServiceManager(environment: { environment[$0] }, process: 7))
        let loop = try EventLoop()
        manager.feedWatchdog(on: loop)
        // More reports than any queue holds.
        var turns = 0
        let isDone = try loop.run(until: .now() + .seconds(60)) {
            turns += 1
            return turns > 2000
        }
        #expect(isDone)
        manager.notify("STOPPING=1")
    }

    @Test func notifiesTheSocketOfTheEnvironment() throws {
        let path = "/tmp/notify-test.\(getpid())"
        let descriptor = try listen(at: path)
        defer {
            close(descriptor)
            unlink(path)
        }
        let environment = [
            "NOTIFY_SOCKET": path, "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "7",
        ]
        let manager = try #require(
            ServiceManager(environment: { environment[$0] }, process: 7))
        #expect(manager.watchdogInterval == .seconds(3))
        #expect(manager.reportInterval == .milliseconds(1500))
        #expect(
            ServiceManager(environment: { environment[$0] }, process: 8)?.watchdogInterval == nil)
        manager.notify("READY=1")
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        #expect(String(decoding: bytes[..<max(0, count)], as: UTF8.self) == "READY=1")
    }

    @Test func withoutASocketThereIsNone() {
        #expect(ServiceManager(environment: { _ in nil }, process: 1) == nil)
    }
}

struct CoverageTests {
    @Test func ratesCoverTheirPeriods() {
        let counter = CoverageCounter("coverage_test")
        for _ in 0..<12 { counter.hit() }
        Coverage.shared.sample()
        #expect(Coverage.shared.total(of: "coverage_test") == 12)
        #expect(Coverage.shared.total(of: "nosuch") == nil)
        let line = Coverage.shared.table.split(separator: "\n").first {
            $0.hasPrefix("coverage_test")
        }
        #expect(
            line == "coverage_test              2.4/sec     0.200/sec        0.0000/sec   total: 12"
        )
    }
}

import Glibc
import Linux
import Synchronization
import Testing

@testable import UnixControl

/// A daemon with nothing but a control socket, on a thread of its own.
final class ControlledDaemon: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/control.XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw SystemError.last("mkdtemp") }
        path = String(cString: made) + "/test.ctl"
        let path = self.path
        let thread = try Thread.start(name: "daemon") {
            do {
                try Self.serve(path)
            } catch {
                Issue.record(error)
            }
        }
        _ = consume thread
        // The socket's name appears once it is bound; connecting waits for the rest.
        while access(path, F_OK) != 0 { usleep(1000) }
        while (try? ControlClient.call("version", at: path)) == nil { usleep(1000) }
    }

    private static func serve(_ path: String) throws {
        let loop = try EventLoop()
        let registry = ControlRegistry()
        registry.registerStandardCommands(program: "tested", loop: loop) { request in
            request.reply("")
            loop.stop()
        }
        registry.register(
            ControlCommand("echo", usage: "[WORD]...", arguments: 1...Int.max) { arguments in
                arguments.joined(separator: " ")
            })
        registry.register(
            ControlCommand("fail") { _ throws(ControlError) in throw ControlError("not today") })
        registry.register(
            ControlCommand(
                "later",
                run: { request in
                    loop.schedule(after: .milliseconds(1)) { request.reply("now\n") }
                }))
        registry.register(ControlCommand("forget", run: { _ in }))
        registry.reportMemory { ["rows": 3] }
        registry.reportMemory { ["atoms": 5, "rows": 1] }
        let server = try ControlServer(path: path, registry: registry, loop: loop)
        try loop.run()
        server.close()
    }

    func call(_ command: String, _ arguments: String...) throws -> String {
        try ControlClient.call(command, arguments, at: path)
    }

    func stop() throws {
        #expect(try call("exit") == "")
        while access(path, F_OK) == 0 { usleep(1000) }
        rmdir(String(path.dropLast("/test.ctl".count)))
    }
}

struct ControlSocketTests {
    @Test func answersCommands() throws {
        let daemon = try ControlledDaemon()
        #expect(try daemon.call("version") == "tested (swift-ovn) \(SoftwareVersion.number)\n")
        #expect(try daemon.call("echo", "a", "b c", "\u{1F54A}\n") == "a b c \u{1F54A}\n")
        #expect(try daemon.call("later") == "now\n")
        #expect(try daemon.call("memory/show") == "atoms:5 rows:4\n")
        #expect(try daemon.call("vlog/list").hasPrefix(" "))
        let list = try daemon.call("list-commands").split(separator: "\n")
        #expect(list.first == "The available commands are:")
        #expect(list.contains("  echo                    [WORD]..."))
        #expect(list.dropFirst().elementsEqual(list.dropFirst().sorted()))
        try daemon.stop()
    }

    @Test func refusesInTheWordsOfStockDaemons() throws {
        let daemon = try ControlledDaemon()
        let refusals = [
            (
                "nosuch", [],
                "\"nosuch\" is not a valid command (use \"list-commands\" to see a list "
                    + "of valid commands)"
            ),
            ("version", ["x"], "\"version\" command takes at most 0 arguments"),
            ("echo", [], "\"echo\" command requires at least 1 arguments"),
            ("fail", [], "not today"),
            ("forget", [], "the command was dropped"),
            ("vlog/set", ["nosuch:dbg"], "no destination, level, or module \"nosuch\""),
            ("coverage/read-counter", ["nosuch"], "No such counter"),
        ]
        for (command, arguments, text) in refusals {
            #expect(throws: ControlClient.Failure.refused(text + "\n")) {
                try ControlClient.call(command, arguments, at: daemon.path)
            }
        }
        try daemon.stop()
    }

    /// From then on, on this connection only; errors stay text.
    @Test func aConnectionIsAnsweredInTheFormatThatItAsksFor() throws {
        let daemon = try ControlledDaemon()
        let socket = try UnixSocket.connect(path: daemon.path)
        let requests = [
            #"{"id":1,"method":"echo","params":["a"]}"#,
            #"{"id":2,"method":"set-options","params":["--format","json"]}"#,
            #"{"id":3,"method":"echo","params":["a"]}"#, #"{"id":4,"method":"fail","params":[]}"#,
            #"{"id":5,"method":"set-options","params":["--format=yaml"]}"#,
            #"{"id":6,"method":"set-options","params":["--format=text"]}"#,
        ].joined()
        #expect(write(socket.rawValue, requests, requests.utf8.count) == requests.utf8.count)
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !text.contains(#""id":6"#) {
            let count = try buffer.withUnsafeMutableBytes { try socket.read(into: $0) }
            try #require(count > 0, "\(text)")
            text += String(decoding: buffer[..<count], as: UTF8.self)
        }
        let answers = text.split(separator: "}{").count
        #expect(answers == 6)
        #expect(text.contains(#""result":"a\n""#))
        #expect(text.contains(#""reply-format":"plain""#))
        #expect(text.contains(#""reply":"a\n""#))
        #expect(text.contains(#""error":"not today\n""#))
        #expect(text.contains(#""error":"option format has invalid value yaml\n""#))
        #expect(try daemon.call("echo", "b") == "b\n")
        let wrong = [["x"], ["--format"], ["--format=json", "x"]]
        for arguments in wrong {
            #expect(throws: ControlClient.Failure.self) {
                try ControlClient.call("set-options", arguments, at: daemon.path)
            }
        }
        try daemon.stop()
    }

    /// stopwatch/show and stopwatch/reset are about all, or the one that is named.
    @Test func stopwatchesAreShownAndResetByName() throws {
        let registry = ControlRegistry()
        var watches = ["a", "b"].map { Stopwatch(name: $0) }
        for index in watches.indices { watches[index].add(.milliseconds(3)) }
        registry.registerStopwatches({ watches }) { name in
            for index in watches.indices where watches[index].name == name {
                watches[index].reset()
            }
        }
        func ask(_ words: String...) throws -> String {
            let answer = Mutex<Result<String, ControlError>?>(nil)
            registry.run(
                ControlRequest(command: words[0], arguments: Array(words.dropFirst())) { result in
                    answer.withLock { $0 = result }
                })
            return try #require(answer.withLock { $0 }).get()
        }
        #expect(try ask("stopwatch/reset", "c") == "", "as in stock")
        #expect(throws: ControlError("No such stopwatch")) { try ask("stopwatch/show", "c") }
        #expect(watches.map(\.count) == [1, 1])
        #expect(try ask("stopwatch/reset", "b") == "")
        #expect(watches.map(\.count) == [1, 0])
        #expect(try ask("stopwatch/show", "a").hasPrefix("Statistics for 'a'\n"))
        #expect(try ask("stopwatch/show").contains("Statistics for 'b'\n  Total samples: 0\n"))
        #expect(try ask("stopwatch/reset") == "")
        #expect(watches.map(\.count) == [0, 0])
    }

    @Test func targetsAreSocketsOrPidfiles() throws {
        #expect(try ControlClient.socketPath(of: "/x/y", in: "/r") == "/x/y")
        #expect(
            throws: ControlClient.Failure.noPidfile(
                path: "/nonexistent/d.pid", reason: .noSuchEntry)
        ) {
            try ControlClient.socketPath(of: "d", in: "/nonexistent")
        }
        let pidfile = try Pidfile(creating: "/tmp/control-test-\(getpid()).pid")
        let name = "control-test-\(getpid())"
        #expect(
            try ControlClient.socketPath(of: name, in: "/tmp") == "/tmp/\(name).\(getpid()).ctl")
        _ = pidfile.path
    }

    @Test(.enabled(if: Stock.has("ovs-appctl"), Stock.missing("ovs-appctl")))
    func theStockToolWorksOnOurDaemon() throws {
        let daemon = try ControlledDaemon()
        let result = try ChildProcess.run(["ovs-appctl", "-t", daemon.path, "echo", "a", "b"])
        #expect(result.status == 0)
        #expect(result.output == "a b\n")
        let refused = try ChildProcess.run(["ovs-appctl", "-t", daemon.path, "fail"])
        #expect(refused.status == 2)
        #expect(refused.output.contains("not today\n"))
        try daemon.stop()
    }

    @Test(.enabled(if: Stock.has("ovsdb-server"), Stock.missing("ovsdb-server")))
    func ourClientWorksOnAStockDaemon() throws {
        let directory = "/tmp/control-stock.\(getpid())"
        mkdir(directory, 0o700)
        defer { _ = try? ChildProcess.run(["rm", "-rf", directory]) }
        let socket = "\(directory)/stock.ctl"
        let pidfile = "\(directory)/stock.pid"
        let start = try ChildProcess.run([
            "ovsdb-server", "--no-db", "--no-chdir", "--detach", "--unixctl=\(socket)",
            "--pidfile=\(pidfile)", "-vconsole:off",
        ])
        try #require(start.status == 0)
        #expect(try ControlClient.call("version", at: socket).hasPrefix("ovsdb-server (Open"))
        #expect(throws: ControlClient.Failure.self) { try ControlClient.call("fail", at: socket) }
        #expect(try Pidfile.runningProcess(of: pidfile) > 1)
        #expect(try ControlClient.call("exit", at: socket) == "")
        while (try? Pidfile.runningProcess(of: pidfile)) != nil { usleep(1000) }
    }
}

/// Programs of other people that a test needs.
enum Stock {
    static func has(_ program: String) -> Bool {
        ["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin"]
            .contains { access("\($0)/\(program)", X_OK) == 0 }
    }

    static func missing(_ program: String) -> Comment {
        "\(program) is not installed"
    }
}

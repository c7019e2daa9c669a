import Glibc
import JSON
import Linux
import Testing

/// The program, its options and its control commands.
@Suite(.enabled(if: Programs.haveStock, Programs.stockIsMissing))
struct ServerProgramTests {
    @Test func oneServerPerFile() async throws {
        let server = try await ServerProcess.started()
        let second = try await run(
            Programs.server, server.databases[0], "--unixctl=none", "-vconsole:off")
        #expect(second.status == 1)
        #expect(second.output.contains("cannot lock the database file"))
        let stock = try await run(
            "/usr/sbin/ovsdb-server", server.databases[0],
            "--unixctl=\(server.directory)/other", "-vconsole:off")
        #expect(stock.status != 0)
        let twice = try await run(
            Programs.server, server.databases[0], "--unixctl=none", "-vconsole:off",
            "--pidfile=\(server.directory)/pid")
        #expect(twice.status == 1)
        #expect(twice.output.contains("already running as pid"))
    }

    @Test func stateNamesOutliveRestartsAndCompactions() async throws {
        let server = try await ServerProcess.started()
        try await server.nbctl("ls-add", "s1")
        var state: JSON = .string("00000000-0000-0000-0000-000000000000")
        let wish: JSON = ["Logical_Switch": [["columns": ["name"]]]]
        func resume() throws -> JSON? {
            let client = try RawClient(server.socket)
            let result = try client.ask(
                "monitor_cond_since", ["OVN_Northbound", "m", wish, state])["result"]
            state = result?[1] ?? nil
            return result
        }
        #expect(try resume()?[0] == false)
        for step in 0..<3 {
            try await server.nbctl("ls-add", "t\(step)")
            if step == 1 { try await server.appctl("ovsdb-server/compact") }
            if step == 2 { try await server.crash() } else { try await server.stop() }
            try await server.start()
            let resumed = try resume()
            if step == 1 {
                // What the compacted file says in one record was a state of its own before.
                #expect(resumed?[0] == false)
                continue
            }
            #expect(resumed?[0] == true, "step \(step)")
            #expect(
                resumed?[2]?["Logical_Switch"]?.members?.map(\.value)
                    == [["insert": ["name": .string("t\(step)")]]])
        }
        // The state that a compaction wrote down is known after it.
        try await server.appctl("ovsdb-server/compact")
        try await server.stop()
        try await server.start()
        #expect(try resume() == [true, state, [:]])
    }

    @Test func compactionKeepsWhatIsWrittenMeanwhile() async throws {
        let server = try await ServerProcess.started()
        let client = try RawClient(server.socket)
        for number in 0..<300 {
            let row: JSON = [
                "name": .string("s\(number)"), "external_ids": ["map", [["k", "v"]]],
            ]
            try client.request(
                "transact",
                ["OVN_Northbound", ["op": "insert", "table": "Logical_Switch", "row": row]],
                id: .integer(Int64(number)))
        }
        for _ in 0..<300 { #expect(try client.next()?["result"]?[0]?["uuid"] != nil) }
        let before = try readFile(server.databases[0]).count
        async let compacted = server.appctl("ovsdb-server/compact", "OVN_Northbound")
        for number in 300..<600 {
            let row: JSON = ["name": .string("s\(number)")]
            _ = try client.transact(
                "OVN_Northbound", ["op": "insert", "table": "Logical_Switch", "row": row])
        }
        #expect(try await compacted == "")
        try await server.crash()
        #expect(try readFile(server.databases[0]).count < before * 2)
        try await server.start()
        let select: JSON = [
            "op": "select", "table": "Logical_Switch", "where": [], "columns": ["name"],
        ]
        let rows = try RawClient(server.socket).transact("OVN_Northbound", select)[0]?["rows"]
        let names = Set((rows?.array ?? []).compactMap { $0["name"]?.string })
        #expect(Set((0..<600).map { "s\($0)" }).subtracting(names) == [])
    }

    @Test func remotesComeFromTheDatabase() async throws {
        let server = try await ServerProcess.started(
            .ours, "--remote=db:OVN_Northbound,NB_Global,connections")
        try await server.nbctl(
            "--", "set-connection", "ptcp:0:127.0.0.1", "--", "set", "connection", ".",
            "inactivity_probe=0")
        try await wait(for: "the bound port") { (try? boundPort(server)) ?? nil != nil }
        let port = try #require(try boundPort(server))
        let shown = try await output("ovn-nbctl", "--db=tcp:127.0.0.1:\(port)", "get-connection")
        #expect(shown == "ptcp:0:127.0.0.1\n")
        try await server.nbctl("del-connection")
        try await wait(for: "the end of the listener") {
            (try? ChildProcess.run([
                "timeout", "5", "ovsdb-client", "list-dbs", "tcp:127.0.0.1:\(port)",
            ]))?.status != 0
        }
    }

    private func boundPort(_ server: ServerProcess) throws -> String? {
        let select: JSON = [
            "op": "select", "table": "Connection", "where": [], "columns": ["status"],
        ]
        let result = try RawClient(server.socket).transact("OVN_Northbound", select)
        let status = result[0]?["rows"]?[0]?["status"]?[1]?.array ?? []
        return status.first { $0[0] == "bound_port" }?[1]?.string
    }

    @Test func controlCommandsDoWhatTheySay() async throws {
        let server = try await ServerProcess.started()
        #expect(try await server.appctl("version") == "ovsdb-server (swift-ovn) 0.1.0\n")
        #expect(try await server.appctl("ovsdb-server/list-dbs") == "OVN_Northbound\n_Server\n")
        try await output(
            "ovsdb-tool", "create", "\(server.directory)/sb", Programs.southboundSchema)
        let watcher = try RawClient(server.socket)
        try await server.appctl("ovsdb-server/add-db", "\(server.directory)/sb")
        #expect(try watcher.next() == nil, "a client that can't know of it is disconnected")
        #expect(
            try await server.appctl("ovsdb-server/list-dbs")
                == "OVN_Northbound\nOVN_Southbound\n_Server\n")
        try await server.appctl("ovsdb-server/add-remote", "punix:\(server.directory)/second")
        #expect(
            try await output("ovsdb-client", "list-dbs", "unix:\(server.directory)/second")
                .contains("OVN_Southbound"))
        try await server.appctl("ovsdb-server/remove-remote", "punix:\(server.directory)/second")
        #expect(access("\(server.directory)/second", F_OK) != 0)
        try await server.appctl("ovsdb-server/remove-db", "OVN_Southbound")
        #expect(try await server.appctl("ovsdb-server/list-remotes") == "punix:\(server.socket)\n")
        let bad = try await run(
            "ovs-appctl", "-t", server.control, "ovsdb-server/add-remote", "foo")
        #expect(bad.status == 2)
        let tls = try await run(
            "ovs-appctl", "-t", server.control, "ovsdb-server/add-remote", "pssl:0")
        #expect(tls.status == 0)
        #expect(server.log.contains("TLS is not supported yet"))
        try await server.appctl("vlog/reopen")
        try await server.stop()
        #expect(access(server.socket, F_OK) != 0)
        #expect(access(server.control, F_OK) != 0)
        #expect(access("\(server.directory)/pid", F_OK) != 0)
    }

    @Test func theServiceManagerIsTold() async throws {
        let server = try await ServerProcess(.ours)
        let path = "\(server.directory)/notify"
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(socket) }
        try #require(bindDatagram(socket, path) == 0)
        try await server.start(
            prefix: ["env", "NOTIFY_SOCKET=\(path)", "WATCHDOG_USEC=100000"])
        var states: [String] = []
        while states.count < 4 {
            var bytes = [UInt8](repeating: 0, count: 64)
            let count = recv(socket, &bytes, bytes.count, 0)
            states.append(String(decoding: bytes[..<max(0, count)], as: UTF8.self))
        }
        #expect(states == ["READY=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"])
    }

    private func bindDatagram(_ socket: Int32, _ path: String) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafeBytes(of: &address) { raw in
            raw.withMemoryRebound(to: sockaddr.self) {
                bind(socket, $0.baseAddress, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    @Test func aDetachedDaemonThatCannotStartSaysSo() async throws {
        let server = try await ServerProcess(.ours)
        let child = try await run(
            Programs.server, "\(server.directory)/nosuch", "--detach", "--no-chdir",
            "--unixctl=none")
        #expect(child.status == 1)
        #expect(child.output.contains("No such file or directory"))
        let usage = try await run(Programs.server, "--nosuch")
        #expect(usage.status == 1)
    }

    @Test func theMonitorRestartsACrashedDaemon() async throws {
        let server = try await ServerProcess(.ours)
        try await server.start(["--monitor"], prefix: ["env", "SWIFT_BACKTRACE=enable=no"])
        let first = try server.process
        kill(first, SIGSEGV)
        try await wait(for: "another process") {
            guard let process = try? server.process else { return false }
            return process != first && (try? RawClient(server.socket)) != nil
        }
        try await server.stop()
    }
}

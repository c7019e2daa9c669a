import Glibc
import JSON
import Linux
import Testing

/// What was acknowledged is there after any crash.
@Suite(.enabled(if: Programs.haveStock, Programs.stockIsMissing))
struct CrashTests {
    private static func insert(_ name: String) -> JSON {
        ["op": "insert", "table": "Logical_Switch", "row": ["name": .string(name)]]
    }

    private static let selectNames: JSON = [
        "op": "select", "table": "Logical_Switch", "where": [], "columns": ["name"],
    ]

    private static func names(_ result: JSON?) -> Set<String> {
        Set((result?[0]?["rows"]?.array ?? []).compactMap { $0["name"]?.string })
    }

    @Test func nothingAcknowledgedIsLost() async throws {
        let server = try await ServerProcess.started()
        var acknowledged: Set<String> = []
        for round in 0..<6 {
            acknowledged.formUnion(try await stream(server, round))
            try await server.start()
            let client = try RawClient(server.socket)
            let found = Self.names(try client.transact("OVN_Northbound", Self.selectNames))
            #expect(found.isSuperset(of: acknowledged), "round \(round)")
            acknowledged = found
            try await withoutServer(server) {
                let text = try await output(
                    "ovsdb-tool", "query", server.databases[0],
                    JSON.array(["OVN_Northbound", Self.selectNames]).description)
                #expect(Self.names(try JSON.parse(Array(text.utf8))) == found)
            }
        }
        #expect(acknowledged.count > 6, "some transactions got through")
    }

    private func withoutServer(
        _ server: ServerProcess, _ body: () async throws -> Void
    ) async throws {
        try await server.stop()
        try await body()
        try await server.start()
    }

    /// Sends transactions as fast as they are answered until the server is killed at some moment.
    private func stream(_ server: ServerProcess, _ round: Int) async throws -> Set<String> {
        let process = try server.process
        let delay = UInt32.random(in: 2_000...40_000)
        _ = try Thread.start(name: "killer") {
            usleep(delay)
            kill(process, SIGKILL)
        }
        var acknowledged: Set<String> = []
        do {
            let client = try RawClient(server.socket)
            for number in 0..<100_000 {
                try client.request(
                    "transact", ["OVN_Northbound", Self.insert("\(round)-\(number)")],
                    id: .integer(Int64(number)))
                // Several are under way at any time.
                if number < 8 { continue }
                guard let reply = try client.next() else { break }
                guard reply["result"]?[0]?["uuid"] != nil, let id = reply["id"]?.integer else {
                    continue
                }
                acknowledged.insert("\(round)-\(id)")
            }
        } catch {
            // The server is gone in the middle of a request.
        }
        try await server.waitForEnd()
        return acknowledged
    }

    @Test func aTornRecordIsCutOffAndTold() async throws {
        let server = try await ServerProcess.started()
        try await server.nbctl("ls-add", "s1")
        try await server.stop()
        let path = server.databases[0]
        let whole = try readFile(path)
        for torn in ["OVSDB JSON 200 0123", "OVSDB JSON 12 " + String(repeating: "0", count: 40)] {
            let file = open(path, O_WRONLY | O_APPEND)
            _ = write(file, torn, torn.utf8.count)
            close(file)
            try await server.start()
            #expect(server.log.contains("cutting off an incomplete record at the end of the file"))
            #expect(try await server.nbctl("ls-list").contains("(s1)"))
            try await server.nbctl("ls-add", "s2", "--", "ls-del", "s2")
            try await server.nbctl("set", "logical_switch", "s1", "other_config:a=b")
            try await server.nbctl("clear", "logical_switch", "s1", "other_config")
            try await server.stop()
            #expect(try readFile(path).starts(with: whole))
            try await output("ovsdb-tool", "show-log", path)
        }
    }

    @Test func aDamagedMiddleRefusesToStart() async throws {
        let server = try await ServerProcess.started()
        try await server.nbctl("ls-add", "s1")
        try await server.nbctl("ls-add", "s2")
        try await server.stop()
        var bytes = try readFile(server.databases[0])
        let place = try #require(bytes.firstRange(of: "\"s1\"".utf8)?.lowerBound)
        bytes[place + 1] ^= 1
        let file = open(server.databases[0], O_WRONLY | O_TRUNC)
        _ = write(file, bytes, bytes.count)
        close(file)
        let child = try await run(server.command())
        #expect(child.status == 1)
        #expect(child.output.contains("is damaged"))
        #expect(child.output.contains("to recover, restore a backup"))
    }

    @Test func aFullDiskFailsTransactionsAndNothingElse() async throws {
        let server = try await ServerProcess(.ours)
        // Blocks of 512 bytes: room for the schema and a few transactions.
        let size = try readFile(server.databases[0]).count
        try await server.start(
            prefix: ["sh", "-c", "ulimit -f \(size / 512 + 8); exec \"$@\"", "sh"])
        let client = try RawClient(server.socket)
        var stored: Set<String> = []
        var failure: JSON?
        for number in 0..<200 where failure == nil {
            let result = try client.transact("OVN_Northbound", Self.insert("n\(number)"))
            if result[1] == nil { stored.insert("n\(number)") } else { failure = result[1] }
        }
        #expect(failure?["error"] == "I/O error")
        #expect(Self.names(try client.transact("OVN_Northbound", Self.selectNames)) == stored)
        #expect(
            try await server.appctl("ovsdb-server/get-db-storage-status", "OVN_Northbound")
                == "status: error: File too large\n")
        // Making room makes it work again.
        for name in stored {
            let delete: JSON = [
                "op": "delete", "table": "Logical_Switch",
                "where": [["name", "==", .string(name)]],
            ]
            _ = try client.transact("OVN_Northbound", delete)
        }
        try await server.appctl("ovsdb-server/compact")
        let after = try client.transact("OVN_Northbound", Self.insert("after"))
        #expect(after[0]?["uuid"] != nil)
        #expect(
            Self.names(try client.transact("OVN_Northbound", Self.selectNames)).contains("after"))
    }
}

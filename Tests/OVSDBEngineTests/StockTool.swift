import Glibc
import JSON

/// Runs the programs of Open vSwitch where they are installed, as the other side of a comparison.
struct StockTool {
    static let tool = "/usr/bin/ovsdb-tool"

    static var isInstalled: Bool { access(tool, X_OK) == 0 }

    /// Says why a test didn't run; for the log of the test run.
    static func explainAbsence() { print("skipped: \(tool) is not installed") }

    /// A directory of this test, removed with everything in it by `remove`.
    let directory: String

    init() throws {
        // In memory if possible: the tool waits for the disk in every transaction.
        let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        var template = Array("\(parent)/ovsdb-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(what: "mkdtemp", status: errno) }
        directory = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    struct Failure: Error {
        var what: String
        var status: Int32
    }

    func path(_ name: String) -> String { directory + "/" + name }

    func write(_ bytes: [UInt8], to name: String) throws {
        let file = open(path(name), O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard file >= 0 else { throw Failure(what: "open \(name)", status: errno) }
        defer { close(file) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else { throw Failure(what: "write \(name)", status: errno) }
            rest = rest.dropFirst(count)
        }
    }

    func read(_ name: String) throws -> [UInt8] {
        let file = open(path(name), O_RDONLY)
        guard file >= 0 else { throw Failure(what: "open \(name)", status: errno) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
    }

    /// Runs the tool to its end and returns what it prints.
    func run(_ arguments: [String]) throws -> String {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (descriptor, name) in [(Int32(1), "stdout"), (2, "stderr")] {
            posix_spawn_file_actions_addopen(
                &actions, descriptor, path(name), O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        }
        var argv: [UnsafeMutablePointer<CChar>?] = ([StockTool.tool] + arguments).map { strdup($0) }
        argv.append(nil)
        defer { for argument in argv { free(argument) } }
        var pid = pid_t()
        let error = posix_spawn(&pid, StockTool.tool, &actions, nil, argv, environ)
        guard error == 0 else { throw Failure(what: "posix_spawn", status: error) }
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        guard status == 0 else {
            let text = String(decoding: try read("stderr"), as: UTF8.self)
            throw Failure(what: "\(arguments.first ?? ""): \(text)", status: status)
        }
        return String(decoding: try read("stdout"), as: UTF8.self)
    }

    /// Runs a transaction on the database file `name`.
    func transact(_ name: String, database: String, _ operations: String) throws -> JSON {
        let separator = operations.isEmpty ? "" : ","
        let text = try run(["transact", path(name), "[\"\(database)\"\(separator)\(operations)]"])
        return try JSON.parse(text)
    }

    func remove() {
        guard let entries = opendir(directory) else { return }
        while let entry = readdir(entries) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { unlink(path(name)) }
        }
        closedir(entries)
        rmdir(directory)
    }
}

import Glibc
import Linux
import Testing

/// The programs that this package builds, and those of others that the tests meet.
enum Programs {
    /// Where the build put the programs: beside the test bundle.
    static let directory: String = {
        let bundle = CommandLine.arguments.first { $0.contains(".xctest") }
        let built = bundle.map { path in
            let end = path.range(ofText: ".xctest") ?? path.endIndex
            return path[..<end].split(separator: "/", omittingEmptySubsequences: false)
                .dropLast().joined(separator: "/")
        }
        if let built, access("\(built)/ovsdb-server", X_OK) == 0 { return built }
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false)
            .dropLast(3).joined(separator: "/")
        return "\(root)/.build/debug"
    }()

    static var server: String { "\(directory)/ovsdb-server" }

    static let northboundSchema = "/usr/share/ovn/ovn-nb.ovsschema"
    static let southboundSchema = "/usr/share/ovn/ovn-sb.ovsschema"
    static let switchSchema = "/usr/share/openvswitch/vswitch.ovsschema"

    /// What all tests with stock peers need.
    static let haveStock: Bool = {
        let needed = [
            "/usr/bin/ovsdb-tool", "/usr/bin/ovsdb-client", "/usr/bin/ovn-nbctl",
            "/usr/bin/ovs-vsctl", "/usr/sbin/ovsdb-server", northboundSchema, southboundSchema,
            switchSchema,
        ]
        return needed.allSatisfy { access($0, R_OK) == 0 }
    }()

    static let stockIsMissing: Comment =
        "needs the packages ovn-common, ovn-central and openvswitch-switch"
}

extension String {
    fileprivate func range(ofText other: String) -> String.Index? {
        indices.first { self[$0...].hasPrefix(other) }
    }
}

/// Runs a program to its end without holding up the other tests.
@discardableResult
func run(_ arguments: String...) async throws -> ChildProcess { try await run(arguments) }

func run(_ arguments: [String]) async throws -> ChildProcess {
    try await withCheckedThrowingContinuation { continuation in
        do {
            _ = try Thread.start(name: "child") {
                continuation.resume(with: Result { try ChildProcess.run(arguments) })
            }
        } catch {
            continuation.resume(throwing: error)
        }
    }
}

/// Runs a program that has to succeed, and returns what it printed.
@discardableResult
func output(
    _ arguments: String..., place: SourceLocation = #_sourceLocation
) async throws -> String {
    let child = try await run(["timeout", "30"] + arguments)
    try #require(
        child.status == 0, "\(arguments): status \(child.status): \(child.output)",
        sourceLocation: place)
    return child.output
}

/// Waits until `condition` holds; the limit is only for a test that hangs.
func wait(
    for what: Comment, place: SourceLocation = #_sourceLocation, _ condition: () throws -> Bool
) async throws {
    for _ in 0..<3000 {
        if try condition() { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record(what, sourceLocation: place)
    throw CancellationError()
}

/// A program that runs beside the test, with its output in a file.
final class BackgroundProgram {
    private let process: pid_t
    private let path: String

    init(_ command: String, in directory: String, name: String) throws {
        path = "\(directory)/\(name).out"
        let child = try ChildProcess.run([
            "sh", "-c", "\(command) > \(path) 2>&1 & echo $!",
        ])
        process = try #require(pid_t(child.output.filter(\.isNumber)))
    }

    var output: String {
        (try? readFile(path)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    deinit { kill(process, SIGTERM) }
}

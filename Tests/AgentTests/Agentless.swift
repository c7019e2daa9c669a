import Glibc
import Linux
import Testing

/// What the tests need of the programs that this package builds, and of waiting.
enum Agentless {
    /// OVN_PROGRAMS, or beside the test bundle.
    static let programs: String = {
        if let chosen = getenv("OVN_PROGRAMS") { return String(cString: chosen) }
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false)
            .dropLast(3).joined(separator: "/")
        guard let bundle = CommandLine.arguments.first(where: { $0.contains(".xctest") }) else {
            return "\(root)/.build/debug"
        }
        let parts = bundle.split(separator: "/", omittingEmptySubsequences: false)
        let end = parts.firstIndex { $0.hasSuffix(".xctest") } ?? parts.endIndex
        let directory = parts[..<end].joined(separator: "/")
        return directory.isEmpty ? "." : directory
    }()

    static func program(_ name: String) -> String { "\(programs)/\(name)" }

    /// Waits until `condition` holds; the limit is only for a test that hangs.
    static func wait(
        for what: @autoclosure () -> Comment, place: SourceLocation = #_sourceLocation,
        _ condition: () throws -> Bool
    ) async throws {
        for _ in 0..<6000 {
            if try condition() { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record(what(), sourceLocation: place)
        throw CancellationError()
    }

    /// Runs a program to its end without holding up the other tests.
    static func run(_ arguments: [String]) async throws -> ChildProcess {
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
}

/// A program that runs beside the test, with its output in a file; it ends with the value.
final class BackgroundProgram {
    let process: pid_t
    private let path: String

    /// `environment` are words like `NAME=value`.
    init(
        _ arguments: [String], environment: [String] = [], output: String
    ) throws {
        path = output
        let words = (["env"] + environment + arguments).map { "'\($0)'" }
        let child = try ChildProcess.run([
            "sh", "-c", "\(words.joined(separator: " ")) > '\(path)' 2>&1 & echo $!",
        ])
        process = try #require(pid_t(child.output.filter(\.isNumber)))
    }

    var output: String {
        (try? readFile(path)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// A process that nobody has waited for yet has ended all the same.
    var isRunning: Bool {
        guard let status = try? readFile("/proc/\(process)/stat") else { return false }
        let fields = String(decoding: status, as: UTF8.self).split(separator: ")").last ?? ""
        return !fields.hasPrefix(" Z")
    }

    func signal(_ number: Int32) { kill(process, number) }

    func waitForEnd() async throws {
        try await Agentless.wait(for: "the end of the process: \(output)") { !isRunning }
    }

    deinit { if isRunning { kill(process, SIGKILL) } }
}

// The log of a daemon as operators of OVN know it: modules with a threshold per destination that can
// be changed while the daemon runs, three destinations with patterns, a file that is reopened after
// rotation. Code writes with swift-log; the label of a Logger is its module.
//
// Properties that must hold: a message that no destination wants costs one atomic load; lines of
// different threads never mix; a message with several lines repeats its prefix on each.

import Glibc
import Logging
import Synchronization

/// The process's log. Thread-safe.
package final class Log: Sendable {
    package static let shared = Log()

    struct State: Sendable {
        var program = "program"
        var modules: [String: LogModule] = [:]
        /// For modules that appear later.
        var thresholds = LogThresholds.initial
        var patterns = LogDestination.allCases.map { LogPattern($0.defaultPattern) }
        var file: LogFile?
        var count = 0
    }

    let state = Mutex(State())
    private let started = Clock.read(CLOCK_MONOTONIC)

    /// Makes swift-log write here. Once per process, before the first Logger is made; a second
    /// call only changes the program's name.
    package static func bootstrap(program: String) {
        shared.state.withLock { $0.program = program }
        _ = isBootstrapped
    }

    private static let isBootstrapped: Bool = {
        LoggingSystem.bootstrap { label in LogBackend(module: shared.module(label)) }
        return true
    }()

    func module(_ name: String) -> LogModule {
        state.withLock { state in
            if let module = state.modules[name] { return module }
            let module = LogModule(name: name, thresholds: state.thresholds)
            state.modules[name] = module
            return module
        }
    }

    func write(_ level: LogLevel, _ module: LogModule, _ text: String) {
        let thread = Self.currentThreadName
        state.withLock { state in
            state.count += 1
            let record = LogRecord(
                wallNanoseconds: Clock.read(CLOCK_REALTIME),
                uptimeNanoseconds: Clock.read(CLOCK_MONOTONIC) - started,
                number: state.count, module: module.name, level: level, text: text,
                program: state.program, process: getpid(), thread: thread)
            Self.emit(record, to: module.thresholds, state)
        }
    }

    private static func emit(_ record: LogRecord, to thresholds: LogThresholds, _ state: State) {
        for line in record.text.split(separator: "\n", omittingEmptySubsequences: true) {
            var record = record
            record.text = String(line)
            for destination in LogDestination.allCases
            where record.level <= thresholds[destination] {
                let text = state.patterns[destination.rawValue].format(record)
                switch destination {
                case .console: LogFile.write("\(text)\n", to: STDERR_FILENO)
                case .syslog: SystemLog.write(record.level, text)
                case .file: state.file?.write("\(text)\n")
                }
            }
        }
    }

    private static var currentThreadName: String {
        if Thread.currentID == getpid() { return "" }
        let bytes = try? readFile("/proc/thread-self/comm")
        return bytes.map { String(decoding: $0.dropLast(), as: UTF8.self) } ?? "?"
    }
}

/// One module's thresholds, changed and read by any thread.
final class LogModule: Sendable {
    let name: String
    private let packed: Atomic<UInt32>

    init(name: String, thresholds: LogThresholds) {
        self.name = name
        packed = Atomic(Self.pack(thresholds))
    }

    var thresholds: LogThresholds {
        get {
            let bits = packed.load(ordering: .relaxed)
            return LogThresholds(
                console: Self.level(bits), syslog: Self.level(bits >> 8),
                file: Self.level(bits >> 16))
        }
        set { packed.store(Self.pack(newValue), ordering: .relaxed) }
    }

    private static func pack(_ thresholds: LogThresholds) -> UInt32 {
        LogDestination.allCases.reduce(0) { bits, destination in
            bits | UInt32(thresholds[destination].rawValue) << (8 * destination.rawValue)
        }
    }

    private static func level(_ bits: UInt32) -> LogLevel {
        LogLevel(rawValue: UInt8(truncatingIfNeeded: bits)) ?? .off
    }
}

/// The handler behind every Logger. Its level belongs to the operator: setting it does nothing.
struct LogBackend: LogHandler {
    let module: LogModule
    var metadata: Logger.Metadata = [:]

    init(module: LogModule) { self.module = module }

    var logLevel: Logger.Level {
        // Nothing is less urgent than critical; `log` drops what a module that is off still passes.
        get { module.thresholds.loosest.threshold ?? .critical }
        set {}
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let level = LogLevel(event.level)
        guard level <= module.thresholds.loosest else { return }
        Log.shared.write(level, module, Self.text(event, metadata))
    }

    /// The message and its data: `message: a=1, b=2`, in the order of the names.
    static func text(_ event: LogEvent, _ metadata: Logger.Metadata) -> String {
        var data = metadata.merging(event.metadata ?? [:]) { $1 }
        if let error = event.error { data["error"] = "\(error)" }
        if data.isEmpty { return "\(event.message)" }
        let pairs = data.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return "\(event.message): \(pairs.joined(separator: ", "))"
    }
}

import Logging

/// How urgent a message is, in the words operators set them with (ovs-appctl(8), vlog/set).
package enum LogLevel: UInt8, Comparable, CaseIterable, Sendable {
    /// Only a threshold: no message has it.
    case off
    case emergency
    case error
    case warning
    case information
    case debug

    /// The upper-case word of messages and lists.
    package var name: String {
        switch self {
        case .off: "OFF"
        case .emergency: "EMER"
        case .error: "ERR"
        case .warning: "WARN"
        case .information: "INFO"
        case .debug: "DBG"
        }
    }

    package init?(word: some StringProtocol) {
        let upper = word.uppercased()
        guard let level = Self.allCases.first(where: { $0.name == upper }) else { return nil }
        self = level
    }

    package static func < (left: LogLevel, right: LogLevel) -> Bool {
        left.rawValue < right.rawValue
    }

    init(_ level: Logger.Level) {
        switch level {
        case .trace, .debug: self = .debug
        case .info, .notice: self = .information
        case .warning: self = .warning
        case .error: self = .error
        case .critical: self = .emergency
        }
    }

    /// The least urgent level of swift-log that passes this threshold; nil if none does.
    var threshold: Logger.Level? {
        switch self {
        case .off: nil
        case .emergency: .critical
        case .error: .error
        case .warning: .warning
        case .information: .info
        case .debug: .trace
        }
    }
}

/// Where messages go, in the order lists show them.
package enum LogDestination: Int, CaseIterable, Sendable {
    case console
    case syslog
    case file

    package var name: String {
        switch self {
        case .console: "console"
        case .syslog: "syslog"
        case .file: "file"
        }
    }

    package init?(word: some StringProtocol) {
        let lower = word.lowercased()
        guard let match = Self.allCases.first(where: { $0.name == lower }) else { return nil }
        self = match
    }

    /// What `vlog/list-pattern` shows for a destination that nobody changed.
    var defaultPattern: String {
        switch self {
        case .console: "%D{%Y-%m-%dT%H:%M:%SZ}|%05N|%c%T|%p|%m"
        case .syslog: "ovs|%05N|%c%T|%p|%m"
        case .file: "%D{%Y-%m-%dT%H:%M:%S.###Z}|%05N|%c%T|%p|%m"
        }
    }
}

/// One threshold per destination.
struct LogThresholds: Equatable, Sendable {
    private var levels: [LogLevel]

    init(console: LogLevel, syslog: LogLevel, file: LogLevel) {
        levels = [console, syslog, file]
    }

    static let initial = LogThresholds(
        console: .information, syslog: .information, file: .information)

    subscript(destination: LogDestination) -> LogLevel {
        get { levels[destination.rawValue] }
        set { levels[destination.rawValue] = newValue }
    }

    /// The most talkative of them.
    var loosest: LogLevel { levels.max() ?? .off }
}

// Changing and showing the log's settings: what -v options and the vlog/ control commands do.

import Logging

/// A specification that names nothing known. The texts are those stock tools print.
package struct LogSpecificationError: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String
}

/// `[module:][destination:]level` with the words in any order, separated by space, comma or colon.
struct LogSpecification: Equatable, Sendable {
    var module: String?
    var destination: LogDestination?
    var level: LogLevel?

    init(
        parsing text: String, isModule: (String) -> Bool
    ) throws(LogSpecificationError) {
        for word in text.split(whereSeparator: { " ,:".contains($0) })
        where word.lowercased() != "any" {
            if let level = LogLevel(word: word) {
                try Self.set(&self.level, level, "levels")
            } else if let destination = LogDestination(word: word) {
                try Self.set(&self.destination, destination, "destinations")
            } else if isModule(String(word)) {
                try Self.set(&module, String(word), "modules")
            } else {
                throw LogSpecificationError(
                    description: "no destination, level, or module \"\(word)\"")
            }
        }
    }

    private static func set<Value>(
        _ slot: inout Value?, _ value: Value, _ plural: String
    ) throws(LogSpecificationError) {
        if slot != nil {
            throw LogSpecificationError(description: "cannot specify multiple \(plural)")
        }
        slot = value
    }
}

extension Log {
    /// Applies one specification: a level for some modules and destinations, or
    /// `PATTERN:destination:pattern`. No level means debug.
    package func set(_ text: String) throws(LogSpecificationError) {
        if text.uppercased().hasPrefix("PATTERN:") {
            return try setPattern(text.dropFirst("PATTERN:".count))
        }
        let specification = try LogSpecification(parsing: text) { name in
            state.withLock { $0.modules[name] != nil }
        }
        let level = specification.level ?? .debug
        let destinations = specification.destination.map { [$0] } ?? LogDestination.allCases
        state.withLock { state in
            if specification.module == nil {
                for destination in destinations { state.thresholds[destination] = level }
            }
            for (name, module) in state.modules
            where specification.module == nil || specification.module == name {
                for destination in destinations { module.thresholds[destination] = level }
            }
        }
    }

    /// Whether any part of the program logs under this name.
    package func hasModule(_ name: String) -> Bool {
        name == "any" || state.withLock { $0.modules[name] != nil }
    }

    private func setPattern(_ text: Substring) throws(LogSpecificationError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            throw LogSpecificationError(description: "expected PATTERN:destination:pattern")
        }
        let pattern = LogPattern(String(parts[1]))
        if parts[0].lowercased() == "any" {
            state.withLock { $0.patterns = LogDestination.allCases.map { _ in pattern } }
        } else if let destination = LogDestination(word: parts[0]) {
            state.withLock { $0.patterns[destination.rawValue] = pattern }
        } else {
            throw LogSpecificationError(description: "unknown destination")
        }
    }

    /// Starts writing to a file, in place of an earlier one.
    package func open(file path: String) throws(SystemError) {
        var file = LogFile(path: path)
        try file.open()
        state.withLock { state in
            state.file?.close()
            state.file = file
        }
        Logger(label: "vlog").info("opened log file \(path)")
    }

    /// Opens the file again by its name, after rotation; false if there is none.
    package func reopenFile() throws(SystemError) -> Bool {
        guard let path = state.withLock({ $0.file?.path }) else { return false }
        try open(file: path)
        return true
    }

    /// Closes the file until `reopenFile`.
    package func closeFile() {
        state.withLock { $0.file?.close() }
    }

    /// The text of `vlog/list`.
    package var levelTable: String {
        let modules = state.withLock { Array($0.modules.values) }.sorted { $0.name < $1.name }
        let head = """
                             console    syslog    file
                             -------    ------    ------

            """
        return modules.reduce(into: head) { table, module in
            let levels = LogDestination.allCases.map { module.thresholds[$0].name.padded(left: 4) }
            table += "\(module.name.padded(right: 16))  "
            table += levels.joined(separator: "       ") + "\n"
        }
    }

    /// The text of `vlog/list-pattern`.
    package var patternTable: String {
        let patterns = state.withLock { $0.patterns }
        let head = """
                     prefix                            format
                     ------                            ------

            """
        return [LogDestination.syslog, .console, .file].reduce(into: head) { table, destination in
            let prefix = destination == .syslog ? "<%B> %D{%h %e %T} %E %A:" : "none"
            table += "\(destination.name.uppercased().padded(right: 7))  "
            table += "\(prefix.padded(right: 32))  \(patterns[destination.rawValue])\n"
        }
    }
}

extension String {
    fileprivate func padded(left width: Int) -> String {
        String(repeating: " ", count: max(0, width - count)) + self
    }

    fileprivate func padded(right width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}

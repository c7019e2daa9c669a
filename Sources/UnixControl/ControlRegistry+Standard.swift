import Linux

extension ControlRegistry {
    /// Registers what every daemon answers: version, log, counters, memory, the list itself.
    ///
    /// - Parameters:
    ///   - exitUsage: the option that `exit` takes, if it takes one.
    ///   - exit: runs on `exit`; it answers when the daemon is done and stops the loop.
    package func registerStandardCommands(
        program: String, loop: EventLoop, exitUsage: String = "",
        exit: @escaping (ControlRequest) -> Void
    ) {
        registerList()
        register(ControlCommand("version") { _ in SoftwareVersion.line(program: program) })
        register(
            ControlCommand(
                "exit", usage: exitUsage, arguments: 0...(exitUsage.isEmpty ? 0 : 1), run: exit))
        // What it changes is the connection's (ControlServer); here it is only judged.
        register(
            ControlCommand(ReplyFormat.command, usage: ReplyFormat.usage, arguments: 1...2) {
                (arguments) throws(ControlError) in
                _ = try ReplyFormat(arguments)
                return ""
            })
        register(ControlCommand("memory/show") { [unowned self] _ in memoryLine })
        registerLogCommands()
        registerCoverageCommands()
        Self.sampleCoverage(on: loop)
    }

    /// Registers `stopwatch/show` and `stopwatch/reset` for what the daemon measures.
    ///
    /// - Parameter reset: forgets the samples of the stopwatch of that name, which is one of them.
    package func registerStopwatches(
        _ stopwatches: @escaping () -> [Stopwatch], reset: @escaping (String) -> Void
    ) {
        let chosen = { (arguments: [String]) in
            stopwatches().filter { arguments.first ?? $0.name == $0.name }
        }
        register(
            ControlCommand("stopwatch/show", usage: "[NAME]", arguments: 0...1) {
                (arguments) throws(ControlError) in
                let shown = chosen(arguments)
                guard !shown.isEmpty else { throw ControlError("No such stopwatch") }
                return shown.map(\.report).joined()
            })
        // One that isn't there is no error, as in stock (lib/stopwatch.c).
        register(
            ControlCommand("stopwatch/reset", usage: "[NAME]", arguments: 0...1) {
                (arguments: [String]) in
                for stopwatch in chosen(arguments) { reset(stopwatch.name) }
                return ""
            })
    }

    func registerList() {
        register(ControlCommand("list-commands") { [unowned self] _ in list })
    }

    private func registerLogCommands() {
        let log = Log.shared
        register(ControlCommand("vlog/list") { _ in log.levelTable })
        register(ControlCommand("vlog/list-pattern") { _ in log.patternTable })
        register(
            ControlCommand(
                "vlog/set", usage: "{spec | PATTERN:destination:pattern}", arguments: 0...Int.max
            ) { (arguments) throws(ControlError) in
                try Self.setLevels(arguments.isEmpty ? [""] : arguments)
            })
        registerRateLimitCommands()
        register(ControlCommand("vlog/reopen") { _ throws(ControlError) in try Self.reopenLog() })
        register(
            ControlCommand("vlog/close") { _ in
                log.closeFile()
                return ""
            })
    }

    /// No message is left out because of others before it, so there is nothing to switch; scripts
    /// that do it are not refused.
    private func registerRateLimitCommands() {
        for verb in ["enable", "disable"] {
            register(
                ControlCommand(
                    "vlog/\(verb)-rate-limit", usage: "[module]...", arguments: 0...Int.max
                ) { (modules) throws(ControlError) in
                    guard modules.allSatisfy(Log.shared.hasModule) else {
                        throw ControlError("unknown module")
                    }
                    return ""
                })
        }
    }

    private static func setLevels(_ specifications: [String]) throws(ControlError) -> String {
        do {
            for specification in specifications { try Log.shared.set(specification) }
        } catch {
            throw ControlError(error.description)
        }
        return ""
    }

    private static func reopenLog() throws(ControlError) -> String {
        do {
            return try Log.shared.reopenFile() ? "" : "Logging to file not configured"
        } catch {
            throw ControlError(error.code.description)
        }
    }

    private func registerCoverageCommands() {
        register(ControlCommand("coverage/show") { _ in Coverage.shared.table })
        register(
            ControlCommand("coverage/read-counter", usage: "COUNTER", arguments: 1...1) {
                (arguments) throws(ControlError) in
                guard let total = Coverage.shared.total(of: arguments[0]) else {
                    throw ControlError("No such counter")
                }
                return "\(total)"
            })
    }

    private static func sampleCoverage(on loop: EventLoop) {
        loop.schedule(after: Coverage.period) {
            Coverage.shared.sample()
            sampleCoverage(on: loop)
        }
    }
}

import Linux
import UnixControl

/// `ovn-appctl`: runs one command in a daemon (ovn-appctl(8)).
package struct ApplicationControl: Hashable, Sendable {
    package static let program = "ovn-appctl"

    package var target: String
    package var runDirectory: String
    package var command: String
    package var arguments: [String]
    /// Seconds after which SIGALRM ends the program; 0 waits for ever.
    package var timeout: UInt32
    /// What the answer is wanted in, `text` or `json`; nil for what the daemon does by itself.
    package var format: String?

    package init(
        target: String? = nil, command: String, arguments: [String], timeout: UInt32 = 0,
        format: String? = nil, runDirectory: String = DaemonDirectories(.ovn).run
    ) {
        self.target = target ?? "ovn-controller"
        self.command = command
        self.arguments = arguments
        self.timeout = timeout
        self.format = format
        self.runDirectory = runDirectory
    }

    /// Status 0 with the answer, 2 with the daemon's error, 1 if no daemon was reached.
    package func run() -> CommandOutcome {
        do {
            let path = try ControlClient.socketPath(of: target, in: runDirectory)
            let text = try ControlClient.call(command, arguments, format: format, at: path)
            return CommandOutcome(output: Self.line(text))
        } catch .refused(let text) {
            return CommandOutcome(
                errorOutput: Self.line(text)
                    + "\(Self.program): \(target): server returned an error\n",
                status: 2)
        } catch {
            return CommandOutcome(errorOutput: "\(Self.program): \(error)\n", status: 1)
        }
    }

    /// The text, ended by a newline unless it is empty or has one.
    private static func line(_ text: String) -> String {
        text.isEmpty || text.hasSuffix("\n") ? text : text + "\n"
    }
}

// MARK: - The command line

extension ApplicationControl {
    /// What a command line asks for.
    package enum Request: Hashable, Sendable {
        case run(ApplicationControl)
        /// Help or version.
        case show(String)
    }

    private static let options = [
        OptionScanner.Option("target", "t", .required), .init("timeout", "T", .required),
        .init("format", "f", .required),
        .init("help", "h"), .init("version", "V"),
    ]

    /// Reads the arguments that follow the program's name.
    package static func parse(_ arguments: [String]) throws(UsageError) -> Request {
        var scanner = OptionScanner(arguments, options: options, endsAtOperand: true)
        var target: String?
        var timeout: UInt32 = 0
        var format: String?
        var operands: [String] = []
        while let item = try scanner.next() {
            switch item {
            case .option("target", let value): target = value
            case .option("timeout", let value): timeout = try seconds(value ?? "")
            case .option("format", let value): format = try Self.format(value ?? "")
            case .option("help", _): return .show(help)
            case .option: return .show(SoftwareVersion.line(program: program) + "\n")
            case .operand(let word): operands.append(word)
            }
        }
        guard let command = operands.first else {
            throw UsageError("at least one non-option argument is required (use --help for help)")
        }
        return .run(
            ApplicationControl(
                target: target, command: command, arguments: Array(operands.dropFirst()),
                timeout: timeout, format: format))
    }

    private static func format(_ text: String) throws(UsageError) -> String {
        guard ["text", "json"].contains(text) else {
            throw UsageError("value \(text) on -f or --format is invalid")
        }
        return text
    }

    private static func seconds(_ text: String) throws(UsageError) -> UInt32 {
        guard let value = UInt32(text), value > 0 else {
            throw UsageError("value \(text) on -T or --timeout is invalid")
        }
        return value
    }

    private static let help = """
        \(program), for querying and controlling OVN daemons
        usage: \(program) [TARGET] COMMAND [ARG...]
        Targets:
          -t, --target=TARGET  pidfile or socket to contact (default: ovn-controller)
        Common commands:
          list-commands      List commands supported by the target
          version            Print version of the target
          vlog/list          List current logging levels
          vlog/list-pattern  List logging patterns for each destination.
          vlog/set [SPEC]
              Set log levels as detailed in SPEC, which may include:
              A valid module name (all modules, by default)
              'syslog', 'console', 'file' (all destinations, by default))
              'off', 'emer', 'err', 'warn', 'info', or 'dbg' ('dbg', by default)
          vlog/reopen        Make the program reopen its log file
        Other options:
          -T, --timeout=SECS wait at most SECS seconds for a response
          -f, --format=FMT   Output format. One of: 'json', or 'text' ('text', by default)
          -h, --help         Print this helpful information
          -V, --version      Display \(program) version information

        """
}

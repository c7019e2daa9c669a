/// The options that every daemon has, as daemon and logging options are spelled by stock daemons.
///
/// They are taken out of the arguments before the program's own parser sees them, because several
/// (`--pidfile`, `--log-file`, `-v`) have an optional value that only ever follows a `=` or the
/// letter itself.
package struct DaemonOptions: Equatable, Sendable {
    package var detach = false
    package var monitor = false
    package var staysInDirectory = false
    package var overwritePidfile = false
    /// Path of the pidfile; nil for none.
    package var pidfile: String?
    /// Path of the log file; nil for none.
    package var logFile: String?
    /// `USER[:GROUP]` to become after start.
    package var user: String?
    /// Path of the control socket; nil for none.
    package var controlSocket: String?
    /// Log specifications in order; an empty one is plain `-v`, everything at debug level.
    package var verbosity: [String] = []
    package var security = SecurityOptions()
    /// Accepted and not acted on.
    package var ignored: [String] = []

    package let program: String
    package let directories: DaemonDirectories

    /// What the options do, for a program's help text.
    package static let help = """
        Daemon options:
          --detach                run in background as daemon
          --monitor               restart the daemon if it crashes
          --user=USER[:GROUP]     become that user after start
          --no-chdir              do not change the directory to /
          --pidfile[=FILE]        write a pidfile (default: RUNDIR/PROGRAM.pid)
          --overwrite-pidfile     with --pidfile, start even if already running
          --unixctl=SOCKET        path of the control socket, or "none"

        Logging options:
          -vSPEC, --verbose=SPEC  set logging levels
          -v, --verbose           set maximum verbosity level
          --log-file[=FILE]       also log to a file (default: LOGDIR/PROGRAM.log)
          --syslog-method=METHOD, --syslog-target=TARGET  accepted for compatibility

        TLS options (accepted; TLS is not supported yet):
          -p, --private-key=FILE  -c, --certificate=FILE  -C, --ca-cert=FILE
          --bootstrap-ca-cert=FILE  --peer-ca-cert=FILE  --ssl-server-name=NAME
          --ssl-protocols=LIST  --ssl-ciphers=LIST  --ssl-ciphersuites=LIST
        """

    /// An option of this set that is used wrongly.
    package struct UsageError: Error, Equatable, Sendable, CustomStringConvertible {
        package let description: String
    }

    package init(
        program: String, family: DaemonDirectories.Family,
        environment: (String) -> String? = DaemonDirectories.environment
    ) {
        self.program = program
        directories = DaemonDirectories(family, environment: environment)
    }

    /// Takes the options of this set out of `arguments` (without the program's name) and returns
    /// the rest in order. Nothing after `--` is touched.
    package mutating func extract(from arguments: [String]) throws(UsageError) -> [String] {
        var rest: [String] = []
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            index += 1
            if argument == "--" {
                rest += arguments[(index - 1)...]
                break
            }
            let next = index < arguments.count ? arguments[index] : nil
            switch try take(argument, next: next) {
            case .no: rest.append(argument)
            case .yes: break
            case .instead(let argument): rest.append(argument)
            case .withNext: index += 1
            }
        }
        return rest
    }

    private enum Taken {
        case no, yes, withNext
        /// The program's parser knows the option by another name.
        case instead(String)
    }

    private mutating func take(_ argument: String, next: String?) throws(UsageError) -> Taken {
        guard argument.hasPrefix("--") else { return try takeShort(argument, next: next) }
        let name: Substring
        let value: String?
        if let equals = argument.firstIndex(of: "=") {
            name = argument[..<equals]
            value = String(argument[argument.index(after: equals)...])
        } else {
            name = argument[...]
            value = nil
        }
        if try takeFlag(name, hasValue: value != nil) || takeOptionalValue(name, value) {
            return .yes
        }
        guard Self.withValue.contains(String(name)) || SecurityOptions.has(name) else {
            return .no
        }
        guard let value = value ?? next else {
            throw UsageError(description: "option \(name) needs a value")
        }
        takeValue(name, value)
        return argument.contains("=") ? .yes : .withNext
    }

    private mutating func takeShort(_ argument: String, next: String?) throws(UsageError) -> Taken {
        if argument == "-V" { return .instead("--version") }
        if argument.hasPrefix("-v") {
            verbosity.append(String(argument.dropFirst(2)))
            return .yes
        }
        let letter = argument.prefix(2)
        guard letter == "-u" || SecurityOptions.has(letter) else { return .no }
        let attached = argument.count > 2 ? String(argument.dropFirst(2)) : nil
        guard let value = attached ?? next else {
            throw UsageError(description: "option \(letter) needs a value")
        }
        takeValue(letter, value)
        return attached == nil ? .withNext : .yes
    }

    private mutating func takeFlag(
        _ name: Substring, hasValue: Bool
    ) throws(UsageError) -> Bool {
        switch name {
        case "--detach": detach = true
        case "--monitor": monitor = true
        case "--no-chdir": staysInDirectory = true
        case "--overwrite-pidfile": overwritePidfile = true
        case "--no-self-confinement", "--no-syslog": ignored.append(String(name))
        default: return false
        }
        if hasValue { throw UsageError(description: "option \(name) takes no value") }
        return true
    }

    private mutating func takeOptionalValue(_ name: Substring, _ value: String?) -> Bool {
        switch name {
        case "--pidfile":
            pidfile = DaemonDirectories.absolute(
                value ?? "\(program).pid", in: directories.run)
        case "--log-file":
            logFile = DaemonDirectories.absolute(value ?? "\(program).log", in: directories.log)
        case "--verbose": verbosity.append(value ?? "")
        default: return false
        }
        return true
    }

    private static let withValue: Set<String> = [
        "--user", "--unixctl", "--syslog-method", "--syslog-target",
    ]

    private mutating func takeValue(_ name: Substring, _ value: String) {
        switch name {
        case "--user": user = value
        case "--unixctl", "-u": controlSocket = value
        case _ where SecurityOptions.has(name): security.set(name, to: value)
        default: ignored.append("\(name)=\(value)")
        }
    }

    /// Where the control socket goes, for a process of this id; nil if there shall be none.
    package func controlSocketPath(process: Int32) -> String? {
        if controlSocket == "none" { return nil }
        return DaemonDirectories.absolute(
            controlSocket ?? "\(program).\(process).ctl", in: directories.run)
    }
}

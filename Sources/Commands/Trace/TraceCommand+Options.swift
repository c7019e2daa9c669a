import AgentCore
import Linux
import LogicalFlow
import Wire

extension TraceCommand {
    /// What a command line asks for.
    package enum Request: Sendable {
        case run(TraceCommand)
        /// Help or version.
        case show(String)
    }

    private static let options: [OptionScanner.Option] = [
        .init("db", nil, .required), .init("leader-only"), .init("no-leader-only"),
        .init("detailed"), .init("summary"), .init("minimal"), .init("all"),
        .init("ct", nil, .required), .init("lb-dst", nil, .required),
        .init("select-id", nil, .required), .init("friendly-names"), .init("no-friendly-names"),
        .init("ovs", nil, .optional), .init("detach"), .init("unixctl", nil, .required),
        .init("private-key", "p", .required), .init("certificate", "c", .required),
        .init("ca-cert", "C", .required), .init("bootstrap-ca-cert", nil, .required),
        .init("ssl-protocols", nil, .required), .init("ssl-ciphers", nil, .required),
        .init("ssl-ciphersuites", nil, .required), .init("ssl-server-name", nil, .required),
        .init("verbose", "v", .optional), .init("log-file", nil, .optional),
        .init("syslog-method", nil, .required), .init("syslog-target", nil, .required),
        .init("help", "h"), .init("version", "V"),
    ]

    /// Reads the arguments that follow the program's name.
    package static func parse(
        _ arguments: [String],
        environment: (String) -> String? = DaemonDirectories.environment
    ) throws(UsageError) -> Request {
        var scanner = OptionScanner(arguments, options: options)
        let directories = DaemonDirectories(.ovn, environment: environment)
        var command = TraceCommand(
            database: environment("OVN_SB_DB") ?? "unix:\(directories.run)/ovnsb_db.sock",
            trace: NetworkTrace(microflow: ""))
        command.trace.forms = []
        command.trace.assumptions.choose = { Int.random(in: 0..<$0) }
        var operands: [String] = []
        while let item = try scanner.next() {
            switch item {
            case .operand(let word): operands.append(word)
            case .option("help", _): return .show(help)
            case .option("version", _):
                return .show(SoftwareVersion.line(program: program) + "\n")
            case .option(let name, let value): try command.set(name, value ?? "")
            }
        }
        guard let microflow = operands.last, operands.count <= 2 else {
            throw UsageError(
                "one or two non-option arguments are required (use --help for help)")
        }
        command.trace.microflow = microflow
        if operands.count == 2 { command.trace.datapath = operands[0] }
        if command.trace.forms.isEmpty { command.trace.forms = [.detailed] }
        return .run(command)
    }

    private mutating func set(_ name: String, _ value: String) throws(UsageError) {
        switch name {
        case "db": database = value
        case "leader-only": leaderOnly = true
        case "no-leader-only": leaderOnly = false
        case "detailed": trace.forms.insert(.detailed)
        case "summary": trace.forms.insert(.summary)
        case "minimal": trace.forms.insert(.minimal)
        case "all": trace.forms = Set(NetworkTrace.Form.allCases)
        case "friendly-names": usesFriendlyNames = true
        case "no-friendly-names": usesFriendlyNames = false
        case "ovs": throw UsageError("--ovs: there are no OpenFlow flows")
        case "detach", "unixctl": throw UsageError("--\(name): daemon mode is not supported")
        default: try assume(name, value)
        }
    }

    /// Options for TLS and logging are accepted: scripts pass them whether or not they matter.
    private mutating func assume(_ name: String, _ value: String) throws(UsageError) {
        switch name {
        case "ct":
            do throws(UnknownConnectionFlag) {
                trace.assumptions.connectionStates.append(try ConnectionFlags(parsing: value))
            } catch {
                throw UsageError(error.description)
            }
        case "lb-dst":
            guard let backend = Action.Backend(parsing: value) else {
                throw UsageError("\(value): bad address")
            }
            trace.assumptions.loadBalancerDestination = backend
        case "select-id":
            guard let member = UInt16(value), member > 0 else {
                throw UsageError("\(value): bad select-id")
            }
            trace.assumptions.selection = member
        default: break
        }
    }

    private static let help = """
        \(program): OVN trace utility
        usage: \(program) [OPTIONS] [DATAPATH] MICROFLOW

        Output format options:
          --detailed              table-by-table "backtrace" (default)
          --summary               less detailed, more parseable
          --minimal               minimum to explain externally visible behavior
          --all                   provide all forms of output
        Output style options:
          --no-friendly-names     do not substitute human friendly names for UUIDs
        Assumptions:
          --ct=FLAGS              ct_state of the next ct_next, ct_lb_mark, ... (repeatable)
          --lb-dst=IP[:PORT]      backend that a load balancer chooses
          --select-id=ID          member that a select action chooses
        Other options:
          --db=DATABASE           connect to DATABASE
                                  (default: $OVN_SB_DB or unix:RUNDIR/ovnsb_db.sock)
          --no-leader-only        accept any cluster member, not just the leader
          -h, --help              display this help message
          -V, --version           display version information

        """
}

extension Action.Backend {
    /// `IPV4`, `IPV4:PORT`, `IPV6`, `[IPV6]` or `[IPV6]:PORT`.
    fileprivate init?(parsing text: String) {
        if let address = IPAddress(parsing: text) {
            self.init(address)
            return
        }
        let parts = text.split(separator: "]", omittingEmptySubsequences: false)
        if parts.count == 2, parts[0].hasPrefix("["),
            let address = IPAddress(parsing: parts[0].dropFirst())
        {
            if parts[1].isEmpty {
                self.init(address)
            } else if parts[1].hasPrefix(":"), let port = UInt16(parts[1].dropFirst()) {
                self.init(address, port: port)
            } else {
                return nil
            }
            return
        }
        let pair = text.split(separator: ":")
        guard pair.count == 2, let address = IPAddress(parsing: pair[0]),
            let port = UInt16(pair[1])
        else { return nil }
        self.init(address, port: port)
    }
}

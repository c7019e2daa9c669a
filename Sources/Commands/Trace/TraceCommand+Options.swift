import AgentCore
import Linux
import LogicalFlow
import Schemas
import Wire

extension TraceCommand {
    /// What a command line asks for.
    package enum Request: Sendable {
        case run(TraceCommand)
        /// Answer questions on the control socket; they start from what the command line assumes.
        case serve(TraceCommand)
        /// Help or version.
        case show(String)
    }

    private static let options: [OptionScanner.Option] = [
        .init("db", nil, .required), .init("leader-only"), .init("no-leader-only"),
        .init("detailed"), .init("summary"), .init("minimal"), .init("all"),
        .init("ct", nil, .required), .init("lb-dst", nil, .required),
        .init("select-id", nil, .required), .init("friendly-names"), .init("no-friendly-names"),
        .init("ovs", nil, .optional),
        .init("private-key", "p", .required), .init("certificate", "c", .required),
        .init("ca-cert", "C", .required), .init("bootstrap-ca-cert", nil, .required),
        .init("ssl-protocols", nil, .required), .init("ssl-ciphers", nil, .required),
        .init("ssl-ciphersuites", nil, .required), .init("ssl-server-name", nil, .required),
        .init("help", "h"), .init("version", "V"),
    ]

    /// Reads the arguments that follow the program's name, without those of daemons.
    ///
    /// - Parameter isDaemon: whether the program detaches, and gets its questions later.
    package static func parse(
        _ arguments: [String], isDaemon: Bool = false,
        environment: (String) -> String? = DaemonDirectories.environment
    ) throws(UsageError) -> Request {
        let directories = DaemonDirectories(.ovn, environment: environment)
        var command = TraceCommand(
            database: environment("OVN_SB_DB") ?? "unix:\(directories.run)/ovnsb_db.sock",
            trace: NetworkTrace(microflow: ""))
        command.trace.forms = []
        command.trace.assumptions.choose = { Int.random(in: 0..<$0) }
        var operands: [String] = []
        if let text = try command.scan(arguments, options, &operands) { return .show(text) }
        if isDaemon {
            guard operands.isEmpty else {
                throw UsageError(
                    "non-option arguments not supported with --detach (use --help for help)")
            }
            return .serve(command)
        }
        guard command.take(operands) else {
            throw UsageError(
                "one or two non-option arguments are required (use --help for help)")
        }
        return .run(command)
    }

    private static let questionOptions: [OptionScanner.Option] = [
        .init("detailed"), .init("summary"), .init("minimal"), .init("all"),
        .init("ct", nil, .required), .init("lb-dst", nil, .required),
        .init("select-id", nil, .required),
    ]

    /// The question of a daemon's command `trace`. It assumes what the daemon was started with
    /// and what it says itself.
    func question(_ arguments: [String]) throws(UsageError) -> NetworkTrace {
        var command = self
        command.trace.forms = []
        var operands: [String] = []
        _ = try command.scan(arguments, Self.questionOptions, &operands)
        guard command.take(operands) else {
            throw UsageError("one or two non-option arguments are required")
        }
        return command.trace
    }

    /// Applies all options; a text is to be shown in place of doing anything.
    private mutating func scan(
        _ arguments: [String], _ options: [OptionScanner.Option], _ operands: inout [String]
    ) throws(UsageError) -> String? {
        var scanner = OptionScanner(arguments, options: options)
        while let item = try scanner.next() {
            switch item {
            case .operand(let word): operands.append(word)
            case .option("help", _): return Self.help
            case .option("version", _):
                return SoftwareVersion.line(program: Self.program)
                    + "\nDB Schema \(SB.schema.version)\n"
            case .option(let name, let value): try set(name, value ?? "")
            }
        }
        return nil
    }

    private mutating func take(_ operands: [String]) -> Bool {
        guard let microflow = operands.last, operands.count <= 2 else { return false }
        trace.microflow = microflow
        if operands.count == 2 { trace.datapath = operands[0] }
        if trace.forms.isEmpty { trace.forms = [.detailed] }
        return true
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
        case "ovs": throw UsageError("--ovs: no switch has OpenFlow flows")
        default: try assume(name, value)
        }
    }

    /// Options for TLS are accepted: scripts pass them whether or not they matter.
    private mutating func assume(_ name: String, _ value: String) throws(UsageError) {
        switch name {
        case "ct":
            do throws(UnknownConnectionFlag) {
                let flags = try ConnectionFlags(parsing: value)
                trace.assumptions.connectionStates.append(flags)
                if let reason = flags.contradiction {
                    warnings.append("--ct=\(value): no packet is in this state, as \(reason)")
                }
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
               \(program) [OPTIONS] --detach

        Output format options:
          --detailed              table-by-table "backtrace" (default)
          --summary               less detailed, more parseable
          --minimal               minimum to explain externally visible behavior
          --all                   provide all forms of output
        Output style options:
          --friendly-names        substitute human friendly names for UUIDs (default)
          --no-friendly-names     do not
        Assumptions:
          --ct=FLAGS              ct_state of the next ct_next, ct_lb_mark, ... (repeatable)
          --lb-dst=IP[:PORT]      backend that a load balancer chooses
          --select-id=ID          member that a select action chooses
        Other options:
          --db=DATABASE           connect to DATABASE
                                  (default: $OVN_SB_DB or unix:RUNDIR/ovnsb_db.sock)
          --leader-only           accept the leader of a cluster only (default)
          --no-leader-only        accept any cluster member, not just the leader
          --ovs[=REMOTE]          refused: no switch has OpenFlow flows
          -h, --help              display this help message
          -V, --version           display version information

        With --detach, questions come on the control socket:
          ovn-appctl -t SOCKET trace [FORMAT and ASSUMPTIONS] [DATAPATH] MICROFLOW

        \(DaemonOptions.help)

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

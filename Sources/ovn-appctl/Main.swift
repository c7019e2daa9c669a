import ArgumentParser
import Commands
import Glibc
import Linux

@main
struct Main: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ovn-appctl",
        abstract: "Runs a command in an OVN daemon.",
        version: SoftwareVersion.line(program: "ovn-appctl"))

    @Option(name: [.short, .long], help: "Pidfile name or socket path (default: ovn-controller).")
    var target: String?

    @Option(
        name: [.customShort("T"), .long],
        help: "Seconds to wait for the answer (default: for ever).")
    var timeout: UInt32 = 0

    @Argument(help: "The command; list-commands shows what the daemon knows.")
    var command: String

    @Argument(parsing: .captureForPassthrough, help: "The command's arguments.")
    var arguments: [String] = []

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            // A wrong command line is status 1 here, as for the stock tool.
            let status = exitCode(for: error)
            if status == .validationFailure {
                StandardStream.writeError(fullMessage(for: error) + "\n")
                Glibc.exit(1)
            }
            exit(withError: error)
        }
    }

    func run() throws {
        // SIGALRM ends the program, as it does the stock tool.
        alarm(timeout)
        let outcome = ApplicationControl(target: target, command: command, arguments: arguments)
            .run()
        StandardStream.write(outcome.output)
        StandardStream.writeError(outcome.errorOutput)
        if outcome.status != 0 { throw ExitCode(outcome.status) }
    }
}

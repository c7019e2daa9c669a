import Commands
import Glibc
import Linux

@main
struct Main {
    static func main() {
        let outcome: CommandOutcome
        do {
            outcome = try run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            outcome = CommandOutcome(
                errorOutput: "\(TraceCommand.program): \(error)\n", status: 1)
        }
        StandardStream.write(outcome.output)
        StandardStream.writeError(outcome.errorOutput)
        exit(outcome.status)
    }

    private static func run(_ arguments: [String]) throws -> CommandOutcome {
        var daemon = DaemonOptions(program: TraceCommand.program, family: .ovn)
        let rest = try daemon.extract(from: arguments)
        switch try TraceCommand.parse(rest, isDaemon: daemon.detach) {
        case .show(let text): return CommandOutcome(output: text)
        case .run(let command): return command.run()
        case .serve(let command):
            StandardStream.writeError(command.warningText)
            try TraceDaemon.run(command, daemon)
            return CommandOutcome()
        }
    }
}

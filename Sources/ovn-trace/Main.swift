import Commands
import Glibc
import Linux

@main
struct Main {
    static func main() {
        let outcome: CommandOutcome
        do throws(UsageError) {
            let arguments = Array(CommandLine.arguments.dropFirst())
            switch try TraceCommand.parse(arguments) {
            case .show(let text): outcome = CommandOutcome(output: text)
            case .run(let command): outcome = command.run()
            }
        } catch {
            outcome = CommandOutcome(
                errorOutput: "\(TraceCommand.program): \(error)\n", status: 1)
        }
        StandardStream.write(outcome.output)
        StandardStream.writeError(outcome.errorOutput)
        exit(outcome.status)
    }
}

import Commands
import Glibc
import Linux

@main
struct Main {
    static func main() {
        let outcome: CommandOutcome
        do throws(UsageError) {
            let arguments = Array(CommandLine.arguments.dropFirst())
            switch try ApplicationControl.parse(arguments) {
            case .show(let text): outcome = CommandOutcome(output: text)
            case .run(let control):
                // SIGALRM ends the program, as it does the stock tool.
                alarm(control.timeout)
                outcome = control.run()
            }
        } catch {
            outcome = CommandOutcome(
                errorOutput: "\(ApplicationControl.program): \(error)\n", status: 1)
        }
        StandardStream.write(outcome.output)
        StandardStream.writeError(outcome.errorOutput)
        exit(outcome.status)
    }
}

import Linux
import UnixControl

/// `ovn-appctl`: runs one command in a daemon (ovn-appctl(8)).
package struct ApplicationControl: Sendable {
    package var program = "ovn-appctl"
    package var target = "ovn-controller"
    package var runDirectory: String
    package var command: String
    package var arguments: [String]

    package init(
        target: String?, command: String, arguments: [String],
        runDirectory: String = DaemonDirectories(.ovn).run
    ) {
        self.target = target ?? self.target
        self.command = command
        self.arguments = arguments
        self.runDirectory = runDirectory
    }

    /// Status 0 with the answer, 2 with the daemon's error, 1 if no daemon was reached.
    package func run() -> CommandOutcome {
        do {
            let path = try ControlClient.socketPath(of: target, in: runDirectory)
            let text = try ControlClient.call(command, arguments, at: path)
            return CommandOutcome(output: Self.line(text))
        } catch .refused(let text) {
            return CommandOutcome(
                errorOutput: Self.line(text) + "\(program): \(target): server returned an error\n",
                status: 2)
        } catch {
            return CommandOutcome(errorOutput: "\(program): \(error)\n", status: 1)
        }
    }

    /// The text, ended by a newline unless it is empty or has one.
    private static func line(_ text: String) -> String {
        text.isEmpty || text.hasSuffix("\n") ? text : text + "\n"
    }
}

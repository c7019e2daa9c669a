/// The commands of one daemon, on its owner thread.
package final class ControlRegistry {
    private var commands: [String: ControlCommand] = [:]
    private var memory: [() -> [String: Int]] = []

    package init() {}

    /// The commands of another registry, some of which may be registered otherwise here.
    package init(copying other: ControlRegistry) {
        commands = other.commands
        memory = other.memory
        registerList()
    }

    /// Adds a command, in place of one of the same name.
    package func register(_ command: ControlCommand) {
        commands[command.name] = command
    }

    /// Adds figures to `memory/show`; equal names add up.
    package func reportMemory(_ usage: @escaping () -> [String: Int]) {
        memory.append(usage)
    }

    /// Checks the command and its number of arguments, then runs it.
    package func run(_ request: ControlRequest) {
        guard let command = commands[request.command] else {
            request.fail(
                "\"\(request.command)\" is not a valid command "
                    + "(use \"list-commands\" to see a list of valid commands)")
            return
        }
        let count = request.arguments.count
        if count < command.minimum {
            request.fail(
                "\"\(request.command)\" command requires at least \(command.minimum) arguments")
        } else if let maximum = command.maximum, count > maximum {
            request.fail("\"\(request.command)\" command takes at most \(maximum) arguments")
        } else {
            command.run(request)
        }
    }

    /// The text of `list-commands`.
    var list: String {
        commands.values.sorted { $0.name < $1.name }
            .reduce(into: "The available commands are:\n") { text, command in
                let padding = max(0, 23 - command.name.count)
                text += "  \(command.name)\(String(repeating: " ", count: padding)) "
                text += "\(command.usage)\n"
            }
    }

    /// The text of `memory/show`.
    var memoryLine: String {
        var sums: [String: Int] = [:]
        for usage in memory { sums.merge(usage(), uniquingKeysWith: +) }
        return sums.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }
            .joined(separator: " ")
    }
}

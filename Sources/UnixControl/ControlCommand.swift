import Synchronization

/// One command that a daemon answers on its control socket.
package struct ControlCommand {
    package let name: String
    /// The arguments as `list-commands` shows them, such as `[DB]`.
    package let usage: String
    /// How many arguments it takes; no upper bound if `maximum` is nil.
    package let minimum: Int
    package let maximum: Int?
    /// Called on the owner thread with a checked number of arguments. It answers the request now
    /// or later, once.
    package let run: (ControlRequest) -> Void

    package init(
        _ name: String, usage: String = "", arguments: ClosedRange<Int> = 0...0,
        run: @escaping (ControlRequest) -> Void
    ) {
        self.name = name
        self.usage = usage
        minimum = arguments.lowerBound
        maximum = arguments.upperBound == .max ? nil : arguments.upperBound
        self.run = run
    }

    /// A command whose answer is there at once.
    package init(
        _ name: String, usage: String = "", arguments: ClosedRange<Int> = 0...0,
        answer: @escaping ([String]) throws(ControlError) -> String
    ) {
        self.init(name, usage: usage, arguments: arguments) { request in
            do throws(ControlError) {
                request.reply(try answer(request.arguments))
            } catch {
                request.fail(error.text)
            }
        }
    }
}

/// The text that a client of the control socket is shown as an error.
package struct ControlError: Error, Equatable, Sendable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) { self.text = text }

    package var description: String { text }
}

/// A request on the control socket. Dropped without an answer it fails, so that no client waits
/// for ever.
package final class ControlRequest: Sendable {
    package let command: String
    package let arguments: [String]
    private let answer: Mutex<(@Sendable (Result<String, ControlError>) -> Void)?>

    package init(
        command: String, arguments: [String],
        answer: @escaping @Sendable (Result<String, ControlError>) -> Void
    ) {
        self.command = command
        self.arguments = arguments
        self.answer = Mutex(answer)
    }

    deinit { send(.failure(ControlError("the command was dropped"))) }

    package func reply(_ text: String) { send(.success(text)) }

    package func fail(_ text: String) { send(.failure(ControlError(text))) }

    private func send(_ result: Result<String, ControlError>) {
        let answer = answer.withLock { answer in
            let taken = answer
            answer = nil
            return taken
        }
        answer?(result)
    }
}

import JSON

/// How a connection to a control socket is answered: `set-options --format FORMAT` (ovs-appctl(8)).
enum ReplyFormat: String {
    case text, json

    static let command = "set-options"
    static let usage = "[--format text|json]"

    /// - Parameter arguments: `--format=FORMAT` or `--format FORMAT`.
    init(_ arguments: [String]) throws(ControlError) {
        let option = "--format"
        let first = arguments.first ?? ""
        let value: String
        if first.hasPrefix(option + "=") {
            value = String(first.dropFirst(option.count + 1))
            if arguments.count > 1 { throw Self.unrecognized(arguments[1]) }
        } else if first == option {
            guard arguments.count > 1 else {
                throw ControlError("option '\(option)' requires an argument")
            }
            value = arguments[1]
        } else {
            throw Self.unrecognized(first)
        }
        guard let format = ReplyFormat(rawValue: value) else {
            throw ControlError("option format has invalid value \(value)")
        }
        self = format
    }

    private static func unrecognized(_ word: String) -> ControlError {
        ControlError("unrecognized option '\(word)'")
    }

    /// A command's text as the result of a reply. No command has a form of its own in JSON.
    func result(_ text: String) -> JSON {
        switch self {
        case .text: .string(text)
        case .json: ["reply-format": "plain", "reply": .string(text)]
        }
    }
}

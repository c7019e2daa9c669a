// Chassis template variables: `^NAME` in a match or in actions stands for text that differs from
// chassis to chassis (ovn-sb(5), Chassis_Template_Var).

package enum Template {
    /// The text with its variables replaced, and the names it uses.
    package enum Expansion: Hashable, Sendable {
        case text(String)
        /// The first variable that has no value here.
        case missing(String)
    }

    private static let sign = UInt8(ascii: "^")

    /// The names of the variables that `text` mentions, in order.
    package static func variables(in text: String) -> [String] {
        guard text.utf8.contains(sign) else { return [] }
        return Lexer.tokens(of: text).compactMap {
            if case .template(let name) = $0 { name } else { nil }
        }
    }

    /// Variables are replaced token by token, so that a string or a comment with a `^` stays as it is.
    package static func expand(_ text: String, _ variables: [String: String]) -> Expansion {
        guard text.utf8.contains(sign) else { return .text(text) }
        var result = ""
        for token in Lexer.tokens(of: text) {
            switch token {
            case .template(let name):
                guard let value = variables[name] else { return .missing(name) }
                result += value
            case .invalid: return .text(text)
            default: result += token.description
            }
        }
        return .text(result)
    }
}

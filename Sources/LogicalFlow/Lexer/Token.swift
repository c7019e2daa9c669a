// One token of the language. A dot is an ordinary character of an identifier, so `ip4.src` is one.

package enum Token: Hashable, Sendable {
    case identifier(String)
    case string(String)
    case number(Number)
    /// A hexadecimal constant beyond 128 bits, wider than any field: its canonical text and width.
    case wideNumber(String, width: Int)
    /// `$NAME`
    case addressSet(String)
    /// `@NAME`
    case portGroup(String)
    /// `^NAME`
    case template(String)
    case punctuation(Punctuation)
    case end
    /// What is wrong with the text here.
    case invalid(String)

    package enum Punctuation: String, CaseIterable, Hashable, Sendable {
        case leftParenthesis = "("
        case rightParenthesis = ")"
        case leftBrace = "{"
        case rightBrace = "}"
        case leftBracket = "["
        case rightBracket = "]"
        case equal = "=="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case not = "!"
        case and = "&&"
        case or = "||"
        case ellipsis = ".."
        case comma = ","
        case semicolon = ";"
        case assign = "="
        case exchange = "<->"
        case decrement = "--"
        case colon = ":"
        case hyphen = "-"
    }
}

extension Token: CustomStringConvertible {
    /// Canonical text, which reads back as the same token.
    package var description: String {
        switch self {
        case .identifier(let name): name
        case .string(let text): quoted(text)
        case .number(let number): number.description
        case .wideNumber(let text, _): text
        case .addressSet(let name): "$" + name
        case .portGroup(let name): "@" + name
        case .template(let name): "^" + name
        case .punctuation(let mark): mark.rawValue
        case .end: ""
        case .invalid(let reason): "error(\(quoted(reason)))"
        }
    }
}

/// `text` in double quotes, with the escapes of JSON (RFC 8259 §7).
package func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\u{8}": result += "\\b"
        case "\u{c}": result += "\\f"
        case "\n": result += "\\n"
        case "\r": result += "\\r"
        case "\t": result += "\\t"
        case "\0"..<" ":
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}

/// Why a text isn't a match or a list of actions, and where.
package struct LanguageError: Error, Hashable, Sendable {
    /// One sentence in the words that OVN's programs use.
    package let message: String
    /// Offset in bytes from the start of the text.
    package let offset: Int

    package init(_ message: String, at offset: Int) {
        self.message = message
        self.offset = offset
    }
}

extension LanguageError: CustomStringConvertible {
    package var description: String { message }
}

// Splits text into tokens. Scanning is greedy from left to right over bytes; what can't be a token
// becomes an `.invalid` one, which the parsers report in place of their own error.

package struct Lexer: Sendable {
    let bytes: [UInt8]
    /// The current token and the place of its first byte.
    package private(set) var token: Token = .end
    package private(set) var start = 0
    /// Just past the current token.
    package private(set) var end = 0
    var position = 0

    package init(_ text: String) {
        bytes = Array(text.utf8)
        advance()
    }

    /// Has no token yet.
    init(unread text: String) { bytes = Array(text.utf8) }

    package mutating func advance() {
        (token, start) = scan()
        end = position
    }

    /// The token after the current one.
    package func lookahead() -> Token {
        var copy = self
        copy.advance()
        return copy.token
    }

    /// Whether a parenthesis opens behind the current token.
    var isBeforeParenthesis: Bool {
        var offset = 0
        while let next = byte(at: offset), next.isBlank { offset += 1 }
        switch byte(at: offset) {
        case "(": return true
        case "/": return lookahead() == .punctuation(.leftParenthesis)
        default: return false
        }
    }

    /// The text of the current token as it was written.
    package var sourceText: String { String(decoding: bytes[start..<end], as: UTF8.self) }

    /// All tokens up to the end, which isn't one of them.
    package static func tokens(of text: String) -> [Token] {
        var lexer = Lexer(text)
        var tokens: [Token] = []
        while lexer.token != .end {
            tokens.append(lexer.token)
            lexer.advance()
        }
        return tokens
    }

    /// The byte at `offset` from the position, as the character of that code.
    func byte(at offset: Int = 0) -> Unicode.Scalar? {
        position + offset < bytes.count ? Unicode.Scalar(bytes[position + offset]) : nil
    }
}

// MARK: - Scanning

extension Lexer {
    private mutating func scan() -> (Token, start: Int) {
        if let problem = skipBlanks() { return (.invalid(problem), position) }
        let start = position
        guard let first = byte() else { return (.end, start) }
        return (scanToken(first), start)
    }

    /// Skips white space and comments; returns what is wrong with a comment.
    private mutating func skipBlanks() -> String? {
        while let next = byte() {
            if next.isBlank {
                position += 1
            } else if next == "/" {
                if let problem = skipComment() { return problem }
            } else {
                return nil
            }
        }
        return nil
    }

    private mutating func skipComment() -> String? {
        switch byte(at: 1) {
        case "/":
            while let next = byte(), next != "\n" { position += 1 }
            return nil
        case "*":
            position += 2
            while let next = byte(), next != "\n" {
                if next == "*", byte(at: 1) == "/" {
                    position += 2
                    return nil
                }
                position += 1
            }
            return "`/*' without matching `*/'."
        default:
            position += 1
            return "`/' is only valid as part of `//' or `/*'."
        }
    }

    private mutating func scanToken(_ first: Unicode.Scalar) -> Token {
        switch first {
        case "\"": return scanString()
        case "$": return scanPrefixed("$", Token.addressSet)
        case "@": return scanPrefixed("@", Token.portGroup)
        case "^": return scanPrefixed("^", Token.template)
        case ":" where byte(at: 1) == ":": return scanNumber()
        case "0"..."9": return scanNumber()
        default:
            if first.isHexadecimalDigit, beginsColonAddress { return scanNumber() }
            if first.isIdentifierStart { return .identifier(takeIdentifier()) }
            return scanPunctuation(first)
        }
    }

    /// Hexadecimal digits followed by a colon.
    var beginsColonAddress: Bool {
        var offset = 0
        while let next = byte(at: offset), next.isHexadecimalDigit { offset += 1 }
        return byte(at: offset) == ":"
    }

    private mutating func takeIdentifier() -> String {
        let start = position
        while let next = byte(), next.isIdentifierPart { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func scanPrefixed(_ sign: String, _ make: (String) -> Token) -> Token {
        position += 1
        guard let next = byte(), next.isIdentifierStart else {
            return .invalid("`\(sign)' must be followed by a valid identifier.")
        }
        return make(takeIdentifier())
    }

    private mutating func scanPunctuation(_ first: Unicode.Scalar) -> Token {
        if let mark = punctuation(first) {
            position += mark.rawValue.utf8.count
            return .punctuation(mark)
        }
        position += 1
        switch first {
        case "&": return .invalid("`&' is only valid as part of `&&'.")
        case "|": return .invalid("`|' is only valid as part of `||'.")
        case ".": return .invalid("`.' is only valid as part of `..' or a number.")
        case " "..."~": return .invalid("Invalid character `\(Character(first))' in input.")
        default:
            return .invalid("Invalid byte 0x\(String(first.value, radix: 16)) in input.")
        }
    }

    private func punctuation(_ first: Unicode.Scalar) -> Token.Punctuation? {
        let second = byte(at: 1)
        switch first {
        case "(": return .leftParenthesis
        case ")": return .rightParenthesis
        case "{": return .leftBrace
        case "}": return .rightBrace
        case "[": return .leftBracket
        case "]": return .rightBracket
        case ",": return .comma
        case ";": return .semicolon
        case ":": return .colon
        case "=": return second == "=" ? .equal : .assign
        case "!": return second == "=" ? .notEqual : .not
        case ">": return second == "=" ? .greaterOrEqual : .greater
        case "<":
            if second == "-", byte(at: 2) == ">" { return .exchange }
            return second == "=" ? .lessOrEqual : .less
        case "&": return second == "&" ? .and : nil
        case "|": return second == "|" ? .or : nil
        case ".": return second == "." ? .ellipsis : nil
        case "-": return second == "-" ? .decrement : .hyphen
        default: return nil
        }
    }
}

// MARK: - Bytes

extension Unicode.Scalar {
    var isBlank: Bool { self == " " || (self >= "\t" && self <= "\r") }

    var isDecimalDigit: Bool { self >= "0" && self <= "9" }

    var isHexadecimalDigit: Bool { hexadecimalValue != nil }

    var isIdentifierStart: Bool {
        (self >= "a" && self <= "z") || (self >= "A" && self <= "Z") || self == "_"
    }

    var isIdentifierPart: Bool { isIdentifierStart || isDecimalDigit || self == "." }

    var isAlphanumeric: Bool { isDecimalDigit || (isIdentifierStart && self != "_") }

    var hexadecimalValue: UInt8? {
        switch self {
        case "0"..."9": UInt8(value - 0x30)
        case "a"..."f": UInt8(value - 0x61 + 10)
        case "A"..."F": UInt8(value - 0x41 + 10)
        default: nil
        }
    }
}

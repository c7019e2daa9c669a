// What both parsers need of a lexer: to take what is expected, or to say what was found instead.

extension Lexer {
    /// "Syntax error at `TOKEN' detail."; an invalid token reports its own trouble instead.
    func syntaxError(_ detail: String) -> LanguageError {
        switch token {
        case .invalid(let problem): LanguageError(problem, at: start)
        case .end: LanguageError("Syntax error at end of input \(detail).", at: start)
        default: LanguageError("Syntax error at `\(sourceText)' \(detail).", at: start)
        }
    }

    func failure(_ message: String) -> LanguageError { LanguageError(message, at: start) }

    mutating func take(_ mark: Token.Punctuation) -> Bool {
        guard token == .punctuation(mark) else { return false }
        advance()
        return true
    }

    mutating func take(word: String) -> Bool {
        guard token == .identifier(word) else { return false }
        advance()
        return true
    }

    mutating func expect(_ mark: Token.Punctuation) throws(LanguageError) {
        guard take(mark) else { throw syntaxError("expecting `\(mark.rawValue)'") }
    }

    mutating func expectEnd() throws(LanguageError) {
        guard token == .end else { throw syntaxError("expecting end of input") }
    }

    mutating func expectString(_ detail: String = "expecting string") throws(LanguageError)
        -> String
    {
        guard case .string(let text) = token else { throw syntaxError(detail) }
        advance()
        return text
    }

    /// An unmasked decimal number below 2^31.
    mutating func expectSmallInteger() throws(LanguageError) -> Int {
        guard case .number(let number) = token, number.format == .decimal, number.mask == nil,
            number.value <= 0x7fff_ffff
        else { throw syntaxError("expecting small integer") }
        advance()
        return Int(number.value)
    }

    /// `SYMBOL`, `SYMBOL[BIT]` or `SYMBOL[LOW..HIGH]`.
    mutating func expectField(in table: SymbolTable) throws(LanguageError) -> FieldRange {
        guard case .identifier(let name) = token, let symbol = table.symbol(named: name) else {
            throw syntaxError("expecting field name")
        }
        advance()
        guard take(.leftBracket) else { return FieldRange(symbol) }
        let low = try expectSmallInteger()
        let high = take(.ellipsis) ? try expectSmallInteger() : low
        try expect(.rightBracket)
        return try select(low, high, of: symbol, table[symbol])
    }

    private func select(
        _ low: Int, _ high: Int, of symbol: Symbol, _ definition: SymbolDefinition
    ) throws(LanguageError) -> FieldRange {
        guard let width = definition.width else {
            throw failure("Cannot select subfield of string field \(definition.name).")
        }
        if low > high { throw failure("Invalid bit range \(low) to \(high).") }
        if high >= width {
            throw failure(
                "Cannot select bits \(low) to \(high) of \(width)-bit field \(definition.name).")
        }
        if definition.level == .nominal, low != 0 || high != width - 1 {
            throw failure("Cannot select subfield of nominal field \(definition.name).")
        }
        return FieldRange(symbol, low: low, high: high)
    }

    /// The relation that the current token is, without taking it.
    var relation: Relation? {
        guard case .punctuation(let mark) = token else { return nil }
        return Relation(rawValue: mark.rawValue)
    }
}

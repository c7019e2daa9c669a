// Reads a match. Property: parsing never traps, whatever the text; the first error is reported, with
// the token where it was noticed. Nesting is bounded, so a hostile text can't exhaust the stack.

extension Match {
    package enum Limits {
        /// Levels of parentheses.
        package static let nesting = 100
    }

    /// Reads a match written in the names of `table`. The result is canonical.
    package init(
        parsing text: String, table: SymbolTable = .standard
    ) throws(LanguageError) {
        var parser = MatchParser(text, table: table)
        self = try parser.parse()
    }
}

struct MatchParser {
    private var lexer: Lexer
    private let table: SymbolTable
    private var depth = 0
    /// True under an odd number of enclosing `!`.
    private var isNegated = false

    init(_ text: String, table: SymbolTable) {
        lexer = Lexer(text)
        self.table = table
    }

    mutating func parse() throws(LanguageError) -> Match {
        let match = try parseExpression()
        try lexer.expectEnd()
        return match
    }
}

// MARK: - Structure

extension MatchParser {
    private mutating func parseExpression() throws(LanguageError) -> Match {
        let first = try parseNegation()
        switch lexer.token {
        case .punctuation(.and):
            return .all(try parseChain(first, of: .and, other: .or))
        case .punctuation(.or):
            return .any(try parseChain(first, of: .or, other: .and))
        default: return first
        }
    }

    private mutating func parseChain(
        _ first: Match, of mark: Token.Punctuation, other: Token.Punctuation
    ) throws(LanguageError) -> [Match] {
        var parts = [first]
        while lexer.take(mark) { parts.append(try parseNegation()) }
        if lexer.token == .punctuation(other) {
            throw lexer.failure("&& and || must be parenthesized when used together.")
        }
        return parts
    }

    private mutating func parseNegation() throws(LanguageError) -> Match {
        guard lexer.take(.not) else { return try parsePrimary().match }
        isNegated.toggle()
        let operand = try parsePrimary()
        isNegated.toggle()
        guard operand.isAtomic else {
            throw lexer.failure("Missing parentheses around operand of !.")
        }
        return .not(operand.match)
    }

    private mutating func parsePrimary() throws(LanguageError) -> (match: Match, isAtomic: Bool) {
        if lexer.token == .punctuation(.leftParenthesis) {
            return (try parseParenthesized(), true)
        }
        if case .identifier = lexer.token { return try parseFieldFirst() }
        return try parseConstantFirst()
    }

    private mutating func parseParenthesized() throws(LanguageError) -> Match {
        guard depth < Match.Limits.nesting else {
            throw lexer.failure("Parentheses nested too deeply.")
        }
        lexer.advance()
        depth += 1
        let match = try parseExpression()
        depth -= 1
        try lexer.expect(.rightParenthesis)
        return match
    }
}

// MARK: - Comparisons

extension MatchParser {
    /// Constants as written, before it is known what they are compared with.
    private struct Constants {
        var members: [Constant] = []
        /// The width of the first constant that is wider than any field, and its place in `members`.
        var wide: (index: Int, width: Int)?
        var isSet = false
    }

    private mutating func parseFieldFirst() throws(LanguageError) -> (Match, Bool) {
        if lexer.isBeforeParenthesis {
            return (try parseFunction(), true)
        }
        let field = try parseField()
        guard lexer.relation != nil else {
            guard !field.symbol.isString, lexer.token != .punctuation(.assign) else {
                throw lexer.syntaxError("expecting relational operator")
            }
            if let problem = field.testProblem(in: context(isSet: false)) {
                throw lexer.failure(problem)
            }
            return (.test(field), true)
        }
        let relation = try parseRelation()
        let constants = try parseConstants()
        return (try compare(field, relation, constants), false)
    }

    private mutating func parseConstantFirst() throws(LanguageError) -> (Match, Bool) {
        let constants = try parseConstants()
        if lexer.relation == nil, let value = booleanValue(constants) {
            return (.constant(value), true)
        }
        let first = try parseRelation()
        let field = try parseField()
        guard lexer.relation != nil else {
            return (try compare(field, first.turned, constants), false)
        }
        let second = try parseRelation()
        let upper = try parseConstants()
        guard first.formsRange(with: second) else {
            throw lexer.failure(
                "Range expressions must have the form `x < field < y' or `x > field > y', with "
                    + "each `<' optionally replaced by `<=' or `>' by `>=').")
        }
        let parts = [
            try compare(field, first.turned, constants), try compare(field, second, upper),
        ]
        return (.all(parts), false)
    }

    private func booleanValue(_ constants: Constants) -> Bool? {
        guard !constants.isSet, constants.wide == nil, constants.members.count == 1,
            case .number(let number) = constants.members[0], number.format == .decimal,
            number.mask == nil, number.value <= 1
        else { return nil }
        return number.value == 1
    }

    private mutating func parseFunction() throws(LanguageError) -> Match {
        guard lexer.take(word: "is_chassis_resident") else {
            throw lexer.syntaxError("parsing function name")
        }
        try lexer.expect(.leftParenthesis)
        let name = try lexer.expectString()
        try lexer.expect(.rightParenthesis)
        return .isChassisResident(name)
    }

    private mutating func parseField() throws(LanguageError) -> FieldRange {
        let start = lexer
        let field = try lexer.expectField(in: table)
        guard table[field.symbol].isMatchable else {
            throw start.syntaxError("expecting field name")
        }
        return field
    }

    private mutating func parseRelation() throws(LanguageError) -> Relation {
        guard let relation = lexer.relation else {
            throw lexer.syntaxError("expecting relational operator")
        }
        lexer.advance()
        return relation
    }

    private func context(isSet: Bool) -> Comparison.Context {
        Comparison.Context(table: table, isNegated: isNegated, isSet: isSet)
    }

    private func compare(
        _ field: FieldRange, _ relation: Relation, _ constants: Constants
    ) throws(LanguageError) -> Match {
        if let wide = constants.wide {
            throw lexer.failure(wideProblem(field, constants, wide.index, wide.width))
        }
        let comparison = Comparison(field, relation, constants.members)
        if let problem = comparison.problem(in: context(isSet: constants.isSet)) {
            throw lexer.failure(problem)
        }
        return .comparison(comparison)
    }

    /// The first thing wrong with constants of which one is too wide for any field.
    private func wideProblem(
        _ field: FieldRange, _ constants: Constants, _ index: Int, _ width: Int
    ) -> String {
        let before = Array(constants.members[..<index]) + [0]
        let earlier = Comparison(field, .equal, before)
            .problem(in: Comparison.Context(table: table, isNegated: false, isSet: true))
        let definition = table[field.symbol]
        if definition.width == nil || index > 0, let earlier { return earlier }
        return Comparison.widthProblem(width, definition.width ?? 0, definition.name)
    }
}

// MARK: - Constants

extension MatchParser {
    private mutating func parseConstants() throws(LanguageError) -> Constants {
        var constants = Constants()
        guard lexer.take(.leftBrace) else {
            try parseConstant(into: &constants)
            return constants
        }
        constants.isSet = true
        repeat {
            try parseConstant(into: &constants)
            _ = lexer.take(.comma)
        } while !lexer.take(.rightBrace)
        return constants
    }

    private mutating func parseConstant(into constants: inout Constants) throws(LanguageError) {
        let constant: Constant
        switch lexer.token {
        case .string(let text): constant = .string(text)
        case .number(let number): constant = .number(number)
        case .wideNumber(_, let width):
            constant = 0
            constants.wide = constants.wide ?? (constants.members.count, width)
        case .addressSet(let name): constant = .addressSet(name)
        case .portGroup(let name): constant = .portGroup(name)
        case .template: throw lexer.failure("Unexpanded template.")
        default: throw lexer.syntaxError("expecting constant")
        }
        if let first = constants.members.first, first.isString != constant.isString {
            throw lexer.syntaxError("expecting \(first.isString ? "string" : "integer")")
        }
        constants.members.append(constant)
        lexer.advance()
    }
}

extension Relation {
    /// The relation that holds with the sides exchanged.
    var turned: Relation {
        switch self {
        case .equal, .notEqual: self
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        }
    }

    /// The relation that holds exactly where this one doesn't.
    package var inverted: Relation {
        switch self {
        case .equal: .notEqual
        case .notEqual: .equal
        case .less: .greaterOrEqual
        case .lessOrEqual: .greater
        case .greater: .lessOrEqual
        case .greaterOrEqual: .less
        }
    }

    /// Both ascending or both descending.
    fileprivate func formsRange(with other: Relation) -> Bool {
        switch (self, other) {
        case (.less, .less), (.less, .lessOrEqual), (.lessOrEqual, .less),
            (.lessOrEqual, .lessOrEqual), (.greater, .greater), (.greater, .greaterOrEqual),
            (.greaterOrEqual, .greater), (.greaterOrEqual, .greaterOrEqual):
            true
        default: false
        }
    }
}

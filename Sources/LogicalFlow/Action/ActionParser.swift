// Reads the actions of a logical flow. Property: parsing never traps, whatever the text; the first
// error is reported, with the token where it was noticed. Nesting is bounded, so a hostile text can't
// exhaust the stack.
//
// What depends on the flow's place (whether `next` leads anywhere) is left to `problem(in:)`, so that
// one text is parsed once for all flows that use it.

extension ActionList {
    package enum Limits {
        /// Levels of braces.
        package static let nesting = 32
        /// Bytes of a name in a log entry.
        package static let logName = 63
        package static let queue = 61440
    }

    package init(parsing text: String) throws(LanguageError) {
        var parser = ActionParser(text)
        self.init(try parser.parse())
    }
}

struct ActionParser {
    var lexer: Lexer
    let table = SymbolTable.standard
    private var depth = 0
    /// Where assignments may go at this place.
    private var scope = WriteScope.packet

    init(_ text: String) { lexer = Lexer(text) }

    mutating func parse() throws(LanguageError) -> [Action] {
        let actions = try parseList(until: .end)
        try lexer.expectEnd()
        return actions
    }
}

// MARK: - Structure

extension ActionParser {
    private mutating func parseList(until sentinel: Token) throws(LanguageError) -> [Action] {
        if lexer.token == .identifier("drop"), lexer.lookahead() == .punctuation(.semicolon) {
            lexer.advance()
            lexer.advance()
            return []
        }
        var actions: [Action] = []
        while lexer.token != sentinel {
            actions.append(try parseAction())
            try lexer.expect(.semicolon)
        }
        return actions
    }

    /// `{ actions }`
    mutating func parseBlock(_ scope: WriteScope? = nil) throws(LanguageError) -> [Action] {
        try lexer.expect(.leftBrace)
        guard depth < ActionList.Limits.nesting else {
            throw lexer.failure("Actions nested too deeply.")
        }
        let outer = self.scope
        self.scope = scope ?? outer
        depth += 1
        let actions = try parseList(until: .punctuation(.rightBrace))
        try lexer.expect(.rightBrace)
        depth -= 1
        self.scope = outer
        return actions
    }

    private mutating func parseAction() throws(LanguageError) -> Action {
        guard case .identifier(let word) = lexer.token else {
            if case .template = lexer.token { throw lexer.failure("Unexpanded template.") }
            throw lexer.syntaxError("expecting action")
        }
        switch lexer.lookahead() {
        case .punctuation(.assign), .punctuation(.exchange), .punctuation(.leftBracket):
            return try parseAssignment()
        default: break
        }
        let start = lexer
        lexer.advance()
        if let generator = Action.Generator(rawValue: word) {
            return .generate(generator, try parseBlock())
        }
        if let action = try parseControl(word) { return action }
        if let action = try parseConnection(word) { return action }
        if let action = try parseNeighbour(word) { return action }
        if let action = try parseService(word) { return action }
        throw start.syntaxError("expecting action")
    }

    private mutating func parseControl(_ word: String) throws(LanguageError) -> Action? {
        switch word {
        case "next": return .next(try parseNext())
        case "output": return .output
        case "clone": return .clone(try parseBlock(.packet))
        case "push": return .push(try parseFieldArgument(isWritten: false))
        case "pop": return .pop(try parseFieldArgument(isWritten: true))
        case "flood_remote": return .floodRemote
        case "mirror": return .mirror(port: try parsePortArgument())
        case "fwd_group": return .forwardGroup(try parseForwardGroup())
        case "ip.ttl":
            try lexer.expect(.decrement)
            return .decrementTTL
        case "set_queue": return try parseQueue()
        case "set_meter": return try parseMeter()
        default: return nil
        }
    }

    private mutating func parseFieldArgument(
        isWritten: Bool
    ) throws(LanguageError) -> FieldRange {
        try lexer.expect(.leftParenthesis)
        let field = try parseField()
        try check(field, width: field.width, isWritten: isWritten)
        try lexer.expect(.rightParenthesis)
        return field
    }

    private mutating func parsePortArgument() throws(LanguageError) -> String {
        try lexer.expect(.leftParenthesis)
        let name = try lexer.expectString("expecting port name string")
        try lexer.expect(.rightParenthesis)
        return name
    }
}

// MARK: - Fields

extension ActionParser {
    mutating func parseField() throws(LanguageError) -> FieldRange {
        try lexer.expectField(in: table)
    }

    /// A field of `width` bits that is read; 0 for a string.
    mutating func parseField(width: Int) throws(LanguageError) -> FieldRange {
        let field = try parseField()
        try check(field, width: width, isWritten: false)
        return field
    }

    /// Throws unless `field` has `width` bits (0: is a string) and may be written, if it is. What can only
    /// be assigned a constant has no value that could be kept.
    func check(
        _ field: FieldRange, width: Int, isWritten: Bool, isConstant: Bool = false
    ) throws(LanguageError) {
        let definition = table[field.symbol]
        if definition.isPredicate {
            throw lexer.failure(
                "Predicate symbol \(definition.name) used where lvalue required.")
        }
        if field.width != width { throw lexer.failure(widthProblem(field, definition, width)) }
        if !definition.isMatchable, !isConstant {
            throw lexer.failure("Field \(definition.name) can only be assigned a constant.")
        }
        if isWritten, !isWritable(definition) {
            throw lexer.failure("Field \(definition.name) is not modifiable.")
        }
    }

    private func isWritable(_ definition: SymbolDefinition) -> Bool {
        switch definition.scope {
        case .never: false
        case .anywhere: true
        case .packet: scope == .packet
        case .connection: scope == .connection
        }
    }

    private func widthProblem(
        _ field: FieldRange, _ definition: SymbolDefinition, _ width: Int
    ) -> String {
        let name = definition.name
        if width == 0 { return "Cannot use numeric field \(name) where string field is required." }
        if field.width == 0 {
            return "Cannot use string field \(name) where numeric field is required."
        }
        let range = "\(name)[\(field.low)..\(field.low + field.width - 1)]"
        return "Cannot use \(field.width)-bit field \(range) where \(width)-bit field is required."
    }
}

// MARK: - Control

extension ActionParser {
    private mutating func parseNext() throws(LanguageError) -> Action.NextTable {
        guard lexer.take(.leftParenthesis) else { return Action.NextTable() }
        if case .number = lexer.token {
            let table = try lexer.expectSmallInteger()
            try lexer.expect(.rightParenthesis)
            return Action.NextTable(table: table)
        }
        var pipeline: Action.Pipeline?
        var table: Int?
        repeat {
            if lexer.take(word: "pipeline") {
                try lexer.expect(.assign)
                pipeline = try parseWord("expecting \"ingress\" or \"egress\"")
            } else if lexer.take(word: "table") {
                try lexer.expect(.assign)
                table = try lexer.expectSmallInteger()
            } else {
                throw lexer.syntaxError("expecting \"pipeline\" or \"table\"")
            }
        } while lexer.take(.comma)
        try lexer.expect(.rightParenthesis)
        return Action.NextTable(pipeline: pipeline, table: table)
    }

    /// One of the words of an enumeration.
    mutating func parseWord<Word: RawRepresentable<String>>(
        _ detail: String
    ) throws(LanguageError) -> Word {
        guard case .identifier(let text) = lexer.token, let word = Word(rawValue: text) else {
            throw lexer.syntaxError(detail)
        }
        lexer.advance()
        return word
    }

    /// `true` or `false`, with or without quotes.
    mutating func parseTruth() throws(LanguageError) -> Bool {
        let value: Bool
        switch lexer.token {
        case .identifier("true"), .string("true"): value = true
        case .identifier("false"), .string("false"): value = false
        default: throw lexer.syntaxError("expecting true or false")
        }
        lexer.advance()
        return value
    }

    private mutating func parseForwardGroup() throws(LanguageError) -> Action.ForwardGroup {
        try lexer.expect(.leftParenthesis)
        var checksLiveness = false
        if lexer.take(word: "liveness") {
            try lexer.expect(.assign)
            checksLiveness = try parseTruth()
            try lexer.expect(.comma)
        }
        guard lexer.take(word: "childports") else {
            throw lexer.syntaxError("expecting childports")
        }
        try lexer.expect(.assign)
        var ports: [String] = []
        repeat {
            ports.append(try lexer.expectString("expecting logical switch port"))
            _ = lexer.take(.comma)
        } while !lexer.take(.rightParenthesis)
        return Action.ForwardGroup(ports: ports, checksLiveness: checksLiveness)
    }

    private mutating func parseQueue() throws(LanguageError) -> Action {
        try lexer.expect(.leftParenthesis)
        let queue = try lexer.expectSmallInteger()
        guard queue <= ActionList.Limits.queue else {
            throw lexer.failure(
                "Queue ID \(queue) for set_queue is not in valid range 0 to "
                    + "\(ActionList.Limits.queue).")
        }
        try lexer.expect(.rightParenthesis)
        return .setQueue(queue)
    }

    private mutating func parseMeter() throws(LanguageError) -> Action {
        try lexer.expect(.leftParenthesis)
        let rate = try parseInteger(upTo: UInt64.max)
        guard rate > 0 else {
            throw lexer.failure("Rate \(rate) for set_meter is not in valid.")
        }
        let burst = lexer.take(.comma) ? try parseInteger(upTo: UInt64.max) : 0
        try lexer.expect(.rightParenthesis)
        return .setMeter(rate: rate, burst: burst)
    }

    /// An unmasked decimal number.
    mutating func parseInteger(
        upTo limit: UInt64, _ detail: String = "expecting small integer"
    ) throws(LanguageError) -> UInt64 {
        guard case .number(let number) = lexer.token, number.format == .decimal,
            number.mask == nil, number.value <= UInt128(limit)
        else { throw lexer.syntaxError(detail) }
        lexer.advance()
        return UInt64(number.value)
    }
}

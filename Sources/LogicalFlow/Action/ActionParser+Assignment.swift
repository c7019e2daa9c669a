// The forms that begin with a field: loads, moves, exchanges, and functions with a result.

extension ActionParser {
    mutating func parseAssignment() throws(LanguageError) -> Action {
        let target = try parseField()
        if lexer.take(.exchange) { return try parseExchange(target) }
        guard lexer.take(.assign) else { throw lexer.syntaxError("expecting `=' or `<->'") }
        guard case .identifier(let word) = lexer.token else { return try parseLoad(target) }
        if lexer.isBeforeParenthesis {
            return try parseResult(target, of: word)
        }
        return try parseMove(target)
    }

    private mutating func parseLoad(_ target: FieldRange) throws(LanguageError) -> Action {
        try check(target, width: target.width, isWritten: true, isConstant: true)
        let constant: Constant
        switch lexer.token {
        case .string(let text): constant = .string(text)
        case .number(let number): constant = .number(number)
        case .wideNumber(_, let width):
            throw lexer.failure(
                target.symbol.isString
                    ? "String field \(target.symbol.name) is not compatible with integer constant."
                    : Comparison.widthProblem(
                        width, target.symbol.width ?? 0, target.symbol.name))
        case .template: throw lexer.failure("Unexpanded template.")
        default: throw lexer.syntaxError("expecting constant")
        }
        if let problem = Comparison.typeProblem(target, constant, table) {
            throw lexer.failure(problem)
        }
        lexer.advance()
        return .load(target, constant)
    }

    private mutating func parseMove(_ target: FieldRange) throws(LanguageError) -> Action {
        guard table[target.symbol].isMatchable else {
            throw lexer.syntaxError("expecting constant")
        }
        let source = try parseField()
        try checkPair(target, source, exchange: false)
        try check(source, width: source.width, isWritten: false)
        try check(target, width: target.width, isWritten: true)
        return .move(target, from: source)
    }

    private mutating func parseExchange(_ left: FieldRange) throws(LanguageError) -> Action {
        let right = try parseField()
        try checkPair(left, right, exchange: true)
        try check(left, width: left.width, isWritten: true)
        try check(right, width: right.width, isWritten: true)
        return .exchange(left, right)
    }

    /// Throws unless both are strings or both numbers of the same width, with storage to read.
    private func checkPair(
        _ left: FieldRange, _ right: FieldRange, exchange: Bool
    ) throws(LanguageError) {
        let (leftSymbol, rightSymbol) = (left.symbol, right.symbol)
        guard leftSymbol.isString == rightSymbol.isString else {
            let kinds = (left: kind(leftSymbol), right: kind(rightSymbol))
            throw lexer.failure(
                exchange
                    ? "Can't exchange \(kinds.left) field (\(leftSymbol.name)) with "
                        + "\(kinds.right) field (\(rightSymbol.name))."
                    : "Can't assign \(kinds.right) field (\(rightSymbol.name)) to "
                        + "\(kinds.left) field (\(leftSymbol.name)).")
        }
        guard left.width == right.width else {
            throw lexer.failure(
                exchange
                    ? "Can't exchange \(left.width)-bit field with \(right.width)-bit field."
                    : "Can't assign \(right.width)-bit value to \(left.width)-bit destination.")
        }
        for symbol in [leftSymbol, rightSymbol] where !table[symbol].isMatchable {
            throw lexer.failure("Field \(symbol.name) can only be assigned a constant.")
        }
    }

    private func kind(_ symbol: Symbol) -> String { symbol.isString ? "string" : "integer" }
}

extension Comparison {
    /// What is wrong with a constant for a field, apart from how it is compared.
    static func typeProblem(
        _ field: FieldRange, _ constant: Constant, _ table: SymbolTable
    ) -> String? {
        Comparison(field, .equal, [constant]).typeProblem(table[field.symbol])
    }
}

// MARK: - Functions

extension ActionParser {
    private mutating func parseResult(
        _ target: FieldRange, of word: String
    ) throws(LanguageError) -> Action {
        let start = lexer
        lexer.advance()
        lexer.advance()
        if word == "select" { return try parseSelect(target) }
        guard let (function, width) = try parseFunction(word, target) else {
            throw start.syntaxError("expecting field name")
        }
        try check(target, width: width, isWritten: true)
        return .evaluate(target, function)
    }

    /// The arguments of a function, up to its closing parenthesis, and the width of its result;
    /// nil if there is no such function.
    private mutating func parseFunction(
        _ word: String, _ target: FieldRange
    ) throws(LanguageError) -> (Action.Function, width: Int)? {
        if let check = Action.Check(rawValue: word) {
            try expectNoArguments(word)
            return (.check(check), 1)
        }
        if let field = Action.ConnectionField(rawValue: word) {
            try expectNoArguments(word)
            return (.connection(field), field.width)
        }
        if let function = try parseTableFunction(word) {
            try lexer.expect(.rightParenthesis)
            switch function {
            case .getFDB, .getRemoteFDB: return (function, target.width == 32 ? 32 : 0)
            default: return (function, 1)
            }
        }
        return try parseServiceFunction(word).map { ($0, 1) }
    }

    private mutating func expectNoArguments(_ word: String) throws(LanguageError) {
        guard lexer.take(.rightParenthesis) else {
            throw lexer.failure("\(word) doesn't take any parameters")
        }
    }

    private mutating func parseTableFunction(
        _ word: String
    ) throws(LanguageError) -> Action.Function? {
        switch word {
        case "lookup_arp", "lookup_nd":
            let family: Action.Family = word == "lookup_arp" ? .ip4 : .ip6
            let (port, address) = try parsePortAndAddress(family)
            try lexer.expect(.comma)
            return .lookupNeighbour(
                family, port: port, address: address, ethernet: try parseField(width: 48))
        case "lookup_arp_ip", "lookup_nd_ip":
            let family: Action.Family = word == "lookup_arp_ip" ? .ip4 : .ip6
            let (port, address) = try parsePortAndAddress(family)
            return .lookupNeighbourAddress(family, port: port, address: address)
        case "chk_evpn_arp":
            let address = try parseField()
            try check(address, width: address.width == 128 ? 128 : 32, isWritten: false)
            return .checkEVPNNeighbour(address)
        case "lookup_fdb":
            let port = try parseField(width: 0)
            try lexer.expect(.comma)
            return .lookupFDB(port: port, ethernet: try parseField(width: 48))
        case "get_fdb": return .getFDB(try parseField(width: 48))
        case "get_remote_fdb": return .getRemoteFDB(try parseField(width: 48))
        default: return nil
        }
    }

    mutating func parsePortAndAddress(
        _ family: Action.Family
    ) throws(LanguageError) -> (port: FieldRange, address: FieldRange) {
        let port = try parseField(width: 0)
        try lexer.expect(.comma)
        return (port, try parseField(width: family == .ip4 ? 32 : 128))
    }

    private mutating func parseSelect(_ target: FieldRange) throws(LanguageError) -> Action {
        try check(target, width: target.width, isWritten: true)
        guard target.width >= 16 else {
            let range = "\(target.symbol.name)[\(target.low)..\(target.low + target.width - 1)]"
            throw lexer.failure(
                "Cannot use \(target.width)-bit field \(range) for \"select\", which requires at "
                    + "least 16 bits.")
        }
        guard lexer.take(word: "values") else {
            return .select(target, Action.Selection(try parseMembers()))
        }
        try lexer.expect(.assign)
        try lexer.expect(.leftParenthesis)
        let members = try parseMembers()
        try lexer.expect(.semicolon)
        let fields = try parseHashFields()
        try lexer.expect(.rightParenthesis)
        return .select(target, Action.Selection(members, hashFields: fields))
    }

    private mutating func parseMembers() throws(LanguageError) -> [Action.Selection.Member] {
        var members: [Action.Selection.Member] = []
        while !lexer.take(.rightParenthesis) {
            members.append(try parseMember())
            _ = lexer.take(.comma)
        }
        if members.count < 2 { throw lexer.syntaxError("expecting at least 2 group members") }
        return members
    }

    private mutating func parseMember() throws(LanguageError) -> Action.Selection.Member {
        let value = try parseInteger(upTo: 65535, "expecting id")
        guard lexer.take(.assign) else { return Action.Selection.Member(UInt16(value)) }
        if case .number(let number) = lexer.token, number.value == 0 {
            throw lexer.syntaxError("weight can't be 0")
        }
        let weight = try parseInteger(upTo: 65535, "expecting weight")
        return Action.Selection.Member(UInt16(value), weight: UInt16(weight))
    }

    /// `hash_fields="a,b"`
    mutating func parseHashFields() throws(LanguageError) -> [String] {
        guard lexer.take(word: "hash_fields"), lexer.take(.assign),
            case .string(let text) = lexer.token
        else { throw lexer.syntaxError("invalid hash_fields") }
        lexer.advance()
        return text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
}

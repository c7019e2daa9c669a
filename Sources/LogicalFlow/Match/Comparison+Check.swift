// The type rules of one comparison. The parser applies them where the comparison stands, so that the
// first error of a text is the one reported; `Match.check` applies them to a match built in code.

extension Comparison {
    /// What a comparison is checked against.
    struct Context {
        let table: SymbolTable
        /// True under an odd number of enclosing `!`.
        let isNegated: Bool
        /// Written with braces, also around a single constant.
        let isSet: Bool
    }

    /// Returns what is wrong, in the words that OVN's programs use, or nil.
    func problem(in context: Context) -> String? {
        let definition = context.table[field.symbol]
        return typeProblem(definition) ?? orderProblem(definition, isSet: context.isSet)
            ?? levelProblem(definition, isNegated: context.isNegated)
    }

    /// Constants are of the field's kind, and no wider than its symbol.
    func typeProblem(_ definition: SymbolDefinition) -> String? {
        guard let width = definition.width else {
            return constants.allSatisfy(\.isString)
                ? nil
                : "String field \(definition.name) is not compatible with integer constant."
        }
        for constant in constants {
            if constant.isString {
                return "Integer field \(definition.name) is not compatible with string constant."
            }
            if case .number(let number) = constant, number.width > width {
                return Comparison.widthProblem(number.width, width, definition.name)
            }
        }
        return nil
    }

    static func widthProblem(_ width: Int, _ fieldWidth: Int, _ name: String) -> String {
        "\(width)-bit constant is not compatible with \(fieldWidth)-bit field \(name)."
    }

    /// Order applies to one unmasked constant and an ordinal field.
    private func orderProblem(_ definition: SymbolDefinition, isSet: Bool) -> String? {
        if relation == .equal || relation == .notEqual { return nil }
        if isSet || constants.count > 1 {
            return "Only == and != operators may be used with value sets."
        }
        switch definition.level {
        case .nominal:
            return "Only == and != operators may be used with nominal field \(definition.name)."
        case .boolean:
            return "Only == and != operators may be used with Boolean field \(definition.name)."
        case .ordinal: break
        }
        switch constants[0] {
        case .number(let number) where number.mask != nil:
            return "Only == and != operators may be used with masked constants.  Consider using "
                + "subfields instead (e.g. eth.src[0..15] > 0x1111 in place of "
                + "eth.src > 00:00:00:00:11:11/00:00:00:00:ff:ff)."
        case .addressSet, .portGroup:
            return "Only == and != operators may be used with value sets."
        case .number, .string: return nil
        }
    }

    /// Nominal symbols are tested for equality once all enclosing `!` are counted.
    private func levelProblem(_ definition: SymbolDefinition, isNegated: Bool) -> String? {
        guard definition.level == .nominal else { return nil }
        let name = definition.name
        guard definition.isPredicate else {
            if relation == (isNegated ? .notEqual : .equal) { return nil }
            return "Nominal field \(name) may only be tested for equality (taking enclosing `!' "
                + "operators into account)."
        }
        for constant in constants {
            guard case .number(let number) = constant else { continue }
            let isSet = number.value & 1 != 0
            let isPositive = isSet == ((relation == .notEqual) == isNegated)
            if !isPositive {
                return "Nominal predicate \(name) may only be tested positively, e.g. `\(name)' or "
                    + "`\(name) == 1' but not `!\(name)' or `\(name) == 0'."
            }
        }
        return nil
    }
}

extension FieldRange {
    /// What is wrong with the bare field as a test, or nil.
    func testProblem(in context: Comparison.Context) -> String? {
        if symbol.isString || width > 1 && !context.isNegated {
            return "Explicit `!= 0' is required for inequality test of multibit field against 0."
        }
        return asComparison.problem(in: context)
    }

    /// A bare field means `field != 0`.
    var asComparison: Comparison { Comparison(self, .notEqual, [0]) }
}

extension Match {
    /// Throws what a parser would say about this match's text.
    package func check(in table: SymbolTable = .standard) throws(LanguageError) {
        if let problem = problem(in: table, isNegated: false) {
            throw LanguageError(problem, at: 0)
        }
    }

    private func problem(in table: SymbolTable, isNegated: Bool) -> String? {
        let context = Comparison.Context(table: table, isNegated: isNegated, isSet: false)
        switch self {
        case .constant, .isChassisResident: return nil
        case .test(let field): return field.testProblem(in: context)
        case .comparison(let comparison): return comparison.problem(in: context)
        case .not(let match): return match.problem(in: table, isNegated: !isNegated)
        case .and(let parts), .or(let parts):
            for part in parts {
                if let problem = part.problem(in: table, isNegated: isNegated) { return problem }
            }
            return nil
        }
    }
}

// Turns matches into conditions.
//
// The rule that decides most: `!` does not reach a field's prerequisites. `!(tcp.dst == 80)` is
// `tcp.dst != 80 && tcp`, and `!ct.est` is `ct.trk` and not established. Negating a *predicate* negates
// all that it stands for: `!ip.first_frag` holds for what isn't IP at all.

struct Annotator: Sendable {
    private let table: SymbolTable
    /// What each predicate stands for.
    private let expansions: [Symbol: Condition]

    static let standard = Annotator(.standard)
    static let connectionTracking = Annotator(.connectionTracking)

    static func of(_ table: SymbolTable) -> Annotator {
        table.translatesTransport ? connectionTracking : standard
    }

    private init(_ table: SymbolTable) {
        self.table = table
        var builder = ExpansionBuilder(table: table)
        for symbol in Symbol.allCases { builder.add(symbol) }
        expansions = builder.expansions
    }

    fileprivate init(table: SymbolTable, expansions: [Symbol: Condition]) {
        self.table = table
        self.expansions = expansions
    }

    /// The condition that a predicate, used as a prerequisite, stands for.
    func expansion(of symbol: Symbol) -> Condition {
        expansions[symbol] ?? condition(.symbol(symbol), isNegated: false)
    }

    func condition(_ match: Match, isNegated: Bool) -> Condition {
        switch match {
        case .constant(let value): .constant(value != isNegated)
        case .test(let field): condition(field.asComparison, isNegated: isNegated)
        case .comparison(let comparison): condition(comparison, isNegated: isNegated)
        case .isChassisResident(let name): .isChassisResident(name, !isNegated)
        case .not(let match): condition(match, isNegated: !isNegated)
        case .and(let parts): combine(parts, isConjunction: !isNegated, isNegated)
        case .or(let parts): combine(parts, isConjunction: isNegated, isNegated)
        }
    }

    private func combine(
        _ parts: [Match], isConjunction: Bool, _ isNegated: Bool
    ) -> Condition {
        let conditions = parts.map { condition($0, isNegated: isNegated) }
        return isConjunction ? .all(conditions) : .any(conditions)
    }
}

// MARK: - Comparisons

extension Annotator {
    private func condition(_ comparison: Comparison, isNegated: Bool) -> Condition {
        let relation = isNegated ? comparison.relation.inverted : comparison.relation
        let definition = table[comparison.field.symbol]
        let leaves = comparison.constants.map { constant in
            leaf(comparison.field, definition, relation, constant)
        }
        let test: Condition = relation == .notEqual ? .all(leaves) : .any(leaves)
        guard let prerequisite = definition.prerequisite else { return test }
        return .all([test, expansion(of: prerequisite)])
    }

    private func leaf(
        _ field: FieldRange, _ definition: SymbolDefinition, _ relation: Relation,
        _ constant: Constant
    ) -> Condition {
        guard let whole = definition.storage else {
            return predicate(field.symbol, relation, constant)
        }
        let storage = definition.width == nil ? whole : whole.narrowed(to: field)
        switch constant {
        case .string(let name): return .port(storage, name)
        case .portGroup(let name): return .portGroup(storage, name)
        case .addressSet(let name):
            return .addressSet(storage, name, isMember: relation == .equal)
        case .number(let number): return .bits(BitTest(storage, relation, number))
        }
    }

    private func predicate(
        _ symbol: Symbol, _ relation: Relation, _ constant: Constant
    ) -> Condition {
        let bit: Bool =
            if case .number(let number) = constant { number.value & 1 != 0 } else { true }
        let isPositive = bit == (relation == .equal)
        let expansion = expansion(of: symbol)
        return isPositive ? expansion : expansion.negated()
    }
}

extension Storage {
    /// The part of this storage that `field` selects.
    package func narrowed(to range: FieldRange) -> Storage {
        guard range.bits != nil else { return self }
        return Storage(field: field, offset: offset + range.low, width: range.width)
    }

    /// The bits of the field that belong to this storage.
    package var mask: UInt128 { .ones(width) << UInt128(offset) }
}

extension BitTest {
    /// Compares `storage` with a constant. Bits of the constant beyond the storage are cut off.
    init(_ storage: Storage, _ relation: Relation, _ number: Number) {
        let mask = (number.mask ?? .max) & .ones(storage.width)
        let shift = UInt128(storage.offset)
        self.init(
            storage.field, relation, (number.value & mask) << shift, mask: mask << shift)
    }
}

/// Expands predicates, each after those that it uses.
private struct ExpansionBuilder {
    let table: SymbolTable
    var expansions: [Symbol: Condition] = [:]

    mutating func add(_ symbol: Symbol) {
        guard expansions[symbol] == nil, table.contains(symbol) else { return }
        let definition = table[symbol]
        if let prerequisite = definition.prerequisite { add(prerequisite) }
        guard case .predicate(let match) = definition.meaning else { return }
        for used in match.symbols { add(used) }
        let annotator = Annotator(table: table, expansions: expansions)
        expansions[symbol] = annotator.condition(match, isNegated: false)
    }
}

extension Match {
    /// The symbols that occur, in order of occurrence.
    package var symbols: [Symbol] {
        switch self {
        case .constant, .isChassisResident: []
        case .test(let field): [field.symbol]
        case .comparison(let comparison): [comparison.field.symbol]
        case .not(let match): match.symbols
        case .and(let parts), .or(let parts): parts.flatMap(\.symbols)
        }
    }
}

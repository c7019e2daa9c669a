// A match as text writes it: comparisons of named fields with constants, combined by and, or, not.
// Predicates are not expanded and prerequisites not added (`Condition` is that form).
//
// Property: text and value are two spellings of one thing. Printing is canonical, and reading what
// was printed gives `canonical` back. So whoever builds flows never pastes text.

package indirect enum Match: Hashable, Sendable {
    case constant(Bool)
    /// A bare field: not zero.
    case test(FieldRange)
    case comparison(Comparison)
    case isChassisResident(String)
    case not(Match)
    case and([Match])
    case or([Match])
}

package enum Relation: String, CaseIterable, Hashable, Sendable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
}

/// `field relation constants`. Of several constants, `==` means one of them and `!=` none of them.
package struct Comparison: Hashable, Sendable {
    package let field: FieldRange
    package let relation: Relation
    /// At least one; all numbers or all names.
    package let constants: [Constant]

    package init(_ field: FieldRange, _ relation: Relation, _ constants: [Constant]) {
        precondition(!constants.isEmpty, "a comparison needs a constant")
        self.field = field
        self.relation = relation
        self.constants = constants
    }
}

// MARK: - Building

extension Match {
    package static let always = Match.constant(true)
    package static let never = Match.constant(false)

    /// A bare field or predicate, such as `ip4` or `ct.est`.
    package static func symbol(_ symbol: Symbol) -> Match { .test(FieldRange(symbol)) }

    package static func compare(
        _ symbol: Symbol, _ relation: Relation, _ constant: Constant
    ) -> Match {
        .comparison(Comparison(FieldRange(symbol), relation, [constant]))
    }

    package static func compare(
        _ symbol: Symbol, _ relation: Relation, _ constants: [Constant]
    ) -> Match {
        .comparison(Comparison(FieldRange(symbol), relation, constants))
    }

    package static func compare(
        _ field: FieldRange, _ relation: Relation, _ constant: Constant
    ) -> Match {
        .comparison(Comparison(field, relation, [constant]))
    }

    package static func compare(
        _ field: FieldRange, _ relation: Relation, _ constants: [Constant]
    ) -> Match {
        .comparison(Comparison(field, relation, constants))
    }

    /// The conjunction of any number of matches; true of none.
    package static func all(_ matches: [Match]) -> Match {
        combine(matches, neutral: true) { if case .and(let parts) = $0 { parts } else { nil } }
    }

    /// The disjunction of any number of matches; false of none.
    package static func any(_ matches: [Match]) -> Match {
        combine(matches, neutral: false) { if case .or(let parts) = $0 { parts } else { nil } }
    }

    private static func combine(
        _ matches: [Match], neutral: Bool, _ parts: (Match) -> [Match]?
    ) -> Match {
        let flat = matches.flatMap { parts($0) ?? [$0] }
        switch flat.count {
        case 0: return .constant(neutral)
        case 1: return flat[0]
        default: return neutral ? .and(flat) : .or(flat)
        }
    }

    /// The form that parsing yields: conjunctions directly within conjunctions are one, likewise
    /// disjunctions, and none has fewer than two parts.
    package var canonical: Match {
        switch self {
        case .constant, .test, .comparison, .isChassisResident: self
        case .not(let match): .not(match.canonical)
        case .and(let parts): .all(parts.map(\.canonical))
        case .or(let parts): .any(parts.map(\.canonical))
        }
    }
}

// MARK: - Printing

extension Match: CustomStringConvertible {
    /// Canonical text, which parses to `canonical`.
    package var description: String {
        var text = ""
        canonical.print(into: &text, isOperand: false)
        return text
    }

    private func print(into text: inout String, isOperand: Bool) {
        switch self {
        case .constant(let value): text += value ? "1" : "0"
        case .test(let field): text += field.description
        case .comparison(let comparison): text += comparison.description
        case .isChassisResident(let name): text += "is_chassis_resident(\(quoted(name)))"
        case .not(let match): match.printNegated(into: &text)
        case .and(let parts): Match.print(parts, " && ", into: &text, isOperand)
        case .or(let parts): Match.print(parts, " || ", into: &text, isOperand)
        }
    }

    /// `!` takes only what can't be read in two ways: a bare field, a constant, a function call;
    /// the rest goes into parentheses.
    private func printNegated(into text: inout String) {
        switch self {
        case .constant, .test, .isChassisResident:
            text += "!"
            print(into: &text, isOperand: true)
        case .and, .or:
            text += "!"
            print(into: &text, isOperand: true)
        case .comparison, .not:
            text += "!("
            print(into: &text, isOperand: false)
            text += ")"
        }
    }

    private static func print(
        _ parts: [Match], _ separator: String, into text: inout String, _ isOperand: Bool
    ) {
        if isOperand { text += "(" }
        for (index, part) in parts.enumerated() {
            if index > 0 { text += separator }
            part.print(into: &text, isOperand: true)
        }
        if isOperand { text += ")" }
    }
}

extension Comparison: CustomStringConvertible {
    package var description: String {
        let values =
            constants.count == 1
            ? constants[0].description
            : "{" + constants.map(\.description).joined(separator: ", ") + "}"
        return "\(field) \(relation.rawValue) \(values)"
    }
}

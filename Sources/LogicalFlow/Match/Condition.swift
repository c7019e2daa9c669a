// A match in terms of root fields: predicates expanded, prerequisites added, negations at the leaves.
// This is the form that is evaluated.
//
// Property: evaluation of a condition needs no symbol table, and two texts that mean the same through
// different names (`reg0`, `xxreg0[96..127]`) give equal leaves.

package indirect enum Condition: Hashable, Sendable {
    case constant(Bool)
    case bits(BitTest)
    /// The port key in `storage` is that of the port with this name. An unknown name is no port.
    case port(Storage, String)
    /// The port key in `storage` is that of a member of the port group.
    case portGroup(Storage, String)
    /// The bits in `storage` are, or aren't, in the address set.
    case addressSet(Storage, String, isMember: Bool)
    case isChassisResident(String, Bool)
    case and([Condition])
    case or([Condition])
}

/// Compares some bits of a field with a value, as unsigned numbers.
///
/// Invariant: `value` has no bit outside of `mask`, and `mask` none outside of the field.
package struct BitTest: Hashable, Sendable {
    package let field: Field
    package let relation: Relation
    package let value: UInt128
    package let mask: UInt128

    package init(_ field: Field, _ relation: Relation, _ value: UInt128, mask: UInt128) {
        precondition(value & ~mask == 0 && mask & ~field.fullMask == 0)
        self.field = field
        self.relation = relation
        self.value = value
        self.mask = mask
    }

    package func holds(for content: UInt128) -> Bool {
        relation.holds(content & mask, value)
    }
}

extension Relation {
    package func holds(_ left: UInt128, _ right: UInt128) -> Bool {
        switch self {
        case .equal: left == right
        case .notEqual: left != right
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        }
    }
}

extension Condition {
    package static let always = Condition.constant(true)
    package static let never = Condition.constant(false)

    /// The condition under which `match`, written in the names of `table`, holds and everything in
    /// `prerequisites` holds.
    package init(_ match: Match, table: SymbolTable = .standard, prerequisites: [Symbol] = []) {
        let annotator = Annotator.of(table)
        let parts =
            [annotator.condition(match, isNegated: false)]
            + prerequisites.map { Annotator.standard.expansion(of: $0) }
        self = .all(parts)
    }

    /// The conjunction; conjunctions and truths among the parts dissolve.
    package static func all(_ parts: [Condition]) -> Condition {
        var flat: [Condition] = []
        for part in parts {
            switch part {
            case .constant(true): continue
            case .constant(false): return .never
            case .and(let inner): flat += inner
            default: flat.append(part)
            }
        }
        return flat.count == 1 ? flat[0] : flat.isEmpty ? .always : .and(flat)
    }

    /// The disjunction; disjunctions and falsehoods among the parts dissolve.
    package static func any(_ parts: [Condition]) -> Condition {
        var flat: [Condition] = []
        for part in parts {
            switch part {
            case .constant(false): continue
            case .constant(true): return .always
            case .or(let inner): flat += inner
            default: flat.append(part)
            }
        }
        return flat.count == 1 ? flat[0] : flat.isEmpty ? .never : .or(flat)
    }

    /// The condition that holds exactly where this one doesn't. Names of ports and port groups are
    /// never negated: the language allows only positive tests of them.
    func negated() -> Condition {
        switch self {
        case .constant(let value): .constant(!value)
        case .bits(let test):
            .bits(BitTest(test.field, test.relation.inverted, test.value, mask: test.mask))
        case .port, .portGroup: preconditionFailure("negated port name")
        case .addressSet(let storage, let name, let isMember):
            .addressSet(storage, name, isMember: !isMember)
        case .isChassisResident(let name, let expected): .isChassisResident(name, !expected)
        case .and(let parts): .any(parts.map { $0.negated() })
        case .or(let parts): .all(parts.map { $0.negated() })
        }
    }
}

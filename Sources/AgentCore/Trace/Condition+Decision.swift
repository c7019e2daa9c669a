import LogicalFlow

// What a microflow needs of a condition beside its meaning: comparisons by order as alternatives of
// equalities, and a text for the message that it leaves a choice.

extension Condition {
    /// An equivalent condition without comparisons by order, in which every port is resident.
    var decided: Condition {
        switch self {
        case .constant, .port, .portGroup, .addressSet: self
        case .isChassisResident(_, let expected): .constant(expected)
        case .bits(let test): test.decided
        case .and(let parts): .all(parts.map(\.decided))
        case .or(let parts): .any(parts.map(\.decided))
        }
    }

    /// The condition in terms of root fields, numbers in hexadecimal.
    var text: String { text(isOperand: false) }

    private func text(isOperand: Bool) -> String {
        switch self {
        case .constant(let value): return value ? "1" : "0"
        case .bits(let test): return test.text
        case .port(let storage, let name): return "\(storage.field) == \(quoted(name))"
        case .portGroup(let storage, let name): return "\(storage.field) == @\(name)"
        case .addressSet(let storage, let name, let isMember):
            return "\(storage.field) \(isMember ? "==" : "!=") $\(name)"
        case .isChassisResident(let name, let expected):
            return (expected ? "" : "!") + "is_chassis_resident(\(quoted(name)))"
        case .and(let parts): return Self.text(parts, " && ", isOperand)
        case .or(let parts): return Self.text(parts, " || ", isOperand)
        }
    }

    private static func text(
        _ parts: [Condition], _ separator: String, _ isOperand: Bool
    ) -> String {
        let joined = parts.map { $0.text(isOperand: true) }.joined(separator: separator)
        return isOperand ? "(\(joined))" : joined
    }
}

extension BitTest {
    fileprivate var text: String {
        let name = Symbol.allCases.first { symbol in
            guard SymbolTable.standard.contains(symbol),
                let storage = SymbolTable.standard[symbol].storage
            else { return false }
            return storage.field == field && storage.width == field.width
        }
        return text(name?.name ?? "\(field)")
    }

    /// Bits that follow each other are a part of the field; one bit is set or not.
    private func text(_ name: String) -> String {
        let low = mask.trailingZeroBitCount
        let run = mask >> UInt128(low)
        guard run & (run &+ 1) == 0 else {
            let bits = "/" + hexadecimalText(mask)
            return "\(name) \(relation.rawValue) \(hexadecimalText(value))\(bits)"
        }
        let width = run.nonzeroBitCount
        if width == 1, relation == .equal || relation == .notEqual {
            let isSet = (value != 0) == (relation == .equal)
            return (isSet ? "" : "!") + name + (field.width > 1 ? "[\(low)]" : "")
        }
        let last = low + width - 1
        let range =
            mask == field.fullMask ? "" : width > 1 ? "[\(low)..\(last)]" : "[\(low)]"
        return "\(name)\(range) \(relation.rawValue) \(hexadecimalText(value >> UInt128(low)))"
    }

    fileprivate var decided: Condition {
        switch relation {
        case .equal, .notEqual: .bits(self)
        case .less: .any(smaller)
        case .lessOrEqual: .any(smaller + [equality(value, mask)])
        case .greater: .any(larger)
        case .greaterOrEqual: .any(larger + [equality(value, mask)])
        }
    }

    /// Below a one bit of the value, the bits above being equal.
    private var smaller: [Condition] { alternatives(where: value) }

    private var larger: [Condition] { alternatives(where: ~value & mask) }

    /// For each of `bits`: it differs from the value's, those above do not.
    private func alternatives(where bits: UInt128) -> [Condition] {
        (0..<field.width).compactMap { index in
            let bit: UInt128 = 1 << UInt128(index)
            guard bits & bit != 0 else { return nil }
            let upper = mask & ~(bit - 1)
            return equality((value ^ bit) & upper, upper)
        }
    }

    private func equality(_ value: UInt128, _ mask: UInt128) -> Condition {
        .bits(BitTest(field, .equal, value & mask, mask: mask))
    }
}

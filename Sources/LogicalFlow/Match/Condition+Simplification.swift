// Reduces a condition to fewer and plainer tests, without changing where it holds.
//
// Prerequisites repeat: `ip4 && tcp.dst == 80` says eth.type == 0x800 and, through `tcp`, eth.type is
// 0x800 or 0x86dd. What a conjunction fixes (bits of fields) decides tests in its other parts; what
// all alternatives of a disjunction have in common moves in front of it. So most matches end as a
// plain conjunction of equalities, which a hash table can answer.

/// Bits of fields that are known to have certain values.
private struct KnownBits {
    private struct Entry {
        let field: Field
        var value: UInt128
        var mask: UInt128
    }

    private var entries: [Entry] = []

    /// Value and mask of the bits that are known of `field`.
    subscript(field: Field) -> (value: UInt128, mask: UInt128) {
        for entry in entries where entry.field == field { return (entry.value, entry.mask) }
        return (0, 0)
    }

    /// Adds what an equality says; false if it contradicts what is known.
    mutating func add(_ test: BitTest) -> Bool {
        guard let index = entries.firstIndex(where: { $0.field == test.field }) else {
            entries.append(Entry(field: test.field, value: test.value, mask: test.mask))
            return true
        }
        guard (entries[index].value ^ test.value) & entries[index].mask & test.mask == 0 else {
            return false
        }
        entries[index].value |= test.value
        entries[index].mask |= test.mask
        return true
    }
}

extension Condition {
    /// An equivalent condition.
    package func simplified() -> Condition {
        if case .and(let parts) = self, let plain = Self.plain(parts) { return plain }
        return reduced(KnownBits())
    }

    /// Most conjunctions are plain: equalities of different fields, some of them twice, and at most one
    /// test of another kind that nothing decides. They only take their order.
    private static func plain(_ parts: [Condition]) -> Condition? {
        var equalities: [Condition] = []
        equalities.reserveCapacity(parts.count)
        var other: Condition?
        var seen: UInt64 = 0
        for part in parts {
            switch part {
            case .bits(let test):
                let bit: UInt64 = 1 << UInt64(test.field.rawValue)
                guard test.relation == .equal, test.mask != 0 else { return nil }
                if seen & bit == 0 {
                    seen |= bit
                    equalities.append(part)
                } else if !equalities.contains(part) {
                    return nil
                }
            case .port, .portGroup, .addressSet, .isChassisResident:
                guard other == nil else { return nil }
                other = part
            case .constant, .and, .or: return nil
            }
        }
        if let other { equalities.append(other) }
        return equalities.count == 1 ? equalities[0] : .and(equalities)
    }

    private func reduced(_ known: KnownBits) -> Condition {
        switch self {
        case .constant, .port, .portGroup, .addressSet, .isChassisResident: self
        case .bits(let test): test.reduced(known)
        case .and(let parts): Self.reduceConjunction(parts, known)
        case .or(let parts): Self.reduceDisjunction(parts, known)
        }
    }

    private static func reduceConjunction(_ parts: [Condition], _ known: KnownBits) -> Condition {
        var known = known
        var facts: [Condition] = []
        var open = parts
        var isSettled = false
        while !isSettled {
            isSettled = true
            var rest: [Condition] = []
            for part in open {
                switch part.reduced(known) {
                case .constant(true): continue
                case .constant(false): return .never
                case .bits(let test) where test.relation == .equal:
                    guard known.add(test) else { return .never }
                    facts.append(.bits(test))
                    isSettled = false
                case .and(let inner):
                    rest += inner
                    isSettled = false
                case let other: rest.append(other)
                }
            }
            open = rest
        }
        return .all(unique(joined(facts) + open))
    }

    /// Equalities of the same field as one.
    private static func joined(_ facts: [Condition]) -> [Condition] {
        var tests: [BitTest] = []
        for case .bits(let test) in facts {
            if let index = tests.firstIndex(where: { $0.field == test.field }) {
                tests[index] = BitTest(
                    test.field, .equal, tests[index].value | test.value,
                    mask: tests[index].mask | test.mask)
            } else {
                tests.append(test)
            }
        }
        return tests.map(Condition.bits)
    }

    private static func reduceDisjunction(_ parts: [Condition], _ known: KnownBits) -> Condition {
        let reduced = Condition.any(parts.map { $0.reduced(known) })
        guard case .or(let alternatives) = reduced else { return reduced }
        let distinct = unique(alternatives)
        guard distinct.count > 1 else { return distinct[0] }
        return factored(distinct)
    }

    /// Moves what all alternatives demand in front of the disjunction.
    private static func factored(_ alternatives: [Condition]) -> Condition {
        let lists = alternatives.map(\.conjuncts)
        var common = lists[0]
        for list in lists.dropFirst() where !common.isEmpty {
            let members = Set(list)
            common.removeAll { !members.contains($0) }
        }
        if common.isEmpty { return .or(alternatives) }
        let shared = Set(common)
        let rest = lists.map { list in Condition.all(list.filter { !shared.contains($0) }) }
        return .all(common + [.any(unique(rest))])
    }

    var conjuncts: [Condition] {
        if case .and(let parts) = self { parts } else { [self] }
    }

    private static func unique(_ parts: [Condition]) -> [Condition] {
        guard parts.count > 1 else { return parts }
        var seen = Set<Condition>(minimumCapacity: parts.count)
        return parts.filter { seen.insert($0).inserted }
    }
}

extension BitTest {
    fileprivate func reduced(_ known: KnownBits) -> Condition {
        let fact = known[field]
        switch relation {
        case .equal, .notEqual: return reducedEquality(fact.value, fact.mask)
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            if mask & ~fact.mask == 0 { return .constant(holds(for: fact.value)) }
            return reducedOrder
        }
    }

    private func reducedEquality(_ knownValue: UInt128, _ knownMask: UInt128) -> Condition {
        let isEquality = relation == .equal
        if (value ^ knownValue) & mask & knownMask != 0 { return .constant(!isEquality) }
        let open = mask & ~knownMask
        if open == 0 { return .constant(isEquality) }
        if !isEquality, open & (open - 1) == 0 {
            return .bits(BitTest(field, .equal, ~value & open, mask: open))
        }
        return .bits(BitTest(field, relation, value & open, mask: open))
    }

    /// Order relations that always or never hold, or hold for one value.
    private var reducedOrder: Condition {
        switch relation {
        case .greaterOrEqual where value == 0, .lessOrEqual where value == mask: .always
        case .less where value == 0, .greater where value == mask: .never
        case .lessOrEqual where value == 0, .greaterOrEqual where value == mask:
            .bits(BitTest(field, .equal, value, mask: mask))
        case .greater where value == 0: .bits(BitTest(field, .notEqual, value, mask: mask))
        case .less where value == mask: .bits(BitTest(field, .notEqual, value, mask: mask))
        default: .bits(self)
        }
    }
}

import Datapath
import LogicalFlow

// From a condition to a compiled match.
//
// Equalities go to the hash key. At most one set of alternatives (the largest whose members are
// themselves equalities) is multiplied out, so the memory of a match is proportional to its text. All
// else becomes the residual.

/// The name that means no port.
let noPortName = "none"

struct MatchCompiler {
    let names: NameRegistry

    func compile(_ condition: Condition) -> CompiledMatch {
        guard condition.addressSets.allSatisfy(names.hasAddressSet) else { return .never }
        let resolved = resolve(condition).simplified()
        if case .constant(false) = resolved { return .never }
        var base = TupleBuilder()
        var open: [Condition] = []
        for part in resolved.parts {
            guard let isConsistent = add(part, to: &base) else {
                open.append(part)
                continue
            }
            if !isConsistent { return .never }
        }
        let alternatives = takeAlternatives(&open)
        var builders: [TupleBuilder] = []
        for alternative in alternatives {
            var builder = base
            if add(alternative, to: &builder) == true { builders.append(builder) }
        }
        if builders.isEmpty { return .never }
        return assemble(builders, residual: .all(open))
    }

    private func assemble(
        _ builders: [TupleBuilder], residual: Condition
    ) -> CompiledMatch {
        var seen = Set<CompiledMatch.Alternative>()
        var alternatives: [CompiledMatch.Alternative] = []
        for builder in builders {
            let (mask, values) = builder.tuple
            let alternative = CompiledMatch.Alternative(
                mask: names.maskIndex(mask), values: values)
            if seen.insert(alternative).inserted { alternatives.append(alternative) }
        }
        let tuples = alternatives.map { names.mask($0.mask) }
        if case .constant(true) = residual {
            return CompiledMatch(alternatives: alternatives, tuples: tuples, residual: nil)
        }
        var compiler = ResidualCompiler(names)
        return CompiledMatch(
            alternatives: alternatives, tuples: tuples, residual: compiler.compile(residual))
    }

    /// Removes the largest disjunction of equalities and returns its members; one truth if there is
    /// none.
    private func takeAlternatives(_ open: inout [Condition]) -> [Condition] {
        var best: (index: Int, members: [Condition])?
        for (index, part) in open.enumerated() {
            guard case .or(let members) = part, members.count > best?.members.count ?? 0,
                members.allSatisfy({ isTuple($0) })
            else { continue }
            best = (index, members)
        }
        guard let best else { return [.always] }
        open.remove(at: best.index)
        return best.members
    }
}

// MARK: - Names

extension MatchCompiler {
    /// Decides what the names known now decide.
    private func resolve(_ condition: Condition) -> Condition {
        switch condition {
        case .constant, .bits, .addressSet, .portGroup: return condition
        case .isChassisResident(let name, let expected):
            return .constant(names.isResident(name) == expected)
        case .port(let storage, let name):
            if names.isKnownPort(name) { return condition }
            guard name == noPortName else { return .never }
            return .bits(BitTest(storage.field, .equal, 0, mask: storage.mask))
        case .and(let parts): return .all(parts.map(resolve))
        case .or(let parts): return .any(parts.map(resolve))
        }
    }

    /// Adds a conjunction of equalities to a tuple: true, or false if it contradicts the tuple; nil if
    /// the condition is something else.
    private func add(_ condition: Condition, to builder: inout TupleBuilder) -> Bool? {
        guard isTuple(condition) else { return nil }
        for part in condition.parts {
            switch part {
            case .bits(let test):
                guard let span = KeySpan(test.field), builder.add(test, at: span) else {
                    return false
                }
            case .port(let storage, let name):
                guard let port = names.uniquePort(named: name), let span = KeySpan(storage),
                    builder.add(
                        KeySpan(.datapath), value: UInt128(port.datapath), mask: 0xffff_ffff),
                    builder.add(span, value: UInt128(port.key), mask: 0xffff_ffff)
                else { return false }
            default: continue
            }
        }
        return true
    }

    private func isTuple(_ condition: Condition) -> Bool {
        switch condition {
        case .constant(let value): value
        case .bits(let test): test.relation == .equal
        case .port(_, let name): names.uniquePort(named: name) != nil
        case .and(let parts): parts.allSatisfy(isTuple)
        case .portGroup, .addressSet, .isChassisResident, .or: false
        }
    }
}

extension Condition {
    /// The parts of a conjunction; the condition itself if it is none.
    var parts: [Condition] {
        if case .and(let parts) = self { parts } else { [self] }
    }
}

import Datapath
import LogicalFlow

// From a condition to a compiled match.
//
// Equalities go to the hash key. At most one set of alternatives (the largest whose members are
// themselves equalities) is multiplied out, so the memory of a match is proportional to its text. All
// else becomes the residual.

/// The name that means no port.
package let noPortName = "none"

struct MatchCompiler {
    let names: NameRegistry

    /// - Parameter condition: simplified.
    func compile(_ condition: Condition) -> CompiledMatch {
        guard condition.addressSets.allSatisfy(names.hasAddressSet) else { return .never }
        let resolved = isDecided(condition) ? condition : resolve(condition).simplified()
        if case .constant(false) = resolved { return .never }
        var base = TupleBuilder()
        var open: [Condition] = []
        for part in resolved.parts {
            guard isTuple(part, groups: base.hasGroup ? 0 : 1) else {
                open.append(part)
                continue
            }
            if !add(part, to: &base) { return .never }
        }
        let alternatives = takeAlternatives(&open, groups: base.hasGroup ? 0 : 1)
        var builders: [TupleBuilder] = []
        for alternative in alternatives {
            var builder = base
            if add(alternative, to: &builder) { builders.append(builder) }
        }
        if builders.isEmpty { return .never }
        return assemble(builders, residual: .all(open))
    }

    private func assemble(
        _ builders: [TupleBuilder], residual: Condition
    ) -> CompiledMatch {
        let program = self.program(residual)
        if builders.count == 1 {
            let (mask, values) = builders[0].tuple
            return CompiledMatch(
                masks: names.maskList(mask), values: values, residual: program)
        }
        var seen = Set<Alternative>()
        var masks: [SharedMask] = []
        var values: [UInt64] = []
        for builder in builders {
            let alternative = Alternative(builder.tuple)
            guard seen.insert(alternative).inserted else { continue }
            masks += names.maskList(alternative.mask)
            values += alternative.values
        }
        return CompiledMatch(masks: masks, values: values, residual: program)
    }

    private struct Alternative: Hashable {
        let mask: TupleMask
        let values: [UInt64]

        init(_ tuple: (mask: TupleMask, values: [UInt64])) {
            mask = tuple.mask
            values = tuple.values
        }
    }

    private func program(_ residual: Condition) -> ResidualProgram? {
        if case .constant(true) = residual { return nil }
        var compiler = ResidualCompiler(names)
        return compiler.compile(residual)
    }

    /// Removes the largest disjunction of equalities and returns its members; one truth if there is
    /// none.
    private func takeAlternatives(_ open: inout [Condition], groups: Int) -> [Condition] {
        var best: (index: Int, members: [Condition])?
        for (index, part) in open.enumerated() {
            guard case .or(let members) = part, members.count > best?.members.count ?? 0,
                members.allSatisfy({ isTuple($0, groups: groups) })
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
    /// Whether names decide nothing of a condition, and nothing of it decides the rest.
    private func isDecided(_ condition: Condition) -> Bool {
        condition.parts.allSatisfy { part in
            switch part {
            case .bits(let test): test.relation == .equal
            case .port(_, let name): names.isKnownPort(name)
            case .constant, .portGroup, .addressSet, .isChassisResident, .and, .or: false
            }
        }
    }

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

    /// Adds a conjunction of equalities to a tuple; false if it contradicts the tuple.
    private func add(_ condition: Condition, to builder: inout TupleBuilder) -> Bool {
        condition.parts.allSatisfy { part in
            switch part {
            case .bits(let test):
                guard let span = KeySpan(test.field) else { return false }
                return builder.add(test, at: span)
            case .port(let storage, let name): return addPort(storage, name, to: &builder)
            case .portGroup(let storage, let name):
                guard let word = GroupWord.of(storage) else { return false }
                return builder.add(
                    word: word, value: UInt64(names.portGroupIndex(name)), mask: .max)
            default: return true
            }
        }
    }

    private func addPort(
        _ storage: Storage, _ name: String, to builder: inout TupleBuilder
    ) -> Bool {
        guard let port = names.uniquePort(named: name), let span = KeySpan(storage) else {
            return false
        }
        let isDatapath = builder.add(
            KeySpan(.datapath), value: UInt128(port.datapath), mask: 0xffff_ffff)
        return isDatapath && builder.add(span, value: UInt128(port.key), mask: 0xffff_ffff)
    }

    /// True for a conjunction of equalities with at most `groups` port groups.
    private func isTuple(_ condition: Condition, groups: Int) -> Bool {
        var groups = groups
        return condition.parts.allSatisfy { part in
            switch part {
            case .constant(let value): return value
            case .bits(let test): return test.relation == .equal
            case .port(_, let name): return names.uniquePort(named: name) != nil
            case .portGroup(let storage, _):
                groups -= 1
                return groups >= 0 && GroupWord.of(storage) != nil
            case .addressSet, .isChassisResident, .and, .or: return false
            }
        }
    }
}

extension Condition {
    /// The parts of a conjunction; the condition itself if it is none.
    var parts: [Condition] {
        if case .and(let parts) = self { parts } else { [self] }
    }
}

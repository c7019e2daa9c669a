import Datapath
import LogicalFlow

// Lays a condition out as a list of tests. Each part is written after what follows it is known to exist,
// with places to go counted from the end of the list; they are turned round when all is written.

struct ResidualCompiler {
    private let names: NameRegistry
    private var literals: [PrefixSet] = []
    /// The tests, last first.
    private var reversed: [Pending] = []

    private struct Pending {
        let make: (_ yes: UInt32, _ no: UInt32) -> ResidualTest
        let yes: Place
        let no: Place
    }

    private enum Place {
        case accept, reject
        /// Counted from the end of the finished list.
        case fromEnd(Int)
    }

    /// Equalities of one field from this many on become a set.
    private static var literalSetSize: Int { 4 }

    init(_ names: NameRegistry) { self.names = names }

    mutating func compile(_ condition: Condition) -> ResidualProgram {
        let first = place(condition, yes: .accept, no: .reject)
        precondition(isFirst(first))
        let count = reversed.count
        let tests = reversed.reversed().map { pending in
            pending.make(index(pending.yes, count), index(pending.no, count))
        }
        return ResidualProgram(tests, literals: literals)
    }

    private func isFirst(_ place: Place) -> Bool {
        if case .fromEnd(let distance) = place { distance == reversed.count } else { false }
    }

    private func index(_ place: Place, _ count: Int) -> UInt32 {
        switch place {
        case .accept: ResidualTest.accept
        case .reject: ResidualTest.reject
        case .fromEnd(let distance): UInt32(count - distance)
        }
    }

    /// Writes `condition` in front of what is written and returns the place where it begins.
    private mutating func place(_ condition: Condition, yes: Place, no: Place) -> Place {
        switch condition {
        case .constant(let value): return value ? yes : no
        case .isChassisResident, .port, .bits, .addressSet, .portGroup:
            return leaf(condition, yes: yes, no: no)
        case .and(let parts):
            return parts.reversed().reduce(yes) { next, part in
                self.place(part, yes: next, no: no)
            }
        case .or(let parts):
            if let set = literalSet(parts) { return leaf(set, yes: yes, no: no) }
            return parts.reversed().reduce(no) { next, part in
                self.place(part, yes: yes, no: next)
            }
        }
    }

    private mutating func leaf(_ condition: Condition, yes: Place, no: Place) -> Place {
        switch condition {
        case .bits(let test): return leaf(test, yes: yes, no: no)
        case .addressSet(let storage, let name, let isMember):
            guard let span = KeySpan(storage) else { return no }
            let index = names.addressSetIndex(name, width: storage.width)
            return write(yes, no) {
                .membership(.addressSet, span, index, isMember: isMember, $0, $1)
            }
        case .portGroup(let storage, let name):
            guard let span = KeySpan(storage) else { return no }
            let index = names.portGroupIndex(name)
            return write(yes, no) {
                .membership(.portGroup, span, index, isMember: true, $0, $1)
            }
        case .port(let storage, let name):
            guard let span = KeySpan(storage) else { return no }
            let index = names.nameIndex(name)
            return write(yes, no) { .membership(.portName, span, index, isMember: true, $0, $1) }
        default: return no
        }
    }

    private mutating func leaf(_ test: BitTest, yes: Place, no: Place) -> Place {
        guard let span = KeySpan(test.field) else { return no }
        return write(yes, no) { ResidualTest(test, at: span, yes: $0, no: $1) }
    }

    private mutating func leaf(
        _ set: (span: KeySpan, members: [Number]), yes: Place, no: Place
    ) -> Place {
        let index = UInt32(literals.count)
        literals.append(PrefixSet(set.members, width: Int(set.span.width)))
        return write(yes, no) {
            .membership(.literals, set.span, index, isMember: true, $0, $1)
        }
    }

    private mutating func write(
        _ yes: Place, _ no: Place,
        _ make: @escaping (_ yes: UInt32, _ no: UInt32) -> ResidualTest
    ) -> Place {
        reversed.append(Pending(make: make, yes: yes, no: no))
        return .fromEnd(reversed.count)
    }

    /// The values of a disjunction of equalities of one field, if it is one and has many.
    private func literalSet(_ parts: [Condition]) -> (span: KeySpan, members: [Number])? {
        guard parts.count >= Self.literalSetSize, case .bits(let first) = parts[0],
            let whole = KeySpan(first.field)
        else { return nil }
        var tests: [BitTest] = []
        for part in parts {
            guard case .bits(let test) = part, test.field == first.field, test.relation == .equal
            else { return nil }
            tests.append(test)
        }
        // Only the bits that any of them compares, so that masks are prefixes where they can be.
        let used = tests.reduce(UInt128(0)) { $0 | $1.mask }
        let offset = used.trailingZeroBitCount
        let span = whole.part(offset: offset, width: used.significantBits - offset)
        let members = tests.map {
            Number(
                $0.value >> UInt128(offset), mask: $0.mask >> UInt128(offset),
                format: .hexadecimal)
        }
        return (span, members)
    }
}

extension ResidualTest {
    fileprivate static func membership(
        _ kind: Kind, _ span: KeySpan, _ index: UInt32, isMember: Bool, _ yes: UInt32,
        _ no: UInt32
    ) -> ResidualTest {
        ResidualTest(
            kind: kind, relation: isMember ? .equal : .notEqual, span: span, index: index,
            value: 0, mask: 0, highValue: 0, highMask: 0, yes: yes, no: no)
    }

    fileprivate init(_ test: BitTest, at span: KeySpan, yes: UInt32, no: UInt32) {
        let value = test.value << UInt128(span.shift)
        let mask = test.mask << UInt128(span.shift)
        let low = (UInt64(truncatingIfNeeded: value), UInt64(truncatingIfNeeded: mask))
        let high = (
            UInt64(truncatingIfNeeded: value >> 64), UInt64(truncatingIfNeeded: mask >> 64)
        )
        let isUpper = low.1 == 0 && !span.isSingleWord
        let place =
            isUpper ? KeySpan(word: span.word - 1, shift: 0, width: 64) : span
        self.init(
            kind: isUpper || high.1 == 0 ? .word : .pair, relation: TestRelation(test.relation),
            span: place, index: 0, value: isUpper ? high.0 : low.0,
            mask: isUpper ? high.1 : low.1, highValue: isUpper ? 0 : high.0,
            highMask: isUpper ? 0 : high.1, yes: yes, no: no)
    }
}

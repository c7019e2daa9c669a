import Datapath
import LogicalFlow

// What a hash table can't answer of a match: order, membership, alternatives. It is evaluated on the few
// candidates whose equalities hold.
//
// A program is a list of tests, each with the places to go on true and on false, so and/or/not cost
// nothing. Property: evaluation adds to the mask bits such that every packet that agrees on them takes
// the same path and adds the same bits; so what was cached under a mask can be looked up again from the
// masked key.

/// One test. Trivial, so that evaluation counts no references.
struct ResidualTest: BitwiseCopyable {
    enum Kind: UInt8 {
        /// One word: (key & mask) relation value.
        case word
        /// Two words, as one number.
        case pair
        /// The span is in a set that belongs to the program.
        case literals
        /// The span is in the address set with this index.
        case addressSet
        /// The span is a port of the group with this index, in the packet's datapath.
        case portGroup
        /// The span is the key of the name with this index, in the packet's datapath.
        case portName
    }

    let kind: Kind
    let relation: TestRelation
    let span: KeySpan
    let index: UInt32
    let value: UInt64
    let mask: UInt64
    let highValue: UInt64
    let highMask: UInt64
    /// Where to go on, or `accept` or `reject`.
    let yes: UInt32
    let no: UInt32

    static let accept = UInt32.max
    static let reject = UInt32.max - 1
}

/// `Relation`, without its text.
enum TestRelation: UInt8, BitwiseCopyable {
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual

    init(_ relation: Relation) {
        switch relation {
        case .equal: self = .equal
        case .notEqual: self = .notEqual
        case .less: self = .less
        case .lessOrEqual: self = .lessOrEqual
        case .greater: self = .greater
        case .greaterOrEqual: self = .greaterOrEqual
        }
    }

    @inline(__always)
    func holds<Word: UnsignedInteger>(_ left: Word, _ right: Word) -> Bool {
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

/// The tables that residual tests look into. The snapshot that made it keeps them alive.
struct LookupTables {
    let addressSets: TableView<Unmanaged<PrefixSet>?>
    let portGroups: TableView<Unmanaged<PortSet>?>
    let names: TableView<NameEntry>
    /// By `MembershipShard.index`.
    let memberships: TableView<Unmanaged<MembershipShard>?>
}

/// The test list of one match.
///
/// Invariant: immutable once made, every index it holds is below the counts it was made for, and every
/// place to go is later in the list; so evaluation ends.
final class ResidualProgram: @unchecked Sendable {
    let tests: UnsafeMutablePointer<ResidualTest>
    let count: Int
    let literals: [PrefixSet]
    private let literalPointers: UnsafeMutablePointer<Unmanaged<PrefixSet>>

    init(_ list: [ResidualTest], literals: [PrefixSet]) {
        count = list.count
        tests = .allocate(capacity: max(1, list.count))
        for (index, test) in list.enumerated() {
            precondition(test.yes >= ResidualTest.reject || Int(test.yes) > index)
            precondition(test.no >= ResidualTest.reject || Int(test.no) > index)
            (tests + index).initialize(to: test)
        }
        self.literals = literals
        literalPointers = .allocate(capacity: max(1, literals.count))
        for (index, set) in literals.enumerated() {
            (literalPointers + index).initialize(to: Unmanaged.passUnretained(set))
        }
    }

    deinit {
        tests.deallocate()
        literalPointers.deallocate()
    }

    func holds(for key: FlowPointer, _ mask: FlowPointer, _ tables: LookupTables) -> Bool {
        var index = 0
        while true {
            let test = tests + index
            let next = evaluate(test, key, mask, tables) ? test.pointee.yes : test.pointee.no
            if next >= ResidualTest.reject { return next == ResidualTest.accept }
            index = Int(next)
        }
    }
}

// MARK: - Evaluation

extension ResidualProgram {
    @inline(__always)
    private func evaluate(
        _ test: UnsafePointer<ResidualTest>, _ key: FlowPointer, _ mask: FlowPointer,
        _ tables: LookupTables
    ) -> Bool {
        switch test.pointee.kind {
        case .word: return Self.compareWord(test, key, mask)
        case .pair: return Self.comparePair(test, key, mask)
        case .literals:
            return Self.isMember(literalPointers[Int(test.pointee.index)], test, key, mask)
        case .addressSet:
            guard let set = tables.addressSets[test.pointee.index] else { return false }
            return Self.isMember(set, test, key, mask)
        case .portGroup: return Self.isInGroup(test, key, mask, tables)
        case .portName: return Self.isNamed(test, key, mask, tables)
        }
    }

    /// The bits down to the highest that differs decide.
    @inline(__always)
    private static func compareWord(
        _ test: UnsafePointer<ResidualTest>, _ key: FlowPointer, _ mask: FlowPointer
    ) -> Bool {
        let word = Int(test.pointee.span.word)
        let testMask = test.pointee.mask
        let content = key.words[word] & testMask
        let difference = content ^ test.pointee.value
        let relation = test.pointee.relation
        if difference == 0 {
            mask.words[word] |= testMask
        } else {
            let top = UInt64(1) << UInt64(63 - difference.leadingZeroBitCount)
            mask.words[word] |= testMask & ~(top - 1)
        }
        return relation.holds(content, test.pointee.value)
    }

    private static func comparePair(
        _ test: UnsafePointer<ResidualTest>, _ key: FlowPointer, _ mask: FlowPointer
    ) -> Bool {
        let low = Int(test.pointee.span.word)
        let content =
            UInt128(key.words[low - 1] & test.pointee.highMask) << 64
            | UInt128(key.words[low] & test.pointee.mask)
        let value = UInt128(test.pointee.highValue) << 64 | UInt128(test.pointee.value)
        let testMask = UInt128(test.pointee.highMask) << 64 | UInt128(test.pointee.mask)
        let difference = content ^ value
        let relation = test.pointee.relation
        var decisive = testMask
        if difference != 0 {
            let top = UInt128(1) << UInt128(127 - difference.leadingZeroBitCount)
            decisive = testMask & ~(top - 1)
        }
        mask.words[low] |= UInt64(truncatingIfNeeded: decisive)
        mask.words[low - 1] |= UInt64(truncatingIfNeeded: decisive >> 64)
        return relation.holds(content, value)
    }

    private static func isMember(
        _ set: Unmanaged<PrefixSet>, _ test: UnsafePointer<ResidualTest>, _ key: FlowPointer,
        _ mask: FlowPointer
    ) -> Bool {
        let span = test.pointee.span
        var decisive: UInt128 = 0
        let isMember = set._withUnsafeGuaranteedRef {
            $0.contains(key[span], decisive: &decisive)
        }
        mask.formUnion(decisive, at: span)
        return isMember == (test.pointee.relation == .equal)
    }

    private static func isInGroup(
        _ test: UnsafePointer<ResidualTest>, _ key: FlowPointer, _ mask: FlowPointer,
        _ tables: LookupTables
    ) -> Bool {
        let span = test.pointee.span
        mask.setExact(span)
        guard let group = tables.portGroups[test.pointee.index] else { return false }
        let port = UInt32(truncatingIfNeeded: key[span])
        let pair = PortSet.pair(UInt32(key[.datapath]), port)
        return group._withUnsafeGuaranteedRef { $0.contains(pair) }
    }

    private static func isNamed(
        _ test: UnsafePointer<ResidualTest>, _ key: FlowPointer, _ mask: FlowPointer,
        _ tables: LookupTables
    ) -> Bool {
        let span = test.pointee.span
        let entry = tables.names.pointer(at: test.pointee.index)
        guard let port = entry.pointee.key(in: UInt32(key[.datapath])) else { return false }
        mask.setExact(span)
        return UInt32(truncatingIfNeeded: key[span]) == port
    }
}

/// What a name stands for.
struct NameEntry: BitwiseCopyable {
    /// The one port of this name, or 0.
    let datapath: UInt32
    let portKey: UInt32
    /// Multicast groups of this name.
    let groups: Unmanaged<PortMap>?

    static let unknown = NameEntry(datapath: 0, portKey: 0, groups: nil)

    /// The key that the name has in a datapath. A port comes before a multicast group.
    @inline(__always)
    func key(in datapath: UInt32) -> UInt32? {
        if self.datapath == datapath, datapath != 0 { return portKey }
        return groups?._withUnsafeGuaranteedRef { $0.key(in: datapath) }
    }
}

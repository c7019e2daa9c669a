import Datapath
import LogicalFlow

// The flows of a table that is to be made, in the order of the layout: by values, best first among equal
// ones. The order is total, so the layout depends on the members alone. Most come from the table before,
// already in order; the few new ones are merged in.

/// One flow. Its values belong to the old table or to the merge.
struct MergedMember: BitwiseCopyable {
    let values: UnsafePointer<UInt64>
    let candidate: Candidate
}

/// Valid until it is destroyed, as are the members it lists.
final class SubtableMerge {
    private(set) var list: [MergedMember] = []
    let wordCount: Int
    private let storage: UnsafeMutablePointer<UInt64>
    /// Keep alive what the members refer to.
    private let old: Subtable?

    init(
        _ tuple: TupleMask, _ old: Subtable?, _ removed: Set<UInt32>, _ added: [SubtableMember]
    ) {
        self.old = old
        wordCount = tuple.words.count
        storage = .allocate(capacity: max(1, added.count * tuple.words.count))
        merge(place(added).sorted(by: precedes), removed)
    }

    deinit { storage.deallocate() }

    private func place(_ members: [SubtableMember]) -> [MergedMember] {
        members.enumerated().map { index, member in
            let values = storage + index * wordCount
            values.initialize(from: member.values, count: wordCount)
            return MergedMember(
                values: values,
                candidate: Candidate(
                    rank: member.rank, rule: member.rule,
                    alternative: UInt32(member.alternative),
                    residual: member.match.residual.map(Unmanaged.passUnretained)))
        }
    }

    private func merge(_ new: [MergedMember], _ removed: Set<UInt32>) {
        list.reserveCapacity((old?.candidateCount ?? 0) + new.count)
        var next = 0
        old?.forEachMember(except: removed) { member in
            while next < new.count, precedes(new[next], member) {
                list.append(new[next])
                next += 1
            }
            list.append(member)
        }
        list += new[next...]
    }

    private func precedes(_ left: MergedMember, _ right: MergedMember) -> Bool {
        for index in 0..<wordCount where left.values[index] != right.values[index] {
            return left.values[index] < right.values[index]
        }
        let (a, b) = (left.candidate, right.candidate)
        if a.rank != b.rank { return a.rank > b.rank }
        return (a.rule, a.alternative) < (b.rule, b.alternative)
    }

    func haveEqualValues(_ left: MergedMember, _ right: MergedMember) -> Bool {
        for index in 0..<wordCount where left.values[index] != right.values[index] {
            return false
        }
        return true
    }
}

/// The gates of a table: the addresses that occur in up to two fields of which a prefix is compared.
struct SubtableGates {
    private(set) var sets: [PrefixSet] = []
    private var gates: [AddressGate] = []

    init(_ tuple: TupleMask, _ members: SubtableMerge) {
        for field in AddressGate.fields where gates.count < 2 {
            let span = KeySpan(field)
            guard let set = Self.set(span, tuple, members) else { continue }
            sets.append(set)
            gates.append(AddressGate(span: span, members: Unmanaged.passUnretained(set)))
        }
    }

    var pair: (AddressGate?, AddressGate?) {
        (gates.first, gates.count > 1 ? gates[1] : nil)
    }

    private static func set(
        _ span: KeySpan, _ tuple: TupleMask, _ members: SubtableMerge
    ) -> PrefixSet? {
        let low = tuple.words.firstIndex(of: span.word)
        if span.isSingleWord {
            guard let low, tuple.masks[low] & span.mask != 0 else { return nil }
            return narrowSet(span, low, tuple.masks[low] & span.mask, members)
        }
        let high = tuple.words.firstIndex(of: span.word - 1)
        let mask =
            UInt128(high.map { tuple.masks[$0] } ?? 0) << 64
            | UInt128(low.map { tuple.masks[$0] } ?? 0)
        guard mask != 0, mask.isPrefix(ofWidth: 128) else { return nil }
        let numbers = members.list.map { member in
            let value =
                UInt128(high.map { member.values[$0] } ?? 0) << 64
                | UInt128(low.map { member.values[$0] } ?? 0)
            return Number(value, mask: mask, format: .hexadecimal)
        }
        return PrefixSet(numbers, width: 128)
    }

    private static func narrowSet(
        _ span: KeySpan, _ place: Int, _ mask: UInt64, _ members: SubtableMerge
    ) -> PrefixSet? {
        let aligned = mask >> UInt64(span.shift)
        guard UInt128(aligned).isPrefix(ofWidth: Int(span.width)) else { return nil }
        var prefixes: [UInt64] = []
        prefixes.reserveCapacity(members.list.count)
        for member in members.list {
            let prefix = (member.values[place] & mask) >> UInt64(span.shift)
            if prefixes.last != prefix { prefixes.append(prefix) }
        }
        let hostBits = Int(span.width) - aligned.nonzeroBitCount
        return PrefixSet(prefixes: prefixes, hostBits: hostBits, width: Int(span.width))
    }
}

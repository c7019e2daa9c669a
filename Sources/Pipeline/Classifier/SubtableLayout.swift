import Datapath

// How a subtable stands in its one block of memory: header, then arrays by falling alignment.

struct SubtableLayout {
    /// Members ordered by entry, best first within one.
    let order: [Int]
    /// Index into `order` of the first member of each entry, and one more at the end.
    private let firsts: [UInt32]
    private let filters: [FilterPlan]
    private let capacity: Int
    private let wordCount: Int

    var entryCount: Int { firsts.count - 1 }

    private struct FilterPlan {
        let wordCount: Int
        let wordsOfBits: Int

        static let none = FilterPlan(wordCount: 0, wordsOfBits: 0)
    }

    init(_ tuple: TupleMask, _ members: [SubtableMember]) {
        wordCount = tuple.words.count
        let order = members.indices.sorted { left, right in
            SubtableLayout.precedes(members[left], members[right])
        }
        var firsts: [UInt32] = []
        for (position, index) in order.enumerated() {
            if position > 0, members[order[position - 1]].values == members[index].values {
                continue
            }
            firsts.append(UInt32(position))
        }
        let entryCount = firsts.count
        firsts.append(UInt32(order.count))
        self.order = order
        self.firsts = firsts
        capacity = tableCapacity(entryCount)
        filters = HeaderFilter.boundaries.map { boundary in
            let count = tuple.words.prefix { $0 < boundary }.count
            guard count > 0, count < tuple.words.count else { return .none }
            return FilterPlan(
                wordCount: count,
                wordsOfBits: min(1 << 14, tableCapacity(entryCount) * 4 / 64 + 1).nextPowerOfTwo)
        }
    }

    /// By values, then best first; a total order, so that the layout depends on the members alone.
    private static func precedes(_ left: SubtableMember, _ right: SubtableMember) -> Bool {
        for (a, b) in zip(left.values, right.values) where a != b { return a < b }
        if left.rank != right.rank { return left.rank > right.rank }
        return (left.rule, left.alternative) < (right.rule, right.alternative)
    }

    // MARK: Sizes

    private var headerBytes: Int { (MemoryLayout<SubtableHeader>.size + 15) & ~15 }
    private var candidateBytes: Int { order.count * MemoryLayout<Candidate>.stride }
    private var valueBytes: Int { entryCount * wordCount * 8 }
    private var filterBytes: Int { filters.reduce(0) { $0 + $1.wordsOfBits * 8 } }
    private var maskBytes: Int { wordCount * 8 }
    private var slotBytes: Int { capacity * 4 }
    private var firstBytes: Int { firsts.count * 4 }

    var byteCount: Int {
        headerBytes + candidateBytes + valueBytes + filterBytes + maskBytes + slotBytes
            + firstBytes + wordCount
    }

    // MARK: Writing

    /// Fills `storage`, which has `byteCount` bytes.
    func write(
        to storage: UnsafeMutableRawPointer, _ tuple: TupleMask, _ members: [SubtableMember]
    ) -> UnsafeMutablePointer<SubtableHeader> {
        var next = storage + headerBytes
        func take<Element>(_ type: Element.Type, _ bytes: Int) -> UnsafeMutablePointer<Element> {
            defer { next += bytes }
            return next.bindMemory(
                to: type, capacity: max(1, bytes / MemoryLayout<Element>.stride))
        }
        let candidates = take(Candidate.self, candidateBytes)
        let values = take(UInt64.self, valueBytes)
        let bits = take(UInt64.self, filterBytes)
        let masks = take(UInt64.self, maskBytes)
        let slots = take(UInt32.self, slotBytes)
        let firsts = take(UInt32.self, firstBytes)
        let words = take(UInt8.self, wordCount)
        copy(tuple.words, to: words)
        copy(tuple.masks, to: masks)
        copy(self.firsts, to: firsts)
        writeCandidates(members, to: candidates)
        writeEntries(members, values, slots)
        bits.initialize(repeating: 0, count: filterBytes / 8)
        let filters = writeFilters(members, bits)
        let header = storage.bindMemory(to: SubtableHeader.self, capacity: 1)
        header.initialize(
            to: SubtableHeader(
                bestRank: members.map(\.rank).max() ?? .none, wordCount: wordCount, words: words,
                masks: masks, values: values, slots: slots, slotMask: capacity - 1,
                firsts: firsts, candidates: candidates,
                filters: (filters[0], filters[1], filters[2])))
        return header
    }

    private func copy<Element>(_ array: [Element], to place: UnsafeMutablePointer<Element>) {
        for (index, element) in array.enumerated() { (place + index).initialize(to: element) }
    }

    private func writeCandidates(
        _ members: [SubtableMember], to candidates: UnsafeMutablePointer<Candidate>
    ) {
        for (position, index) in order.enumerated() {
            let member = members[index]
            (candidates + position).initialize(
                to: Candidate(
                    rank: member.rank, rule: member.rule,
                    alternative: UInt32(member.alternative),
                    residual: member.match.residual.map(Unmanaged.passUnretained)))
        }
    }

    private func writeEntries(
        _ members: [SubtableMember], _ values: UnsafeMutablePointer<UInt64>,
        _ slots: UnsafeMutablePointer<UInt32>
    ) {
        slots.initialize(repeating: 0, count: capacity)
        for entry in 0..<entryCount {
            let tuple = members[order[Int(firsts[entry])]].values
            copy(tuple, to: values + entry * wordCount)
            let hash = tuple.reduce(0, combine)
            var slot = Int(truncatingIfNeeded: hash) & (capacity - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (capacity - 1) }
            slots[slot] = UInt32(entry) + 1
        }
    }

    private func writeFilters(
        _ members: [SubtableMember], _ bits: UnsafeMutablePointer<UInt64>
    ) -> [HeaderFilter] {
        var next = bits
        return filters.map { plan in
            let filter = HeaderFilter(
                wordCount: plan.wordCount, bits: next,
                bitMask: UInt64(max(1, plan.wordsOfBits) * 64 - 1))
            guard plan.wordCount > 0 else { return filter }
            for entry in 0..<entryCount {
                let tuple = members[order[Int(firsts[entry])]].values
                let hash = tuple.prefix(plan.wordCount).reduce(0, combine)
                let bit = (hash >> 8) & filter.bitMask
                next[Int(bit >> 6)] |= 1 << (bit & 63)
            }
            next += plan.wordsOfBits
            return filter
        }
    }
}

extension Int {
    fileprivate var nextPowerOfTwo: Int {
        var power = 1
        while power < self { power *= 2 }
        return power
    }
}

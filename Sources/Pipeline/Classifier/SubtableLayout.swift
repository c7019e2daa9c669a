import Datapath

// How a subtable stands in its one block of memory: header, then arrays by falling alignment.

struct SubtableLayout {
    /// Index of the first member of each entry, and one more at the end.
    private let firsts: [UInt32]
    private let filters: [FilterPlan]
    private let capacity: Int
    private let wordCount: Int
    private let memberCount: Int

    var entryCount: Int { firsts.count - 1 }

    private struct FilterPlan {
        let wordCount: Int
        let wordsOfBits: Int

        static let none = FilterPlan(wordCount: 0, wordsOfBits: 0)
    }

    init(_ tuple: TupleMask, _ members: SubtableMerge) {
        wordCount = tuple.words.count
        memberCount = members.list.count
        var firsts: [UInt32] = []
        for (index, member) in members.list.enumerated() {
            if index > 0, members.haveEqualValues(members.list[index - 1], member) { continue }
            firsts.append(UInt32(index))
        }
        let entryCount = firsts.count
        firsts.append(UInt32(members.list.count))
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

    // MARK: Sizes

    private var headerBytes: Int { (MemoryLayout<SubtableHeader>.size + 15) & ~15 }
    private var candidateBytes: Int { memberCount * MemoryLayout<Candidate>.stride }
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
        to storage: UnsafeMutableRawPointer, _ tuple: TupleMask, _ members: SubtableMerge
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
        let best = writeCandidates(members, to: candidates)
        let filters = placeFilters(bits)
        writeEntries(members, values, slots, filters, bits)
        let header = storage.bindMemory(to: SubtableHeader.self, capacity: 1)
        header.initialize(
            to: SubtableHeader(
                bestRank: best, wordCount: wordCount,
                keyWordCount: tuple.words.prefix { $0 < GroupWord.inport }.count, words: words,
                masks: masks, values: values, slots: slots, slotMask: capacity - 1,
                firsts: firsts, candidates: candidates,
                filters: (filters[0], filters[1], filters[2]), gates: (nil, nil)))
        return header
    }

    private func copy<Element>(_ array: [Element], to place: UnsafeMutablePointer<Element>) {
        for (index, element) in array.enumerated() { (place + index).initialize(to: element) }
    }

    /// Returns the best rank.
    private func writeCandidates(
        _ members: SubtableMerge, to candidates: UnsafeMutablePointer<Candidate>
    ) -> Rank {
        var best = Rank.none
        for (index, member) in members.list.enumerated() {
            best = max(best, member.candidate.rank)
            (candidates + index).initialize(to: member.candidate)
        }
        return best
    }

    private func placeFilters(_ bits: UnsafeMutablePointer<UInt64>) -> [HeaderFilter] {
        bits.initialize(repeating: 0, count: filterBytes / 8)
        var next = bits
        return filters.map { plan in
            defer { next += plan.wordsOfBits }
            return HeaderFilter(
                wordCount: plan.wordCount, bits: next,
                bitMask: UInt64(max(1, plan.wordsOfBits) * 64 - 1))
        }
    }

    private func writeEntries(
        _ members: SubtableMerge, _ values: UnsafeMutablePointer<UInt64>,
        _ slots: UnsafeMutablePointer<UInt32>, _ filters: [HeaderFilter],
        _ bits: UnsafeMutablePointer<UInt64>
    ) {
        slots.initialize(repeating: 0, count: capacity)
        for entry in 0..<entryCount {
            let source = members.list[Int(firsts[entry])].values
            let target = values + entry * wordCount
            var hash: UInt64 = 0
            for index in 0..<wordCount {
                (target + index).initialize(to: source[index])
                hash = combine(hash, source[index])
                for filter in filters where filter.wordCount == index + 1 {
                    mark(hash, in: filter, bits)
                }
            }
            var slot = Int(truncatingIfNeeded: hash) & (capacity - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (capacity - 1) }
            slots[slot] = UInt32(entry) + 1
        }
    }

    private func mark(
        _ hash: UInt64, in filter: HeaderFilter, _ bits: UnsafeMutablePointer<UInt64>
    ) {
        let bit = (hash >> 8) & filter.bitMask
        let place = bits + (filter.bits - UnsafePointer(bits)) + Int(bit >> 6)
        place.pointee |= 1 << (bit & 63)
    }
}

extension Int {
    fileprivate var nextPowerOfTwo: Int {
        var power = 1
        while power < self { power *= 2 }
        return power
    }
}

/// Small lists of 4-byte words, packed into one allocation.
///
/// Millions of cells have a list of a few reads; an array of its own for each would cost more
/// than the reads. A block is two words of header and `capacity` words: two lists one after the
/// other, `first` then `second` words long. Offset 0 is the empty block.
@usableFromInline struct WordArena {
    private static let headerWords = 2
    private static let countBits: UInt32 = 26
    private static let countMask: UInt32 = 1 << countBits - 1

    /// Payload capacities by size class; each class about a third or a half larger than the last.
    private static let capacities: [Int] = {
        var sizes = [2, 4, 6, 8, 10, 12, 16, 20, 24, 32]
        while let last = sizes.last, last < 1 << 25 { sizes.append(last + last / 2) }
        return sizes
    }()

    @usableFromInline private(set) var words: [UInt32] = [0]
    private var free: [[UInt32]] = Array(repeating: [], count: capacities.count)
    /// Ranges of large released blocks, from which small blocks are cut. Lists that grow leave
    /// such ranges behind, and no list of their size may ever come.
    private var scraps: [Range<Int>] = []
    private static let scrapWords = 34

    @usableFromInline init() {}

    /// Bytes held, free blocks included.
    @usableFromInline var bytes: Int {
        words.capacity * 4 + scraps.capacity * 16 + free.reduce(0) { $0 + $1.capacity * 4 }
    }

    @usableFromInline func firstCount(_ block: UInt32) -> Int {
        block == 0 ? 0 : Int(words[Int(block)] & WordArena.countMask)
    }

    @usableFromInline func secondCount(_ block: UInt32) -> Int {
        block == 0 ? 0 : Int(words[Int(block) + 1])
    }

    /// The index range of the first list in `words`.
    @usableFromInline func first(_ block: UInt32) -> Range<Int> {
        guard block != 0 else { return 0..<0 }
        let start = Int(block) + WordArena.headerWords
        return start..<start + firstCount(block)
    }

    @usableFromInline func second(_ block: UInt32) -> Range<Int> {
        guard block != 0 else { return 0..<0 }
        let start = Int(block) + WordArena.headerWords + firstCount(block)
        return start..<start + secondCount(block)
    }

    /// Whether the first list, which must be sorted, has the word.
    @usableFromInline func contains(_ word: UInt32, in block: UInt32) -> Bool {
        var range = first(block)
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            if words[middle] == word { return true }
            range =
                words[middle] < word
                ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return false
    }

    /// Whether the block consists of these two lists.
    @usableFromInline func holds(_ first: [UInt32], _ second: [UInt32], in block: UInt32) -> Bool {
        guard firstCount(block) == first.count, secondCount(block) == second.count else {
            return false
        }
        var index = Int(block) + WordArena.headerWords
        for word in first {
            if words[index] != word { return false }
            index += 1
        }
        for word in second {
            if words[index] != word { return false }
            index += 1
        }
        return true
    }

    @usableFromInline subscript(index: Int) -> UInt32 { words[index] }

    /// Replaces both lists of `block` and returns where they are now.
    @usableFromInline mutating func store(
        _ first: [UInt32], _ second: [UInt32], replacing block: UInt32
    ) -> UInt32 {
        let target = reserve(first.count + second.count, replacing: block)
        guard target != 0 else { return 0 }
        setCounts(target, first.count, second.count)
        var index = Int(target) + WordArena.headerWords
        for word in first {
            words[index] = word
            index += 1
        }
        for word in second {
            words[index] = word
            index += 1
        }
        return target
    }

    /// Adds a word to a block that has only a first list.
    @usableFromInline mutating func append(_ word: UInt32, to block: UInt32) -> UInt32 {
        let count = firstCount(block)
        var target = block
        if block == 0 || count == WordArena.capacities[sizeClass(block)] {
            target = allocate(count + 1)
            for index in 0..<count {
                words[Int(target) + WordArena.headerWords + index] =
                    words[Int(block) + WordArena.headerWords + index]
            }
            words[Int(target) + 1] = UInt32(secondCount(block))
            release(block)
        }
        words[Int(target) + WordArena.headerWords + count] = word
        setCount(target, count + 1)
        return target
    }

    /// Removes one occurrence of `word` from the first list, by moving the last into its place.
    @usableFromInline mutating func remove(_ word: UInt32, from block: UInt32) {
        let range = first(block)
        guard let index = range.first(where: { words[$0] == word }) else { return }
        words[index] = words[range.upperBound - 1]
        setCount(block, range.count - 1)
    }

    /// Keeps the words of the first list that satisfy the predicate.
    @usableFromInline mutating func filter(_ block: UInt32, _ keep: (UInt32) -> Bool) {
        let range = first(block)
        var target = range.lowerBound
        for index in range where keep(words[index]) {
            words[target] = words[index]
            target += 1
        }
        setCount(block, target - range.lowerBound)
    }

    @usableFromInline mutating func release(_ block: UInt32) {
        guard block != 0 else { return }
        let size = WordArena.capacities[sizeClass(block)] + WordArena.headerWords
        if size >= WordArena.scrapWords {
            scraps.append(Int(block)..<Int(block) + size)
        } else {
            free[sizeClass(block)].append(block)
        }
    }

    private mutating func reserve(_ count: Int, replacing block: UInt32) -> UInt32 {
        if count == 0 {
            release(block)
            return 0
        }
        if block != 0, WordArena.fitting(count) == sizeClass(block) { return block }
        release(block)
        return allocate(count)
    }

    private mutating func allocate(_ count: Int) -> UInt32 {
        let sizeClass = WordArena.fitting(count)
        let header = UInt32(sizeClass) << WordArena.countBits
        if let block = free[sizeClass].popLast() {
            words[Int(block)] = header
            words[Int(block) + 1] = 0
            return block
        }
        let size = WordArena.capacities[sizeClass] + WordArena.headerWords
        if let block = cut(size) {
            words[block] = header
            words[block + 1] = 0
            return UInt32(block)
        }
        let block = words.count
        precondition(block < Int(UInt32.max), "the engine's arena is full")
        if words.capacity < block + size { words.reserveCapacity(block + block / 4 + size + 1024) }
        words.append(header)
        words.append(contentsOf: repeatElement(0, count: size - 1))
        return UInt32(block)
    }

    private mutating func cut(_ size: Int) -> Int? {
        guard let scrap = scraps.last, scrap.count >= size else { return nil }
        let rest = scrap.lowerBound + size..<scrap.upperBound
        scraps.removeLast()
        if rest.count >= WordArena.scrapWords / 2 { scraps.append(rest) }
        return scrap.lowerBound
    }

    private func sizeClass(_ block: UInt32) -> Int {
        Int(words[Int(block)] >> WordArena.countBits)
    }

    private mutating func setCounts(_ block: UInt32, _ first: Int, _ second: Int) {
        setCount(block, first)
        words[Int(block) + 1] = UInt32(second)
    }

    private mutating func setCount(_ block: UInt32, _ count: Int) {
        let header = words[Int(block)] & ~WordArena.countMask
        words[Int(block)] = header | UInt32(count)
    }

    private static func fitting(_ count: Int) -> Int {
        capacities.firstIndex { $0 >= count } ?? capacities.count - 1
    }
}

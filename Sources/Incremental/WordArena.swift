/// Small lists of 4-byte words, packed into one allocation.
///
/// Millions of cells have a list of a few reads; an array of its own for each would cost more
/// than the reads. A block is a header and room for some words: two lists one after the other,
/// `first` then `second`. Offset 0 is the empty block.
///
/// The header of a small block is one word: size class, length of the first list, length of the
/// second, which says of a chunk that it is one (ReaderList.swift). That of a large block is three,
/// with a word for each length.
@usableFromInline struct WordArena {
    private static let smallLimit = 1 << 11
    private static let classShift: UInt32 = 26
    private static let firstShift: UInt32 = 13
    private static let countMask: UInt32 = 1 << 13 - 1

    /// Room by size class: every number of words up to eight, then larger and larger steps.
    private static let capacities: [Int] = {
        var sizes = Array(1...8) + [10, 12, 14, 16, 20, 24, 32]
        while let last = sizes.last, sizes.count < 64 { sizes.append(last + last * 2 / 5) }
        return sizes
    }()
    /// The first class whose blocks have a large header.
    private static let firstLargeClass =
        capacities.firstIndex { $0 >= smallLimit } ?? capacities.count

    @usableFromInline var words: [UInt32] = [0]
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

    // MARK: Reading

    @usableFromInline func firstCount(_ block: UInt32) -> Int {
        guard block != 0 else { return 0 }
        let header = words[Int(block)]
        return isLarge(header)
            ? Int(words[Int(block) + 1])
            : Int((header >> WordArena.firstShift) & WordArena.countMask)
    }

    @usableFromInline func secondCount(_ block: UInt32) -> Int {
        guard block != 0 else { return 0 }
        let header = words[Int(block)]
        return isLarge(header) ? Int(words[Int(block) + 2]) : Int(header & WordArena.countMask)
    }

    /// The index range of the first list in `words`.
    @usableFromInline func first(_ block: UInt32) -> Range<Int> {
        guard block != 0 else { return 0..<0 }
        let start = payload(block)
        return start..<start + firstCount(block)
    }

    @usableFromInline func second(_ block: UInt32) -> Range<Int> {
        guard block != 0 else { return 0..<0 }
        let start = payload(block) + firstCount(block)
        return start..<start + secondCount(block)
    }

    @usableFromInline subscript(index: Int) -> UInt32 { words[index] }

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
        if block == 0 { return true }
        var index = payload(block)
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

    // MARK: Writing

    /// Replaces both lists of `block` and returns where they are now.
    @usableFromInline mutating func store(
        _ first: [UInt32], _ second: [UInt32], replacing block: UInt32
    ) -> UInt32 {
        let target = reserve(first.count + second.count, replacing: block)
        guard target != 0 else { return 0 }
        setCounts(target, first.count, second.count)
        var index = payload(target)
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
        if block == 0 || count == capacity(block) {
            target = allocate(count + 1)
            if block != 0 {
                let (from, to) = (payload(block), payload(target))
                for index in 0..<count { words[to + index] = words[from + index] }
            }
            release(block)
        }
        words[payload(target) + count] = word
        setCounts(target, count + 1, 0)
        return target
    }

    /// Removes one occurrence of `word` from the first list, by moving the last into its place.
    @usableFromInline mutating func remove(_ word: UInt32, from block: UInt32) {
        let range = first(block)
        guard let index = range.first(where: { words[$0] == word }) else { return }
        words[index] = words[range.upperBound - 1]
        setCounts(block, range.count - 1, 0)
    }

    @usableFromInline mutating func release(_ block: UInt32) {
        guard block != 0 else { return }
        let size = WordArena.size(ofClass: sizeClass(block))
        if size >= WordArena.scrapWords {
            scraps.append(Int(block)..<Int(block) + size)
        } else {
            free[sizeClass(block)].append(block)
        }
    }

    /// Whether the block is a chunk of a long list of readers.
    func isChain(_ block: UInt32) -> Bool {
        block != 0 && words[Int(block)] & WordArena.countMask == WordArena.countMask
    }

    mutating func setChunkCount(_ chunk: UInt32, _ count: Int) {
        setCounts(chunk, count, Int(WordArena.countMask))
    }

    /// Words that fit into the block.
    func capacity(_ block: UInt32) -> Int { WordArena.capacities[sizeClass(block)] }

    private mutating func setCounts(_ block: UInt32, _ first: Int, _ second: Int) {
        let header = words[Int(block)]
        if isLarge(header) {
            words[Int(block) + 1] = UInt32(first)
            words[Int(block) + 2] = UInt32(second)
        } else {
            let sizeClass = (header >> WordArena.classShift) << WordArena.classShift
            words[Int(block)] = sizeClass | (UInt32(first) << WordArena.firstShift) | UInt32(second)
        }
    }

    // MARK: Room

    private mutating func reserve(_ count: Int, replacing block: UInt32) -> UInt32 {
        if count == 0 {
            release(block)
            return 0
        }
        if block != 0, WordArena.fitting(count) == sizeClass(block) { return block }
        release(block)
        return allocate(count)
    }

    mutating func allocate(_ count: Int) -> UInt32 {
        let sizeClass = WordArena.fitting(count)
        let size = WordArena.size(ofClass: sizeClass)
        let block = free[sizeClass].popLast().map { Int($0) } ?? cut(size) ?? extend(size)
        words[block] = UInt32(sizeClass) << WordArena.classShift
        return UInt32(block)
    }

    private mutating func extend(_ size: Int) -> Int {
        let block = words.count
        precondition(block + size < Int(UInt32.max), "the engine's arena is full")
        if words.capacity < block + size { words.reserveCapacity(block + block / 16 + size + 1024) }
        words.append(contentsOf: repeatElement(0, count: size))
        return block
    }

    private mutating func cut(_ size: Int) -> Int? {
        guard let scrap = scraps.last, scrap.count >= size else { return nil }
        let rest = scrap.lowerBound + size..<scrap.upperBound
        scraps.removeLast()
        if rest.count >= WordArena.scrapWords / 2 { scraps.append(rest) }
        return scrap.lowerBound
    }

    private func isLarge(_ header: UInt32) -> Bool {
        Int(header >> WordArena.classShift) >= WordArena.firstLargeClass
    }

    func payload(_ block: UInt32) -> Int {
        Int(block) + (isLarge(words[Int(block)]) ? 3 : 1)
    }

    private func sizeClass(_ block: UInt32) -> Int {
        Int(words[Int(block)] >> WordArena.classShift)
    }

    private static func size(ofClass sizeClass: Int) -> Int {
        capacities[sizeClass] + (sizeClass >= firstLargeClass ? 3 : 1)
    }

    private static func fitting(_ count: Int) -> Int {
        if count <= 8 { return count - 1 }
        return capacities.firstIndex { $0 >= count } ?? capacities.count - 1
    }
}

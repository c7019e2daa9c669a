// Who has read a cell: a list in the arena that grows by one and is only walked through.
//
// Most cells have a few readers, which are an ordinary block. Where half of a network reads one cell,
// moving its list to a larger block again and again would leave as much free room behind as all
// lists need; so long lists are chains of chunks, and nothing is moved. A chain may hold entries
// that are stale, and some of them twice: whoever walks through it checks every entry anyway.
//
// A chunk is a block whose payload begins with three words: entries of the whole chain, how many of
// them are not stale, and the next chunk. The first two count in the head only.

extension WordArena {
    /// Longer lists are chains.
    private static let shortLimit = 24
    /// Entries of a chain that may be stale besides as many as are not.
    private static let staleLimit = 32
    private static let chunkHeader = 3
    private static let chunkRoom = 29...1021

    /// How many read the cell now, exactly.
    @usableFromInline func liveReaders(_ list: UInt32) -> Int {
        guard isChain(list) else { return firstCount(list) }
        return Int(words[payload(list) + 1])
    }

    /// Every reader, and of a long list perhaps others.
    @usableFromInline func forEachReader(_ list: UInt32, _ body: (UInt32) -> Void) {
        guard isChain(list) else {
            for index in first(list) { body(words[index]) }
            return
        }
        var chunk = list
        while chunk != 0 {
            let start = payload(chunk) + WordArena.chunkHeader
            for index in start..<start + firstCount(chunk) { body(words[index]) }
            chunk = words[payload(chunk) + 2]
        }
    }

    /// Returns where the list is now.
    @usableFromInline mutating func addReader(_ reader: UInt32, to list: UInt32) -> UInt32 {
        if isChain(list) { return push(reader, to: list) }
        guard firstCount(list) == WordArena.shortLimit else { return append(reader, to: list) }
        var chain: UInt32 = 0
        for index in first(list) { chain = push(words[index], to: chain) }
        release(list)
        return push(reader, to: chain)
    }

    /// Takes one entry of the reader away: at once from a short list, by the count from a long one.
    /// Returns whether the list has too much in it that is stale.
    @usableFromInline mutating func removeReader(_ reader: UInt32, from list: UInt32) -> Bool {
        guard isChain(list) else {
            remove(reader, from: list)
            return false
        }
        let head = payload(list)
        words[head + 1] -= 1
        return Int(words[head]) > 2 * Int(words[head + 1]) + WordArena.staleLimit
    }

    @usableFromInline mutating func releaseReaders(_ list: UInt32) {
        guard isChain(list) else { return release(list) }
        var chunk = list
        while chunk != 0 {
            let next = words[payload(chunk) + 2]
            release(chunk)
            chunk = next
        }
    }

    /// The head of a chain is its youngest chunk: the others are full.
    private mutating func push(_ reader: UInt32, to list: UInt32) -> UInt32 {
        var head = list
        if list == 0 || firstCount(list) + WordArena.chunkHeader == capacity(list) {
            head = addChunk(before: list)
        }
        let start = payload(head)
        let used = firstCount(head)
        words[start + WordArena.chunkHeader + used] = reader
        setChunkCount(head, used + 1)
        words[start] += 1
        words[start + 1] += 1
        return head
    }

    /// Chunks grow with the list, so that an eighth of it is unused at most.
    private mutating func addChunk(before list: UInt32) -> UInt32 {
        let entries = list == 0 ? 0 : words[payload(list)]
        let live = list == 0 ? 0 : words[payload(list) + 1]
        let room = min(
            max(Int(entries) / 8, WordArena.chunkRoom.lowerBound), WordArena.chunkRoom.upperBound)
        let chunk = allocate(WordArena.chunkHeader + room)
        let start = payload(chunk)
        (words[start], words[start + 1], words[start + 2]) = (entries, live, list)
        setChunkCount(chunk, 0)
        return chunk
    }
}

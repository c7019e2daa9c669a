import Datapath
import Pipeline

// What a translation knows of the packet at one point: the value of every bit, and where the value
// comes from. A bit is the packet's own bit of the same place, a copy of another bit of the packet
// (an alias), or a constant. Reading a bit makes the translation depend on the packet's bit behind
// it, and on nothing if it is a constant. So `reg0 = ip4.dst` does not pin the address, and what an
// action has overwritten no longer depends on the packet.
//
// The property that must hold: for any packet that agrees with this one in the bits of `needed`,
// the same reads give the same values.

struct TrackedKey: ~Copyable {
    /// A copied bit run: bits of the packet's word that stand elsewhere now.
    struct Alias {
        let word: Int
        let bit: Int
        let width: Int
        let sourceWord: Int
        let sourceBit: Int

        var mask: UInt64 { ones(width) << UInt64(bit) }
    }

    /// Where a saved state is.
    struct Mark {
        fileprivate let level: Int
        fileprivate let aliasCount: Int
        fileprivate let version: Int
    }

    /// Copies that may be inside each other.
    static let maximumLevel = 96
    private static let vectors = 3
    private static let firstLevel = 5

    /// 0 original, 1 needed, 2 consulted, 3 answered, 4 asked; then `vectors` for each level.
    private let scratch = FlowScratch(
        count: firstLevel + TrackedKey.vectors * (maximumLevel + 1))
    /// Where `require` notes what was read: `needed`, or `asked` while a question is.
    private var reads = 1
    private var aliases: [Alias] = []
    private(set) var level = 0
    /// Changes with every write; the same number means the same state.
    private(set) var version = 0
    private var lastVersion = 0
    /// The words that were written, now or in a copy that was left again.
    private(set) var written = WordSet()

    /// The packet as the kernel has it.
    var original: FlowPointer { scratch[0] }
    /// Bits of `original` that the translation depends on.
    var needed: FlowPointer { scratch[1] }
    /// For lookups: they add the bits of the current key that they looked at.
    var consulted: FlowPointer { scratch[2] }
    /// Bits of `original` that decided an answer (`LookupPath`).
    var answered: FlowPointer { scratch[3] }
    private var asked: FlowPointer { scratch[4] }
    /// The values now.
    var current: FlowPointer { scratch[Self.firstLevel + Self.vectors * level] }
    /// Bits of `current` that are not the packet's own.
    var overwritten: FlowPointer { scratch[Self.firstLevel + 1 + Self.vectors * level] }
    /// Bits of `overwritten` that are copies of other bits.
    var aliased: FlowPointer { scratch[Self.firstLevel + 2 + Self.vectors * level] }

    /// Starts over with a packet. All that is logical is zero, and constant.
    mutating func start(_ key: borrowing FlowKey) {
        level = 0
        reads = 1
        written = WordSet()
        aliases.removeAll(keepingCapacity: true)
        touch()
        original.copy(from: key)
        for word in 0..<FlowKey.firstKernelWord { original.words[word] = 0 }
        current.copy(from: original)
        for vector in 1...4 { scratch[vector].clear() }
        overwritten.clear()
        aliased.clear()
        for word in 0..<FlowKey.firstKernelWord { overwritten.words[word] = .max }
    }

    /// Takes a packet that is only compared before a state is loaded.
    mutating func receive(_ key: borrowing FlowKey) {
        original.copy(from: key)
        for word in 0..<FlowKey.firstKernelWord { original.words[word] = 0 }
    }

    private mutating func touch() {
        lastVersion += 1
        version = lastVersion
    }

    // MARK: - Copies of the packet

    /// Nil where copies are too deep inside each other.
    mutating func save() -> Mark? {
        guard level < Self.maximumLevel else { return nil }
        let mark = Mark(level: level, aliasCount: aliases.count, version: version)
        let from = Self.firstLevel + Self.vectors * level
        for index in 0..<Self.vectors {
            scratch[from + Self.vectors + index].copy(from: scratch[from + index])
        }
        level += 1
        return mark
    }

    mutating func restore(_ mark: Mark) {
        level = mark.level
        aliases.removeSubrange(mark.aliasCount...)
        version = mark.version
    }

    /// Another packet takes the place of this one: all its bits are constants.
    mutating func adopt(_ packet: FlowKey) {
        touch()
        written = .all
        for word in 0..<FlowKey.wordCount {
            if word >= FlowKey.firstPacketWord { current.words[word] = packet.words[word] }
            overwritten.words[word] = .max
            aliased.words[word] = 0
        }
    }

    // MARK: - Reading

    /// The value, without depending on it.
    func peek(_ bits: KeySpan) -> UInt128 { current[bits] }

    /// The value; the translation depends on it from now on.
    func read(_ bits: KeySpan) -> UInt128 {
        require(bits)
        return peek(bits)
    }

    func read(_ field: KeyField) -> UInt64 {
        UInt64(truncatingIfNeeded: read(KeySpan(field)))
    }

    func require(_ bits: KeySpan) {
        var index = 0
        while index < bits.width {
            let place = bits.place(index)
            let length = bits.runLength(from: index)
            require(word: place.word, ones(length) << UInt64(place.bit))
            index += length
        }
    }

    /// Depends on bits of one word of the current key.
    func require(word: Int, _ bits: UInt64) { require(word: word, bits, into: scratch[reads]) }

    private func require(word: Int, _ bits: UInt64, into reads: FlowPointer) {
        reads.words[word] |= bits & ~overwritten.words[word]
        let copies = bits & aliased.words[word]
        if copies != 0 { forEachSource(word: word, copies) { reads.words[$0] |= $1 } }
    }

    // MARK: - Questions

    /// Depends on bits that a lookup compared. True if bits that vary from packet to packet are among
    /// them (`VariableBits`).
    func answer(_ words: [LookupRun.Word]) -> Bool {
        let varies = words.contains { isVarying(word: $0.word, $0.mask) }
        let reads = varies ? answered : needed
        for part in words { require(word: part.word, part.mask, into: reads) }
        return varies
    }

    private func isVarying(word: Int, _ bits: UInt64) -> Bool {
        if bits & ~overwritten.words[word] & VariableBits.mask(of: word) != 0 { return true }
        let copies = bits & aliased.words[word]
        guard copies != 0 else { return false }
        var result = false
        forEachSource(word: word, copies) { source, bits in
            if bits & VariableBits.mask(of: source) != 0 { result = true }
        }
        return result
    }

    /// What is read from now on belongs to one question.
    mutating func beginQuestion() {
        asked.clear()
        reads = 4
    }

    /// A question's answer hangs on what these compare.
    func require(_ words: [LookupRun.Word]) {
        for part in words { require(word: part.word, part.mask) }
    }

    /// What the question has read, if bits that vary are among it.
    mutating func endQuestion() -> [KeyBits]? {
        reads = 1
        let varies = VariableBits.words.contains {
            asked.words[$0] & VariableBits.mask(of: $0) != 0
        }
        let target = varies ? answered : needed
        var parts: [KeyBits] = []
        for word in 0..<FlowKey.wordCount where asked.words[word] != 0 {
            target.words[word] |= asked.words[word]
            if varies { parts.append(KeyBits(word: word, mask: asked.words[word])) }
        }
        return varies ? parts : nil
    }

    /// Takes the answers' bits among those that the translation depends on. False if varying bits
    /// have been read outside of questions.
    func settle() -> Bool {
        let isOrderly = VariableBits.words.allSatisfy {
            needed.words[$0] & VariableBits.mask(of: $0) == 0
        }
        for word in 0..<FlowKey.wordCount { needed.words[word] |= answered.words[word] }
        return isOrderly
    }

    /// The state at a question, for another packet.
    func saved() -> SavedKey { SavedKey(current, overwritten, aliased, aliases) }

    /// The state that the packet would have at the question.
    mutating func load(_ saved: borrowing SavedKey) {
        level = 0
        touch()
        aliases = saved.aliases
        overwritten.copy(from: saved.overwritten)
        aliased.copy(from: saved.aliased)
        for word in 0..<FlowKey.wordCount {
            let constant = overwritten.words[word]
            current.words[word] =
                saved.current.words[word] & constant | original.words[word] & ~constant
        }
        for alias in aliases {
            let region = alias.mask & aliased.words[alias.word]
            let bits =
                (original.words[alias.sourceWord] >> UInt64(alias.sourceBit))
                << UInt64(alias.bit)
            current.words[alias.word] =
                current.words[alias.word] & ~region | bits & region
        }
    }

    /// The bits of the packet behind copied bits of a word: newer copies hide older ones.
    func forEachSource(word: Int, _ bits: UInt64, _ body: (Int, UInt64) -> Void) {
        var left = bits
        var index = aliases.count - 1
        while left != 0, index >= 0 {
            let alias = aliases[index]
            index -= 1
            guard alias.word == word else { continue }
            let hit = left & alias.mask
            guard hit != 0 else { continue }
            left &= ~hit
            body(alias.sourceWord, (hit >> UInt64(alias.bit)) << UInt64(alias.sourceBit))
        }
    }

    // MARK: - Writing

    /// Writes the bits of `value` that `mask` has.
    mutating func load(_ bits: KeySpan, _ value: UInt128, mask: UInt128 = .max) {
        touch()
        var index = 0
        while index < bits.width {
            let place = bits.place(index)
            let length = bits.runLength(from: index)
            let part = UInt64(truncatingIfNeeded: (mask >> UInt128(index)) & wideOnes(length))
            let constant = UInt64(truncatingIfNeeded: value >> UInt128(index)) & part
            let region = part << UInt64(place.bit)
            setConstant(place.word, region, constant << UInt64(place.bit))
            index += length
        }
    }

    mutating func load(_ field: KeyField, _ value: UInt64) {
        load(KeySpan(field), UInt128(value))
    }

    /// Writes zero to fields.
    mutating func clear(_ fields: WholeFields) {
        touch()
        fields.words.withUnsafeBufferPointer { words in
            for (word, mask) in words { setConstant(word, mask, 0) }
        }
    }

    private mutating func setConstant(_ word: Int, _ region: UInt64, _ value: UInt64) {
        written.insert(word)
        current.words[word] = current.words[word] & ~region | value
        overwritten.words[word] |= region
        aliased.words[word] &= ~region
    }

    /// Copies bits with where they come from. Both runs have the same width.
    mutating func move(to destination: KeySpan, from source: KeySpan) {
        write(destination, capture(source))
    }

    mutating func exchange(_ left: KeySpan, _ right: KeySpan) {
        let (old, new) = (capture(left), capture(right))
        write(left, new)
        write(right, old)
    }

    /// Some bits with their origin.
    struct Piece {
        enum Origin {
            case constant(UInt64)
            /// Bits of the packet from this place on.
            case packet(word: Int, bit: Int)
        }
        var width: Int
        var origin: Origin
    }

    /// The origin of a run, least significant bits first.
    func capture(_ bits: KeySpan) -> [Piece] {
        var pieces: [Piece] = []
        var index = 0
        while index < bits.width {
            let place = bits.place(index)
            let length = bits.runLength(from: index)
            capture(place.word, place.bit, length, into: &pieces)
            index += length
        }
        return pieces
    }

    private func capture(_ word: Int, _ bit: Int, _ length: Int, into pieces: inout [Piece]) {
        let region = ones(length) << UInt64(bit)
        if overwritten.words[word] & region == 0 {
            pieces.append(Piece(width: length, origin: .packet(word: word, bit: bit)))
        } else if overwritten.words[word] & region == region, aliased.words[word] & region == 0 {
            let value = (current.words[word] & region) >> UInt64(bit)
            pieces.append(Piece(width: length, origin: .constant(value)))
        } else if length > 1 {
            let half = length / 2
            capture(word, bit, half, into: &pieces)
            capture(word, bit + half, length - half, into: &pieces)
        } else {
            forEachSource(word: word, region) { source, bits in
                pieces.append(
                    Piece(
                        width: 1, origin: .packet(word: source, bit: bits.trailingZeroBitCount)))
            }
        }
    }

    mutating func write(_ destination: KeySpan, _ pieces: [Piece]) {
        touch()
        var index = 0
        for piece in Self.joined(pieces) {
            var done = 0
            while done < piece.width {
                let place = destination.place(index)
                let length = min(piece.width - done, destination.runLength(from: index))
                put(place.word, place.bit, length, piece.origin, skipping: done)
                done += length
                index += length
            }
        }
    }

    /// Adjacent pieces of the packet become one, so that copying a copy stays one run.
    private static func joined(_ pieces: [Piece]) -> [Piece] {
        var result: [Piece] = []
        for piece in pieces {
            if let last = result.last, case .packet(let word, let bit) = last.origin,
                case .packet(word, bit + last.width) = piece.origin
            {
                result[result.count - 1].width += piece.width
            } else {
                result.append(piece)
            }
        }
        return result
    }

    private mutating func put(
        _ word: Int, _ bit: Int, _ length: Int, _ origin: Piece.Origin, skipping done: Int
    ) {
        let region = ones(length) << UInt64(bit)
        switch origin {
        case .constant(let value):
            setConstant(word, region, ((value >> UInt64(done)) << UInt64(bit)) & region)
        case .packet(let sourceWord, let first):
            let sourceBit = first + done
            let value = (original.words[sourceWord] >> UInt64(sourceBit)) & ones(length)
            setConstant(word, region, value << UInt64(bit))
            if (sourceWord, sourceBit) == (word, bit) {
                overwritten.words[word] &= ~region
            } else {
                aliased.words[word] |= region
                aliases.append(
                    Alias(
                        word: word, bit: bit, width: length, sourceWord: sourceWord,
                        sourceBit: sourceBit))
            }
        }
    }
}

/// What a key was, without the packet.
struct SavedKey: ~Copyable {
    private let scratch = FlowScratch(count: 3)
    fileprivate let aliases: [TrackedKey.Alias]

    fileprivate var current: FlowPointer { scratch[0] }
    fileprivate var overwritten: FlowPointer { scratch[1] }
    fileprivate var aliased: FlowPointer { scratch[2] }

    fileprivate init(
        _ current: FlowPointer, _ overwritten: FlowPointer, _ aliased: FlowPointer,
        _ aliases: [TrackedKey.Alias]
    ) {
        self.aliases = aliases
        scratch[0].copy(from: current)
        scratch[1].copy(from: overwritten)
        scratch[2].copy(from: aliased)
    }
}

/// The bits of some fields, by word.
struct WholeFields: Sendable {
    let words: [(word: Int, mask: UInt64)]

    init(_ fields: [KeyField]) {
        words = FlowMask(exact: fields).bits.map { ($0.word, $0.mask) }
    }
}

/// Some words of a key.
package struct WordSet: Hashable, Sendable, BitwiseCopyable {
    private var bits: UInt64 = 0

    static let all: WordSet = {
        var all = WordSet()
        all.bits = .max
        return all
    }()

    @inline(__always)
    func contains(_ word: Int) -> Bool { bits & 1 << UInt64(word) != 0 }

    @inline(__always)
    mutating func insert(_ word: Int) { bits |= 1 << UInt64(word) }

    mutating func formUnion(_ other: WordSet) { bits |= other.bits }
}

/// The low `count` bits, 0...64.
@inline(__always)
func ones(_ count: Int) -> UInt64 { count >= 64 ? .max : (1 << UInt64(count)) &- 1 }

/// The low `count` bits, 0...128.
@inline(__always)
func wideOnes(_ count: Int) -> UInt128 { count >= 128 ? .max : (1 << UInt128(count)) &- 1 }

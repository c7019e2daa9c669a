import Datapath
import LogicalFlow

// A conjunction of masked equalities over the words of a flow key: what a hash table answers.

/// Which bits of which words a tuple compares. Words ascend, so that those that come with the port and
/// the Ethernet header stand before those of deeper headers.
struct TupleMask: Hashable, Sendable {
    let words: [UInt8]
    let masks: [UInt64]

    /// An order of masks that depends on nothing else.
    func precedes(_ other: TupleMask) -> Bool {
        if words != other.words { return words.lexicographicallyPrecedes(other.words) }
        return masks.lexicographicallyPrecedes(other.masks)
    }
}

/// Words of a tuple that no key has: the index of a port group that the port is in. A lookup tries all
/// groups of the packet's port, so any number of flows that differ in their groups are one table.
enum GroupWord {
    static let inport = UInt8(FlowKey.wordCount)
    static let outport = UInt8(FlowKey.wordCount + 1)

    /// The word for a port in `storage`, if there is one.
    static func of(_ storage: Storage) -> UInt8? {
        switch storage.field {
        case .inport: inport
        case .outport: outport
        default: nil
        }
    }
}

/// Builds a tuple from equalities.
struct TupleBuilder {
    private struct Word {
        let word: UInt8
        var mask: UInt64
        var value: UInt64
    }

    /// In ascending order.
    private var words: [Word] = []

    /// Adds an equality; false if it contradicts an earlier one.
    mutating func add(word: UInt8, value: UInt64, mask: UInt64) -> Bool {
        guard mask != 0 else { return true }
        let place = words.firstIndex { $0.word >= word } ?? words.count
        if place < words.count, words[place].word == word {
            let old = words[place]
            guard (old.value ^ value) & old.mask & mask == 0 else { return false }
            words[place] = Word(word: word, mask: old.mask | mask, value: old.value | value)
        } else {
            words.insert(Word(word: word, mask: mask, value: value), at: place)
        }
        return true
    }

    /// Adds `value` of the bits that are one in `mask`, both relative to the field at `span`.
    mutating func add(_ span: KeySpan, value: UInt128, mask: UInt128) -> Bool {
        let shift = UInt128(span.shift)
        let low = add(
            word: span.word, value: UInt64(truncatingIfNeeded: value << shift),
            mask: UInt64(truncatingIfNeeded: mask << shift))
        if span.isSingleWord { return low }
        let high = add(
            word: span.word - 1, value: UInt64(truncatingIfNeeded: (value << shift) >> 64),
            mask: UInt64(truncatingIfNeeded: (mask << shift) >> 64))
        return low && high
    }

    mutating func add(_ test: BitTest, at span: KeySpan) -> Bool {
        add(span, value: test.value, mask: test.mask)
    }

    /// A tuple can name one group.
    var hasGroup: Bool { words.last.map { $0.word >= GroupWord.inport } ?? false }

    var tuple: (mask: TupleMask, values: [UInt64]) {
        (
            TupleMask(words: words.map(\.word), masks: words.map(\.mask)), words.map(\.value)
        )
    }
}

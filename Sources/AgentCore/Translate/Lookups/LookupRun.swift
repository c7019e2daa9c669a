import Datapath
import Pipeline

// What a translation asked of the pipelines. Most tables of a pipeline let most packets go on as they
// are. Tables that follow each other so are one run: they are all asked with the same key, so one
// comparison answers for all of them.

/// A table asked with part of a key.
package struct LookupQuestion: Hashable, Sendable {
    package let stage: LogicalStage
    /// The words of the key that matter.
    let words: UInt64
    /// Mask and value of each.
    let pairs: [UInt64]

    init(_ stage: LogicalStage, key: FlowPointer, mask: FlowPointer) {
        self.stage = stage
        var words: UInt64 = 0
        var pairs: [UInt64] = []
        for word in 0..<FlowKey.wordCount where mask.words[word] != 0 {
            words |= 1 << UInt64(word)
            pairs.append(mask.words[word])
            pairs.append(key.words[word] & mask.words[word])
        }
        self.words = words
        self.pairs = pairs
    }

    /// Hands out word, mask and value.
    func forEach(_ body: (Int, UInt64, UInt64) -> Void) {
        var left = words
        var index = 0
        while left != 0 {
            let word = left.trailingZeroBitCount
            left &= left - 1
            body(word, pairs[index], pairs[index + 1])
            index += 2
        }
    }

    /// Writes the masked key and the mask.
    func write(key: FlowPointer, mask: FlowPointer) {
        key.clear()
        mask.clear()
        forEach { word, bits, value in
            mask.words[word] = bits
            key.words[word] = value
        }
    }
}

/// A question and its answer.
package struct Lookup: Hashable, Sendable {
    package let question: LookupQuestion
    /// Nil if no flow matches.
    package let flow: RowIdentifier?
}

/// Tables that follow each other, with the answers that all packets get that agree on `words`; all
/// flows but the last one only go on to the next table.
package final class LookupRun: Sendable {
    /// Some bits of a word of the key.
    struct Word: Hashable, Sendable, BitwiseCopyable {
        let word: Int
        let mask: UInt64
        let value: UInt64
    }

    /// At least one.
    package let lookups: [Lookup]
    /// All that is asked for.
    let words: [Word]
    /// The last flow's place.
    let rule: RuleIndex?
    /// The same for runs that compare the same bits and are answered by the same flows.
    let kind: UInt64

    init(_ lookups: [Lookup], rule: RuleIndex?, kinds: inout RunKinds) {
        self.lookups = lookups
        self.rule = rule
        let masks = FlowScratch(count: 2)
        masks[0].clear()
        masks[1].clear()
        for lookup in lookups {
            lookup.question.forEach { word, mask, value in
                masks[0].words[word] |= mask
                masks[1].words[word] |= value
            }
        }
        words = (0..<FlowKey.wordCount).compactMap { word in
            let mask = masks[0].words[word]
            return mask == 0 ? nil : Word(word: word, mask: mask, value: masks[1].words[word])
        }
        kind = kinds.number(of: lookups, words, rule)
    }

    /// The table whose flow does something.
    var last: Lookup { lookups[lookups.count - 1] }
    var first: LogicalStage { lookups[0].question.stage }
}

/// Numbers for runs that differ only in the values that they compare. A number is given once.
struct RunKinds {
    private struct Kind: Hashable {
        let first: LogicalStage
        let words: [Int]
        let masks: [UInt64]
        let flows: [RowIdentifier?]
        let rule: RuleIndex?
    }

    private static let limit = 1 << 14
    private var numbers: [Kind: UInt64] = [:]
    private var last: UInt64 = 0

    mutating func number(
        of lookups: [Lookup], _ words: [LookupRun.Word], _ rule: RuleIndex?
    ) -> UInt64 {
        let kind = Kind(
            first: lookups[0].question.stage, words: words.map(\.word), masks: words.map(\.mask),
            flows: lookups.map(\.flow), rule: rule)
        if let number = numbers[kind] { return number }
        if numbers.count >= Self.limit { numbers = [:] }
        last += 1
        numbers[kind] = last
        return last
    }
}

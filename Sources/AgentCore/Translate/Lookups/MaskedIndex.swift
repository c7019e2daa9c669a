import Datapath
import Pipeline

/// Some bits of one word of a key.
struct KeyBits: Hashable, Sendable, BitwiseCopyable {
    let word: Int
    let mask: UInt64
}

extension FlowMask {
    var bits: [KeyBits] {
        words.indices.compactMap {
            words[$0] == 0 ? nil : KeyBits(word: $0, mask: words[$0])
        }
    }
}

/// Things under the values that some bits of a key may have.
///
/// No access to it can happen within another one: it calls nothing that could know it. So the
/// accesses, some for every question of every packet, are not checked.
final class MaskedIndex<Element> {
    /// Which bits.
    let bits: [KeyBits]
    private let seed = WordHash.seed
    @exclusivity(unchecked)
    private var index = HashIndex()
    /// The values of each element, one behind the other.
    @exclusivity(unchecked)
    private var values: [UInt64] = []
    @exclusivity(unchecked)
    private(set) var elements: [Element] = []

    init(_ bits: [KeyBits]) { self.bits = bits }

    @inline(__always)
    private func hash(_ key: FlowPointer) -> UInt64 {
        var hash = WordHash(seed)
        bits.withUnsafeBufferPointer { bits in
            for part in bits { hash.combine(key.words[part.word] & part.mask) }
        }
        return hash.value
    }

    /// The place of the element whose values the key has.
    @inline(__always)
    func place(_ key: FlowPointer) -> Int? {
        let hash = hash(key)
        return bits.withUnsafeBufferPointer { bits in
            values.withUnsafeBufferPointer { values in
                index.first(hash) { number in
                    var place = Int(number) * bits.count
                    for part in bits {
                        if key.words[part.word] & part.mask != values[place] { return false }
                        place += 1
                    }
                    return true
                }.map { Int($0) }
            }
        }
    }

    @inline(__always)
    func find(_ key: FlowPointer) -> Element? { place(key).map { elements[$0] } }

    /// Puts an element under the values of a key, in place of what is there.
    func set(_ key: FlowPointer, _ element: Element) {
        if let place = place(key) {
            elements[place] = element
            return
        }
        index.insert(UInt32(elements.count), hash(key))
        for part in bits { values.append(key.words[part.word] & part.mask) }
        elements.append(element)
    }
}

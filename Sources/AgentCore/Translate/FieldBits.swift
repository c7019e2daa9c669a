import Datapath

/// A run of bits of a flow key, as an action names it: `eth.dst`, `xxreg1[32..79]`. It may begin in
/// one word and end in the one before, as the words of a wide field stand.
package struct FieldBits: Hashable, Sendable {
    /// The word with the least significant bit.
    package let word: UInt8
    /// The place of that bit.
    package let shift: UInt8
    /// 1...128.
    package let width: UInt8

    package init(word: UInt8, shift: UInt8, width: UInt8) {
        self.word = word
        self.shift = shift
        self.width = width
    }

    package init(_ position: FieldPosition) {
        self.init(
            word: position.width == 128 ? position.word + 1 : position.word,
            shift: position.shift, width: position.width)
    }

    /// The whole field.
    package init(_ field: KeyField) { self.init(field.position) }

    package func part(offset: Int, width: Int) -> FieldBits {
        precondition(offset >= 0 && width > 0 && offset + width <= Int(self.width))
        let bit = Int(shift) + offset
        return FieldBits(
            word: word - UInt8(bit / 64), shift: UInt8(bit % 64), width: UInt8(width))
    }

    /// reg0...reg9.
    package static func register(_ number: Int) -> FieldBits { FieldBits(.register(number)) }
}

extension FieldBits {
    /// The word of the key and the place in it of bit `index` of this run.
    func place(_ index: Int) -> (word: Int, bit: Int) {
        let bit = Int(shift) + index
        return (Int(word) - bit / 64, bit & 63)
    }

    /// How many bits from `index` on are next to each other in one word.
    func runLength(from index: Int) -> Int {
        min(Int(width) - index, 64 - ((Int(shift) + index) & 63))
    }
}

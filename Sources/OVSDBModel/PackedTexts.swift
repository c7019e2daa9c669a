/// Texts that many packed rows have in common, each once and under a number.
///
/// There is room for a limited number of them, which is given to those that come a second time soon
/// after the first. They stay.
package struct PackedTexts: Sendable {
    package enum Limits {
        package static let count = 4096
        /// Bytes of a text that is worth a number.
        static let lengths = 3...64
        /// Texts that were seen once, at most one per place.
        static let candidates = 1024
    }

    private var texts: [String] = []
    private var numbers: [String: Int] = [:]
    /// Hashes, by their lowest bits.
    private var candidates = [Int](repeating: 0, count: Limits.candidates)

    package init() {}

    package var count: Int { texts.count }

    /// `number` is one that `number(of:)` has returned.
    subscript(number: Int) -> String { texts[number] }

    /// The number of a text, if it has one now.
    mutating func number(of text: String) -> Int? {
        guard Limits.lengths.contains(text.utf8.count) else { return nil }
        if let number = numbers[text] { return number }
        guard texts.count < Limits.count else { return nil }
        let hash = text.hashValue
        let place = hash & (Limits.candidates - 1)
        guard candidates[place] == hash else {
            candidates[place] = hash
            return nil
        }
        numbers[text] = texts.count
        texts.append(text)
        return texts.count - 1
    }
}

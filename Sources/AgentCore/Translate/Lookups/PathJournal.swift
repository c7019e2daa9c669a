import Datapath
import Pipeline

// What decided the way of one packet: the questions whose answers hang on addresses and ports, in
// order. Everything between two questions follows from the answers so far and from the rest of the
// packet.

/// The bits that differ from packet to packet on one path. Whatever else a translation reads is the
/// same for all packets of the path.
enum VariableBits {
    private static let whole = WholeFields([
        .ipv4Source, .ipv4Destination, .ipv6Source, .ipv6Destination, .sourcePort,
        .destinationPort,
    ])
    private static let masks: [UInt64] = {
        var masks = [UInt64](repeating: 0, count: FlowKey.wordCount)
        for (word, mask) in whole.words { masks[word] = mask }
        return masks
    }()
    /// The words that have some.
    static let words = whole.words.map(\.word)

    @inline(__always)
    static func mask(of word: Int) -> UInt64 {
        // The fields' words are neighbours (KeyField.position).
        word < 29 || word > 35 ? 0 : masks[word]
    }
}

/// Something that a translation asks, and another packet of the path is to be asked.
enum PathQuestion: Hashable, Sendable {
    /// The tables from one on.
    case tables(LogicalStage)
    case inputSecurity
    case outputSecurity
    case neighbour(port: KeySpan, address: KeySpan)
}

/// What makes two packets go on alike: the answer, and which bits decided it.
struct PathAnswer: Hashable, Sendable {
    let value: UInt64
    let reads: [KeyBits]

    init(_ value: UInt64, reads: [KeyBits] = []) {
        self.value = value
        self.reads = reads
    }
}

/// The questions of the translation that is being made.
struct PathJournal: ~Copyable {
    final class Entry {
        let question: PathQuestion
        let answer: PathAnswer
        let key: SavedKey
        /// Where in the translation stands what the question has added.
        let place: PathPlace

        fileprivate init(
            _ question: PathQuestion, _ answer: PathAnswer, _ key: consuming SavedKey,
            _ place: PathPlace
        ) {
            self.question = question
            self.answer = answer
            self.key = key
            self.place = place
        }
    }

    /// More questions than that make a path that is not kept.
    private static let limit = 32

    /// False where nobody wants to know, or the translation hangs on what is no part of a path.
    var isOpen = false
    private(set) var entries: [Entry] = []

    mutating func begin() {
        entries.removeAll(keepingCapacity: true)
        isOpen = true
    }

    /// Notes a question with what it has added at the end of `result`.
    mutating func note(
        _ question: PathQuestion, _ answer: PathAnswer, at key: borrowing TrackedKey,
        _ result: Translation, particulars: Int = 0
    ) {
        guard isOpen else { return }
        guard entries.count < Self.limit else {
            isOpen = false
            return
        }
        var lookup: Int?
        if case .tables = question { lookup = result.lookups.count - 1 }
        let end = result.particulars.count
        entries.append(
            Entry(
                question, answer, key.saved(),
                PathPlace(lookup: lookup, particulars: end - particulars..<end)))
    }
}

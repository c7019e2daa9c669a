import Datapath
import Pipeline

// Whole translations by the paths that packets took lately. Packets of one path agree in all that a
// translation reads outside of its questions (`PathJournal`); what is asked is asked of each packet
// anew, and the answers lead through a tree to what the translation of an earlier packet had come to.
//
// The property that must hold: what is found is what a fresh translation of the packet under the same
// snapshot would be. So nothing is kept that hangs on more than snapshot and packet, and a new
// snapshot forgets everything.

/// What a path leads to.
final class PathEnd {
    /// As it was for one packet; its lookups and particulars at the places of questions are that
    /// packet's own.
    let translation: Translation
    let places: [(lookup: Int?, particulars: Range<Int>)]
    /// Bits that all packets of the path depend on.
    private let mask: FlowMask
    let upcallPort: UInt32
    /// The last mask, and the bits that decided the answers then: most packets share both.
    private var last: (answered: FlowMask, mask: FlowMask)?

    init(
        _ translation: Translation, _ places: [(lookup: Int?, particulars: Range<Int>)],
        mask: FlowMask, upcallPort: UInt32
    ) {
        self.translation = translation
        self.places = places
        self.mask = mask
        self.upcallPort = upcallPort
    }

    /// What the flow of a packet compares whose answers were decided by these bits. Packets of a path
    /// have the same headers, so it hangs on nothing else of them.
    func mask(answered: FlowPointer, key: FlowKey) -> FlowMask {
        if let last,
            last.answered.words.indices.allSatisfy({
                last.answered.words[$0] == answered.words[$0]
            })
        {
            return last.mask
        }
        let answered = FlowMask(copying: answered)
        var mask = mask
        for word in mask.words.indices { mask.words[word] |= answered.words[word] }
        mask = mask.widened(for: key)
        last = (answered, mask)
        return mask
    }
}

final class PathNode {
    enum Step {
        case node(PathNode)
        case end(PathEnd)
    }

    let question: PathQuestion
    let entry: PathJournal.Entry
    fileprivate(set) var steps: [PathAnswer: Step] = [:]

    fileprivate init(_ entry: PathJournal.Entry) {
        question = entry.question
        self.entry = entry
    }
}

struct PathMemo {
    enum Limits {
        /// Sets of bits that paths have in common; with one more, everything is forgotten.
        static let groups = 32
        /// Nodes and ends in all; with one more, everything is forgotten.
        static let nodes = 4096
    }

    /// The paths whose translations read the same bits outside of questions.
    struct Group {
        fileprivate let parts: [(word: Int, mask: UInt64)]
        private var index = HashIndex()
        private var roots: [(values: [UInt64], step: PathNode.Step)] = []

        fileprivate init(_ mask: FlowMask) {
            parts = mask.words.indices.filter { mask.words[$0] != 0 }.map { ($0, mask.words[$0]) }
        }

        func reads(_ mask: FlowMask) -> Bool {
            parts.count == mask.words.count { $0 != 0 }
                && parts.allSatisfy { mask.words[$0.word] == $0.mask }
        }

        private func hash(_ key: FlowPointer) -> UInt64 {
            var hash = WordHash()
            for part in parts { hash.combine(key.words[part.word] & part.mask) }
            return hash.value
        }

        private func place(_ key: FlowPointer) -> Int? {
            index.first(hash(key)) { number in
                let values = roots[Int(number)].values
                return parts.indices.allSatisfy {
                    key.words[parts[$0].word] & parts[$0].mask == values[$0]
                }
            }.map(Int.init)
        }

        /// Where the paths of packets begin that agree with this one.
        func root(_ key: FlowPointer) -> PathNode.Step? { place(key).map { roots[$0].step } }

        fileprivate mutating func setRoot(_ key: FlowPointer, _ step: PathNode.Step) {
            if let place = place(key) {
                roots[place].step = step
            } else {
                index.insert(UInt32(roots.count), hash(key))
                roots.append((parts.map { key.words[$0.word] & $0.mask }, step))
            }
        }
    }

    private var snapshot: TranslationSnapshot?
    private(set) var groups: [Group] = []
    /// Nodes and ends.
    private(set) var count = 0
    /// How many translations were found.
    var hits: UInt64 = 0

    @inline(__always)
    mutating func follow(_ new: TranslationSnapshot) {
        if snapshot !== new {
            clear()
            snapshot = new
        }
    }

    mutating func clear() {
        groups = []
        count = 0
    }

    /// Keeps the translation of a packet.
    ///
    /// - Parameter mask: what the translation read of the packet, as the kernel takes it.
    mutating func insert(
        _ end: PathEnd, mask: FlowMask, key: FlowPointer, _ entries: [PathJournal.Entry]
    ) {
        if count + entries.count + 1 > Limits.nodes { clear() }
        var common = mask
        for word in VariableBits.words { common.words[word] &= ~VariableBits.mask(of: word) }
        let place = group(common)
        guard let first = entries.first else {
            count += 1
            groups[place].setRoot(key, .end(end))
            return
        }
        let root = node(groups[place].root(key), asking: first)
        groups[place].setRoot(key, .node(root))
        insert(end, entries, from: root)
    }

    private mutating func insert(
        _ end: PathEnd, _ entries: [PathJournal.Entry], from root: PathNode
    ) {
        var last = root
        for (entry, next) in zip(entries, entries.dropFirst()) {
            let node = node(last.steps[entry.answer], asking: next)
            last.steps[entry.answer] = .node(node)
            last = node
        }
        count += 1
        last.steps[entries[entries.count - 1].answer] = .end(end)
    }

    /// The node that is there; another one if it asks something else, because runs of tables have
    /// been split since.
    private mutating func node(
        _ step: PathNode.Step?, asking entry: PathJournal.Entry
    ) -> PathNode {
        if case .node(let known)? = step, known.question == entry.question { return known }
        count += 1
        return PathNode(entry)
    }

    private mutating func group(_ mask: FlowMask) -> Int {
        if let place = groups.firstIndex(where: { $0.reads(mask) }) { return place }
        if groups.count == Limits.groups { clear() }
        groups.append(Group(mask))
        return groups.count - 1
    }
}

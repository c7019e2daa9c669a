import Datapath
import Pipeline

// Whole translations by the paths that packets took lately. Packets of one path agree in all that a
// translation reads outside of its questions (`PathJournal`); what is asked is asked of each packet
// anew, and the answers lead through a tree to what the translation of an earlier packet had come to.
//
// The property that must hold: what is found is what a fresh translation of the packet under the same
// snapshot would be. So nothing is kept that hangs on more than snapshot and packet, and a new
// snapshot forgets everything.

struct PathMemo {
    enum Limits {
        /// Sets of bits that paths have in common; with one more, everything is forgotten.
        static let groups = 32
        /// Nodes and ends in all; with one more, everything is forgotten.
        static let nodes = 4096
        /// Answers that nodes know, in all; with one more, everything is forgotten.
        static let answers = 1 << 15
        /// The same for templates.
        static let templates = 8192
    }

    /// The paths whose translations read the same bits outside of questions.
    typealias Group = MaskedIndex<PathNode.Step>

    private var snapshot: TranslationSnapshot?
    private(set) var groups: [Group] = []
    /// Nodes and ends.
    private(set) var count = 0
    /// Answers that nodes know.
    private(set) var answers = 0
    /// How many templates there are.
    private var templates = 0
    /// The bits that decided answers, by the numbers that nodes know them by.
    private(set) var bits: [[KeyBits]] = []
    /// How many translations were found.
    var hits: UInt64 = 0

    @inline(__always)
    mutating func follow(_ new: TranslationSnapshot) {
        if snapshot !== new || answers >= Limits.answers || templates >= Limits.templates {
            clear()
            snapshot = new
        }
    }

    mutating func clear() {
        groups = []
        count = 0
        answers = 0
        templates = 0
        bits = []
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
            groups[place].set(key, .end(end))
            return
        }
        let root = node(groups[place].find(key), asking: first)
        groups[place].set(key, .node(root))
        insert(end, entries, from: root)
    }

    private mutating func insert(
        _ end: PathEnd, _ entries: [PathJournal.Entry], from root: PathNode
    ) {
        var last = root
        for (entry, next) in zip(entries, entries.dropFirst()) {
            let node = node(last.steps[entry.answer], asking: next)
            last.set(entry.answer, .node(node))
            last = node
        }
        count += 1
        last.set(entries[entries.count - 1].answer, .end(end))
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

    /// Keeps what a packet was answered at a node by these of its bits; returns their number.
    mutating func keep(
        _ answer: KnownAnswer, at node: PathNode, _ deciding: [KeyBits], _ key: FlowPointer
    ) -> Int {
        answers += 1
        let place = node.place(deciding) {
            bits.append(deciding)
            return bits.count - 1
        }
        node.keep(answer, at: place, key)
        return node.known[place].number
    }

    /// What the flows of packets have in common that came to an end by this way.
    mutating func template(_ end: PathEnd, _ way: PathWay, _ key: FlowKey) -> FlowTemplate {
        if let known = end.template(way.bits) { return known }
        defer { templates += 1 }
        return end.makeTemplate(way.bits, key, way.bits.map { bits[$0] }, number: templates)
    }

    private mutating func group(_ mask: FlowMask) -> Int {
        let bits = mask.bits
        if let place = groups.firstIndex(where: { $0.bits == bits }) { return place }
        if groups.count == Limits.groups { clear() }
        groups.append(Group(bits))
        return groups.count - 1
    }
}

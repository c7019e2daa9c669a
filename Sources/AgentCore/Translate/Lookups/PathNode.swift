import Datapath
import Pipeline

/// What a packet was answered at a question, and where it goes from there.
final class KnownAnswer {
    let step: PathNode.Step
    /// The tables that answered; nil for any other question.
    let run: LookupRun?
    let particulars: [PhysicalDependency]

    init(_ step: PathNode.Step, run: LookupRun?, particulars: [PhysicalDependency]) {
        self.step = step
        self.run = run
        self.particulars = particulars
    }
}

/// A question that packets of a path are asked.
final class PathNode {
    enum Step {
        case node(PathNode)
        case end(PathEnd)

        fileprivate func leads(to other: Step) -> Bool {
            switch (self, other) {
            case (.node(let own), .node(let other)): own === other
            case (.end(let own), .end(let other)): own === other
            case (.node, .end), (.end, .node): false
            }
        }
    }

    /// What packets were answered by the same bits, and the number of these bits (`PathMemo.bits`).
    typealias Known = (number: Int, answers: MaskedIndex<KnownAnswer>)

    let question: PathQuestion
    let entry: PathJournal.Entry
    // Unchecked for the reason that `MaskedIndex` gives.
    @exclusivity(unchecked)
    private(set) var steps: [PathAnswer: Step] = [:]
    @exclusivity(unchecked)
    private(set) var known: [Known] = []

    init(_ entry: PathJournal.Entry) {
        question = entry.question
        self.entry = entry
    }

    /// Where packets go on that get this answer. What was known of the way is forgotten if it is
    /// another one.
    func set(_ answer: PathAnswer, _ step: Step) {
        if let old = steps.updateValue(step, forKey: answer), !old.leads(to: step) { known = [] }
    }

    /// The place in `known` of answers that these bits decided.
    func place(_ bits: [KeyBits], number: () -> Int) -> Int {
        if let place = known.firstIndex(where: { $0.answers.bits == bits }) { return place }
        known.append((number(), MaskedIndex(bits)))
        return known.count - 1
    }

    /// Packets that agree with this one in the bits at `place` get the same answer.
    func keep(_ answer: KnownAnswer, at place: Int, _ key: FlowPointer) {
        known[place].answers.set(key, answer)
    }
}

/// What one packet was answered on its way.
struct PathWay {
    /// The tables that answered.
    private(set) var runs: [LookupRun] = []
    private(set) var particulars: [PhysicalDependency] = []
    /// The numbers of the bits that decided.
    private(set) var bits: [Int] = []

    /// The packet before may have kept what it was answered, so that is not written over.
    mutating func clear() {
        if !runs.isEmpty { runs = Self.empty(runs.count) }
        if !particulars.isEmpty { particulars = [] }
        bits.removeAll(keepingCapacity: true)
    }

    private static func empty<Element>(_ capacity: Int) -> [Element] {
        var empty: [Element] = []
        empty.reserveCapacity(capacity)
        return empty
    }

    mutating func take(_ answer: KnownAnswer, decidedBy number: Int) {
        if let run = answer.run { runs.append(run) }
        if !answer.particulars.isEmpty { particulars += answer.particulars }
        bits.append(number)
    }

    /// The step that packets with this one's bits took at a node.
    @inline(__always)
    mutating func pass(_ node: PathNode, _ key: FlowPointer) -> PathNode.Step? {
        for known in node.known {
            guard let answer = known.answers.find(key) else { continue }
            take(answer, decidedBy: known.number)
            return answer.step
        }
        return nil
    }
}

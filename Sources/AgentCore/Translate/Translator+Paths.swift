import Datapath
import Pipeline

// The way of a packet that goes where another went before: only what differs is asked.

extension Translator {
    /// Asks something of the view, as a part of the packet's path.
    mutating func ask(_ question: PathQuestion, _ snapshot: TranslationSnapshot) -> UInt64 {
        let before = result.particulars.count
        key.beginQuestion()
        let value = answer(question, snapshot)
        if let reads = key.endQuestion() {
            journal.note(
                question, PathAnswer(value, reads: reads), at: key, result,
                particulars: result.particulars.count - before)
        }
        return value
    }

    private mutating func answer(
        _ question: PathQuestion, _ snapshot: TranslationSnapshot
    ) -> UInt64 {
        switch question {
        case .inputSecurity: return failsInputSecurity(snapshot) ? 1 : 0
        case .outputSecurity: return failsOutputSecurity(snapshot) ? 1 : 0
        case .neighbour(let port, let address): return neighbourBits(port, address, snapshot)
        case .tables(let stage):
            let run = lookup(stage, snapshot.pipeline)
            result.lookups.append(run)
            return run.kind
        }
    }

    // MARK: - Going the way of another

    /// The translation of a packet whose path is known.
    package mutating func follow(
        _ input: TranslationInput, in snapshot: TranslationSnapshot
    ) -> FollowedPath? {
        guard !translatesAfresh, trace == nil else { return nil }
        paths.follow(snapshot)
        guard !paths.groups.isEmpty else { return nil }
        key.receive(input.key)
        for place in paths.groups.indices {
            guard let root = paths.groups[place].find(key.original),
                let end = walk(root, snapshot)
            else { continue }
            return conclude(end, input)
        }
        return nil
    }

    /// Where the packet's answers lead; nil if no packet has gone there.
    private mutating func walk(
        _ root: PathNode.Step, _ snapshot: TranslationSnapshot
    ) -> PathEnd? {
        way.clear()
        var step = root
        while true {
            switch step {
            case .end(let end): return end
            case .node(let node):
                guard let next = way.pass(node, key.original) ?? learn(node, snapshot) else {
                    return nil
                }
                step = next
            }
        }
    }

    /// Asks what no packet with these bits was asked at a node; nil if no packet had the answer.
    private mutating func learn(
        _ node: PathNode, _ snapshot: TranslationSnapshot
    ) -> PathNode.Step? {
        key.load(node.entry.key)
        result = Translation()
        generated = nil
        key.beginQuestion()
        let value = answer(node.question, snapshot)
        let run = result.lookups.last
        if let run { key.require(run.words) }
        // What no varying bit decided is no question of a path (`PathJournal`).
        guard let deciding = key.endQuestion() else { return nil }
        let answer = PathAnswer(value, reads: run == nil ? deciding : [])
        guard let step = node.steps[answer] else { return nil }
        let known = KnownAnswer(step, run: run, particulars: result.particulars)
        way.take(known, decidedBy: paths.keep(known, at: node, deciding, key.original))
        return step
    }

    /// What was found, with what this packet was answered.
    private mutating func conclude(_ end: PathEnd, _ input: TranslationInput) -> FollowedPath? {
        guard end.upcallPort == input.upcallPort, end.particulars == way.particulars.count else {
            return nil
        }
        for number in end.translation.frozenStates
        where !frozen.keep(number, now: now) { return nil }
        paths.hits += 1
        let template = paths.template(end, way, input.key)
        return FollowedPath(
            template: template, answered: way.runs,
            particulars: template.particulars(way.particulars))
    }

    // MARK: - Showing others the way

    /// Keeps a translation that hangs on nothing but the snapshot and the packet.
    ///
    /// - Parameter isOrderly: addresses and ports were only read by questions.
    mutating func keepPath(_ input: TranslationInput, _ mask: FlowMask, isOrderly: Bool) {
        guard journal.isOpen, isOrderly, trace == nil, lengthQuestion == nil,
            lengthAnswers.isEmpty, result.isCacheable, result.slowPath == nil,
            result.emissions == nil, result.effects.isEmpty, result.meters.isEmpty
        else { return }
        var common = mask
        for word in VariableBits.words { common.words[word] &= ~VariableBits.mask(of: word) }
        let end = PathEnd(
            result, journal.entries.map(\.place), mask: common,
            upcallPort: input.upcallPort)
        paths.insert(end, mask: result.mask, key: key.original, journal.entries)
    }
}

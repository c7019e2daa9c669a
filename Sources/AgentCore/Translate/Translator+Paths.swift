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
    mutating func follow(
        _ input: TranslationInput, _ snapshot: TranslationSnapshot
    ) -> Translation? {
        paths.follow(snapshot)
        guard trace == nil, !paths.groups.isEmpty else { return nil }
        key.start(input.key)
        for group in paths.groups {
            guard let root = group.root(key.original),
                let found = follow(root, input, snapshot)
            else { continue }
            paths.hits += 1
            return found
        }
        return nil
    }

    private mutating func follow(
        _ root: PathNode.Step, _ input: TranslationInput, _ snapshot: TranslationSnapshot
    ) -> Translation? {
        result = Translation()
        generated = nil
        key.answered.clear()
        var step = root
        while true {
            switch step {
            case .end(let end): return conclude(end, input)
            case .node(let node):
                key.load(node.entry.key)
                guard let next = node.steps[again(node.question, snapshot)] else { return nil }
                step = next
            }
        }
    }

    /// The answer to a question that another packet was asked before.
    private mutating func again(
        _ question: PathQuestion, _ snapshot: TranslationSnapshot
    ) -> PathAnswer {
        if case .tables = question {
            let kind = answer(question, snapshot)
            _ = key.answer(result.lookups[result.lookups.count - 1].words)
            return PathAnswer(kind)
        }
        key.beginQuestion()
        let value = answer(question, snapshot)
        return PathAnswer(value, reads: key.endQuestion() ?? [])
    }

    /// What was found, with what this packet was answered.
    private mutating func conclude(_ end: PathEnd, _ input: TranslationInput) -> Translation? {
        guard end.upcallPort == input.upcallPort,
            result.particulars.count == end.places.reduce(0, { $0 + $1.particulars.count })
        else { return nil }
        for number in end.translation.frozenStates
        where !frozen.keep(number, now: now) { return nil }
        var translation = end.translation
        var (lookup, particular) = (0, 0)
        for place in end.places {
            if let index = place.lookup {
                translation.lookups[index] = result.lookups[lookup]
                lookup += 1
            }
            for index in place.particulars {
                translation.particulars[index] = result.particulars[particular]
                particular += 1
            }
        }
        translation.mask = end.mask(answered: key.answered, key: input.key)
        return translation
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
            result, journal.entries.map { ($0.lookup, $0.particulars) }, mask: common,
            upcallPort: input.upcallPort)
        paths.insert(end, mask: result.mask, key: key.original, journal.entries)
    }
}

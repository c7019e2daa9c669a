import Datapath
import LogicalFlow
import Pipeline
import Wire

extension Translator {
    /// Runs a table, and those that follow from it.
    mutating func run(_ first: LogicalStage, _ snapshot: TranslationSnapshot) {
        guard depth < limits.depth else {
            drop(.tooManySteps)
            return
        }
        depth += 1
        defer { depth -= 1 }
        var stage: LogicalStage? = first
        while let here = stage, lengthQuestion == nil {
            steps += 1
            guard steps <= limits.steps else {
                drop(.tooManySteps)
                return
            }
            stage = visit(here, snapshot)
        }
    }

    /// Looks the packet up in tables until a flow does something, and does that; returns the table
    /// to go on in.
    private mutating func visit(
        _ first: LogicalStage, _ snapshot: TranslationSnapshot
    ) -> LogicalStage? {
        let run = lookup(first, snapshot.pipeline)
        if generated == nil { result.lookups.append(run) }
        if key.answer(run.words) {
            journal.note(.tables(first), PathAnswer(run.kind), at: key, result)
        }
        steps += run.lookups.count - 1
        if trace != nil {
            for lookup in run.lookups { note(.table(lookup.question.stage, lookup.flow)) }
        }
        let stage = run.last.question.stage
        place = (stage, run.last.flow)
        guard let index = run.rule else {
            drop(.noFlow)
            return nil
        }
        let rule = snapshot.pipeline.rule(index)
        if rule.program.isDrop {
            drop(.flow)
            return nil
        }
        if rule.program.needsHash, !condition.hasHash {
            step(.hash(basis: 0))
            condition.hasHash = true
            freeze(at: stage)
            return nil
        }
        let block = Block(program: rule.program, stage: stage, flow: rule.id)
        if rule.program.leadsNowhere { drop(.flow) }
        if !rule.program.onlyGoesOn { decision = Decision(stage: stage, flow: rule.id) }
        return execute(block, 0..<rule.program.instructions.count, snapshot)
    }

    mutating func lookup(
        _ first: LogicalStage, _ pipeline: PipelineSnapshot
    ) -> LookupRun {
        memo.follow(pipeline)
        if let run = memo.find(first, key.current) { return run }
        let run = ask(first, pipeline)
        memo.insert(run, key.current)
        return run
    }

    /// Asks the tables from `first` on, until one has a flow that does something.
    private mutating func ask(
        _ first: LogicalStage, _ pipeline: PipelineSnapshot
    ) -> LookupRun {
        let datapath = pipeline.index(of: first.datapath)
        var lookups: [Lookup] = []
        var stage = first
        while true {
            key.consulted.clear()
            let index = datapath.flatMap {
                pipeline.lookup(stage.stage, $0, key.current, key.consulted)
            }
            let rule = index.map { pipeline.rule($0) }
            lookups.append(
                Lookup(
                    question: LookupQuestion(stage, key: key.current, mask: key.consulted),
                    flow: rule?.id))
            guard let rule, rule.program.onlyGoesOn, let next = stage.next, !memo.isCut(next)
            else { return LookupRun(lookups, rule: index, kinds: &memo.kinds) }
            stage = next
        }
    }

    // MARK: - Programs

    /// A program, and the flow that it belongs to.
    struct Block {
        let program: ProgramView
        let stage: LogicalStage
        let flow: RowIdentifier

        func target(_ pipeline: Stage.Pipeline?, _ table: UInt8?) -> LogicalStage? {
            let table = table.map { Int($0) } ?? stage.stage.table + 1
            guard table < PipelineLimits.tables else { return nil }
            return LogicalStage(
                stage.datapath, Stage(pipeline ?? stage.stage.pipeline, table))
        }
    }

    /// Returns the table that the last instruction goes on in, so that a chain of tables takes no
    /// stack.
    private mutating func execute(
        _ block: Block, _ range: Range<Int>, _ snapshot: TranslationSnapshot
    ) -> LogicalStage? {
        var index = range.lowerBound
        while index < range.upperBound, lengthQuestion == nil {
            place = (block.stage, block.flow)
            program = block.program
            let instruction = block.program.instructions[index]
            index += 1
            switch instruction {
            case .next(let pipeline, let table):
                guard let next = block.target(pipeline, table) else {
                    drop(.noFlow)
                    return nil
                }
                if next.stage.pipeline == .ingress { mayEnterTunnelAgain() }
                if index == range.upperBound { return next }
                run(next, snapshot)
            case .clone(let end):
                let inner = index..<Int(end)
                index = inner.upperBound
                onCopy { $0.runBlock(block, inner, snapshot) }
            case .forwardGroup(let end):
                let members = index..<Int(end)
                index = members.upperBound
                forward(block, members, snapshot)
            case .ctCommit(let end):
                let inner = index..<Int(end)
                index = inner.upperBound
                commit(block, inner, snapshot)
            case .select(let result, let selection):
                guard case .select(_, let members) = block.program.action(selection) else {
                    return nil
                }
                select(result, members)
                guard let next = block.target(nil, nil) else {
                    drop(.noFlow)
                    return nil
                }
                if index == range.upperBound { return next }
                onCopy { $0.run(next, snapshot) }
            case .generate(let generator, let end):
                let inner = index..<Int(end)
                index = inner.upperBound
                let resume = resumption(block, index..<range.upperBound)
                let isWaiting = generate(generator, resume) {
                    $0.runBlock(block, inner, snapshot)
                }
                if isWaiting { return nil }
            default:
                guard step(instruction, block, snapshot) else { return nil }
            }
        }
        return nil
    }

    private mutating func runBlock(
        _ block: Block, _ range: Range<Int>, _ snapshot: TranslationSnapshot
    ) {
        if let next = execute(block, range, snapshot) { run(next, snapshot) }
    }

    /// Where a packet goes on that waits at the instruction before `rest`.
    private func resumption(_ block: Block, _ rest: Range<Int>) -> PendingPacket.Resume {
        guard let first = rest.first,
            case .next(let pipeline, let table) = block.program.instructions[first],
            let target = block.target(pipeline, table)
        else { return .output }
        return .table(target)
    }

    // MARK: - Instructions

    /// One instruction without a block; false ends the packet here.
    private mutating func step(
        _ instruction: Instruction, _ block: Block, _ snapshot: TranslationSnapshot
    ) -> Bool {
        switch instruction {
        case .output: output(block.stage.stage.pipeline, snapshot)
        case .push(let span): stack.append(key.capture(span))
        case .pop(let span): pop(span)
        case .load(let span, let constant):
            let operand = block.program.constants[Int(constant)]
            key.load(span, operand.value, mask: operand.mask)
        case .loadPort(let span, let name): load(span, name, block.stage.datapath, snapshot)
        case .move(let destination, let source): key.move(to: destination, from: source)
        case .exchange(let left, let right): key.exchange(left, right)
        case .decrementTTL: return decrementTTL()
        case .checkPacketLarger(let result, let length): return check(Int(length), result)
        case .setErrorMTU(let size): setErrorMTU(size)
        case .setQuotedSource(let address): return setQuotedSource(address)
        case .check(let result, let check): self.check(check, result, snapshot)
        default:
            if trackingStep(instruction, block, snapshot) { return true }
            if limitStep(instruction, block, snapshot) { return true }
            return tableStep(instruction, block, snapshot)
        }
        return true
    }

    private mutating func tableStep(
        _ instruction: Instruction, _ block: Block, _ snapshot: TranslationSnapshot
    ) -> Bool {
        switch instruction {
        case .getNeighbour(_, let port, let address):
            getNeighbour(port: port, address: address, snapshot)
        case .putNeighbour(_, let port, let address, let ethernet):
            putNeighbour(port: port, address: address, ethernet: ethernet, snapshot)
        case .lookupNeighbour(let result, let port, let address, let ethernet):
            lookupNeighbour(result, port: port, address: address, ethernet: ethernet, snapshot)
        case .lookupNeighbourAddress(let result, let port, let address):
            lookupNeighbour(result, port: port, address: address, ethernet: nil, snapshot)
        case .getFDB(let result, let ethernet):
            getLearned(result, ethernet: ethernet, snapshot)
        case .putFDB(let port, let ethernet): putLearned(port: port, ethernet: ethernet)
        case .lookupFDB(let result, let port, let ethernet):
            lookupLearned(result, port: port, ethernet: ethernet, snapshot)
        case .macCacheUse: useCache(snapshot)
        case .commitNextHop(let family, let proto): commitNextHop(family, proto: proto)
        case .log(let entry):
            guard case .log(let entry) = block.program.action(entry) else { return true }
            log(entry, block.stage.stage.pipeline, snapshot)
        case .unsupported(let action):
            return serve(block.program.action(action), block, snapshot)
        default:
            drop(.unsupported("\(instruction)"))
            return false
        }
        return true
    }

    /// The key that the port has in the packet's datapath, or 0.
    mutating func load(
        _ span: KeySpan, _ name: NameIndex, _ datapath: DatapathKey,
        _ snapshot: TranslationSnapshot
    ) {
        noteName(name)
        key.load(span, UInt128(snapshot.pipeline.portKey(name, in: datapath) ?? 0))
    }

    /// A pop of another width cuts the value or fills it with zeros.
    private mutating func pop(_ span: KeySpan) {
        guard let pieces = stack.popLast() else { return }
        key.load(span, 0)
        var taken: [TrackedKey.Piece] = []
        var width = 0
        for piece in pieces where width < Int(span.width) {
            var piece = piece
            piece.width = min(piece.width, Int(span.width) - width)
            width += piece.width
            taken.append(piece)
        }
        guard width > 0 else { return }
        key.write(span.part(offset: 0, width: width), taken)
    }

    private mutating func decrementTTL() -> Bool {
        let ttl = key.read(.ipTTL)
        guard ttl > 1 else {
            drop(.timeToLive)
            return false
        }
        key.load(.ipTTL, ttl - 1)
        return true
    }

    private mutating func check(
        _ check: Instruction.Check, _ result: KeySpan, _ snapshot: TranslationSnapshot
    ) {
        let answer: Bool
        switch check {
        case .inPortSecurity: answer = isRefused(.inputSecurity, at: .inport, snapshot)
        case .outPortSecurity: answer = isRefused(.outputSecurity, at: .outport, snapshot)
        case .loadBalancerHairpin: answer = isHairpin(snapshot)
        case .loadBalancerHairpinReply: answer = isHairpinReply(snapshot)
        case .loadBalancerAffinity: answer = findAffinity(snapshot)
        case .ecmpNextHopMAC: answer = isKnownRequest()
        case .ecmpNextHop: answer = isKnownAnswer()
        }
        key.load(result, answer ? 1 : 0)
    }

    /// Whether a port's security refuses the packet; its drop says which port's.
    ///
    /// - Parameter field: has the port, and is read by the question.
    private mutating func isRefused(
        _ question: PathQuestion, at field: KeyField, _ snapshot: TranslationSnapshot
    ) -> Bool {
        let isRefused = ask(question, snapshot) != 0
        let port = PortReference(
            datapath: UInt32(truncatingIfNeeded: key.peek(KeySpan(.datapath))),
            port: UInt32(truncatingIfNeeded: key.peek(KeySpan(field))))
        decision?.port = isRefused ? port : nil
        return isRefused
    }

    /// The kernel asks the packet itself: the translation is made for either answer.
    private mutating func check(_ length: Int, _ result: KeySpan) -> Bool {
        if let generated {
            key.load(result, generated.frame.count > length ? 1 : 0)
            return true
        }
        guard let answer = lengthAnswers[length] else {
            lengthQuestion = length
            return false
        }
        key.load(result, answer ? 1 : 0)
        return true
    }
}

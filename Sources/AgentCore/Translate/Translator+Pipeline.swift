import Datapath
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

    /// Looks the packet up in a table and does what the flow says; returns the table to go on in.
    private mutating func visit(
        _ stage: LogicalStage, _ snapshot: TranslationSnapshot
    ) -> LogicalStage? {
        let match = snapshot.pipeline.lookup(stage, key.current, consulted: key.consulted)
        if generated == nil {
            result.lookups.append(stage, match, key: key.current, mask: key.consulted)
        }
        key.requireConsulted()
        note(.table(stage, match?.flow))
        place = (stage, match?.flow)
        guard let match else {
            drop(.noFlow)
            return nil
        }
        if match.instructions.isEmpty {
            drop(.flow)
            return nil
        }
        return execute(match.instructions, stage, match.flow, snapshot)
    }

    /// Returns the table that the last instruction goes on in, so that a chain of tables takes no
    /// stack.
    private mutating func execute(
        _ instructions: [Instruction], _ stage: LogicalStage, _ flow: LogicalFlowID,
        _ snapshot: TranslationSnapshot
    ) -> LogicalStage? {
        for (index, instruction) in instructions.enumerated() {
            guard lengthQuestion == nil else { return nil }
            place = (stage, flow)
            note(.instruction(instruction))
            switch instruction {
            case .next(let target):
                let next = LogicalStage(stage.datapath, target)
                if index == instructions.count - 1 { return next }
                run(next, snapshot)
            case .clone(let inner):
                onCopy { $0.runBlock(inner, stage, flow, snapshot) }
            case .generate(let generator, let inner):
                let isWaiting = generate(
                    generator, Array(instructions[(index + 1)...]), stage
                ) { $0.runBlock(inner, stage, flow, snapshot) }
                if isWaiting { return nil }
            case .unsupported(let name):
                drop(.unsupported(name))
                return nil
            default:
                guard step(instruction, stage, snapshot) else { return nil }
            }
        }
        return nil
    }

    private mutating func runBlock(
        _ instructions: [Instruction], _ stage: LogicalStage, _ flow: LogicalFlowID,
        _ snapshot: TranslationSnapshot
    ) {
        if let next = execute(instructions, stage, flow, snapshot) { run(next, snapshot) }
    }

    /// One instruction without a block; false ends the packet here.
    private mutating func step(
        _ instruction: Instruction, _ stage: LogicalStage, _ snapshot: TranslationSnapshot
    ) -> Bool {
        switch instruction {
        case .output: output(stage.stage.pipeline, snapshot)
        case .push(let bits): stack.append(key.capture(bits))
        case .pop(let bits): pop(bits)
        case .load(let bits, let value, let mask): key.load(bits, value, mask: mask)
        case .move(let destination, let source): key.move(to: destination, from: source)
        case .exchange(let left, let right): key.exchange(left, right)
        case .decrementTTL: return decrementTTL()
        case .clearTracking: forgetTracking()
        case .checkPacketLarger(let result, let length): return check(length, result)
        case .setErrorMTU(let size): setErrorMTU(size)
        case .checkInputSecurity(let result):
            let failed = failsInputSecurity(snapshot)
            key.load(result, failed ? 1 : 0)
        case .checkOutputSecurity(let result):
            let failed = failsOutputSecurity(snapshot)
            key.load(result, failed ? 1 : 0)
        default: neighbourStep(instruction, snapshot)
        }
        return true
    }

    /// A pop of another width cuts the value or fills it with zeros.
    private mutating func pop(_ bits: FieldBits) {
        guard let pieces = stack.popLast() else { return }
        key.load(bits, 0)
        var taken: [TrackedKey.Piece] = []
        var width = 0
        for piece in pieces where width < Int(bits.width) {
            var piece = piece
            piece.width = min(piece.width, Int(bits.width) - width)
            width += piece.width
            taken.append(piece)
        }
        key.write(bits.part(offset: 0, width: max(1, width)), taken)
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

    /// The kernel asks the packet itself: the translation is made for either answer.
    private mutating func check(_ length: Int, _ result: FieldBits) -> Bool {
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

// A pipeline snapshot as the translator asks it: programs with their names resolved for the
// datapath that runs them.

import Datapath
import LogicalFlow
import Pipeline

package struct CompiledPipeline: LogicalPipeline {
    package let snapshot: PipelineSnapshot

    package init(_ snapshot: PipelineSnapshot) { self.snapshot = snapshot }

    package func lookup(
        _ stage: LogicalStage, _ key: FlowPointer, consulted: FlowPointer
    ) -> LogicalMatch? {
        let datapath = DatapathKey(stage.datapath)
        guard let index = snapshot.index(of: datapath),
            let found = snapshot.lookup(Stage(stage.stage), index, key, consulted)
        else { return nil }
        let rule = snapshot.rule(found)
        let reader = ProgramReader(rule.program, stage.stage, datapath, snapshot)
        return LogicalMatch(
            flow: LogicalFlowID(high: rule.id.high, low: rule.id.low),
            instructions: reader.instructions)
    }
}

extension Stage {
    package init(_ stage: PipelineStage) {
        self.init(stage.pipeline == .ingress ? .ingress : .egress, Int(stage.table))
    }
}

extension FieldBits {
    fileprivate init(_ span: KeySpan) {
        self.init(word: span.word, shift: span.shift, width: span.width)
    }
}

private struct ProgramReader {
    let program: ProgramView
    let stage: PipelineStage
    let datapath: DatapathKey
    let snapshot: PipelineSnapshot

    init(
        _ program: ProgramView, _ stage: PipelineStage, _ datapath: DatapathKey,
        _ snapshot: PipelineSnapshot
    ) {
        self.program = program
        self.stage = stage
        self.datapath = datapath
        self.snapshot = snapshot
    }

    var instructions: [Instruction] { block(0, program.instructions.count) }

    private func block(_ start: Int, _ end: Int) -> [Instruction] {
        var result: [Instruction] = []
        var index = start
        while index < end {
            let (instruction, next) = read(index)
            result.append(instruction)
            index = next
        }
        return result
    }

    /// The instruction at a place, and the place of the one after it.
    private func read(_ index: Int) -> (Instruction, Int) {
        let instruction = program.instructions[index]
        switch instruction {
        case .clone(let end):
            return (.clone(block(index + 1, Int(end))), Int(end))
        case .generate(let generator, let end):
            return (.generate(PacketGenerator(generator), block(index + 1, Int(end))), Int(end))
        case .ctCommit(let end):
            return (.unsupported("ct_commit"), Int(end))
        default:
            return (header(instruction) ?? table(instruction) ?? refused(instruction), index + 1)
        }
    }

    private func header(_ instruction: Pipeline.Instruction) -> Instruction? {
        switch instruction {
        case .next(let pipeline, let table): next(pipeline, table)
        case .output: .output
        case .push(let span): .push(FieldBits(span))
        case .pop(let span): .pop(FieldBits(span))
        case .load(let span, let constant):
            .load(
                FieldBits(span), value: program.constants[Int(constant)].value,
                mask: program.constants[Int(constant)].mask)
        case .loadPort(let span, let name):
            .load(
                FieldBits(span), value: UInt128(snapshot.portKey(name, in: datapath) ?? 0),
                mask: .max)
        case .move(let span, let source): .move(to: FieldBits(span), from: FieldBits(source))
        case .exchange(let left, let right): .exchange(FieldBits(left), FieldBits(right))
        case .decrementTTL: .decrementTTL
        case .checkPacketLarger(let span, let length):
            .checkPacketLarger(result: FieldBits(span), length: Int(length))
        case .setErrorMTU(let size): .setErrorMTU(size)
        case .ctClear: .clearTracking
        default: nil
        }
    }

    private func next(_ pipeline: Stage.Pipeline?, _ table: UInt8?) -> Instruction {
        let target: PipelineStage.Pipeline =
            switch pipeline {
            case nil: stage.pipeline
            case .ingress?: .ingress
            case .egress?: .egress
            }
        return .next(PipelineStage(target, table.map { Int($0) } ?? Int(stage.table) + 1))
    }

    private func table(_ instruction: Pipeline.Instruction) -> Instruction? {
        switch instruction {
        case .getNeighbour(_, let port, let address):
            .getNeighbour(port: FieldBits(port), address: FieldBits(address))
        case .putNeighbour(_, let port, let address, let ethernet):
            .putNeighbour(
                port: FieldBits(port), address: FieldBits(address),
                ethernet: FieldBits(ethernet))
        case .lookupNeighbour(let result, let port, let address, let ethernet):
            .lookupNeighbour(
                result: FieldBits(result), port: FieldBits(port), address: FieldBits(address),
                ethernet: FieldBits(ethernet))
        case .lookupNeighbourAddress(let result, let port, let address):
            .lookupNeighbour(
                result: FieldBits(result), port: FieldBits(port), address: FieldBits(address),
                ethernet: nil)
        case .getFDB(let result, let ethernet):
            .getLearned(result: FieldBits(result), ethernet: FieldBits(ethernet))
        case .putFDB(let port, let ethernet):
            .putLearned(port: FieldBits(port), ethernet: FieldBits(ethernet))
        case .lookupFDB(let result, let port, let ethernet):
            .lookupLearned(
                result: FieldBits(result), port: FieldBits(port), ethernet: FieldBits(ethernet))
        case .check(let result, .inPortSecurity): .checkInputSecurity(result: FieldBits(result))
        case .check(let result, .outPortSecurity): .checkOutputSecurity(result: FieldBits(result))
        default: nil
        }
    }

    private func refused(_ instruction: Pipeline.Instruction) -> Instruction {
        switch instruction {
        case .unsupported(let index): .unsupported(program.action(index).keyword)
        case .ctNext: .unsupported("ct_next")
        case .ctCommitToZone: .unsupported("ct_commit_to_zone")
        case .ctCommitNAT: .unsupported("ct_commit_nat")
        case .ctNAT: .unsupported("ct_nat")
        case .ctSNATToVIP: .unsupported("ct_snat_to_vip")
        case .ctLoadBalance: .unsupported("ct_lb_mark")
        case .connection: .unsupported("ct_state_save")
        case .setQueue: .unsupported("set_queue")
        case .setMeter: .unsupported("set_meter")
        case .setQuotedSource: .unsupported("icmp4.inner_ip4.src")
        case .log: .unsupported("log")
        case .check: .unsupported("chk_lb_hairpin")
        default: .unsupported("\(instruction)")
        }
    }
}

extension PacketGenerator {
    fileprivate init(_ generator: Pipeline.Instruction.Generator) {
        switch generator {
        case .arp: self = .arp
        case .ndNS: self = .neighborSolicitation
        case .ndNA: self = .neighborAdvertisement
        case .ndNARouter: self = .routerNeighborAdvertisement
        case .icmp4: self = .icmp4
        case .icmp4Error: self = .icmp4Error
        case .icmp6: self = .icmp6
        case .icmp6Error: self = .icmp6Error
        case .tcpReset: self = .tcpReset
        case .sctpAbort: self = .sctpAbort
        case .reject: self = .reject
        }
    }
}

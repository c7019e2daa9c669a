import Datapath
import LogicalFlow
import Pipeline
import Wire

// Queues, meters and the log: what a flow does to a packet beside its headers.

extension Translator {
    /// An action of this kind; false if `instruction` is none.
    mutating func limitStep(
        _ instruction: Instruction, _ block: Block, _ snapshot: TranslationSnapshot
    ) -> Bool {
        switch instruction {
        case .setQueue(let queue): setQueue(queue)
        case .setMeter(let rate, let burst):
            journal.isOpen = false
            let rate = MeterRate(.kilobitsPerSecond, rate: rate, burst: burst)
            if let number = meters.number(.flow(block.flow), rate) { step(.meter(number)) }
        case .mirror(let name): mirror(to: name, block, snapshot)
        case .sample(let operand):
            guard case .sample(let sample) = block.program.action(operand) else { return true }
            self.sample(sample, block, snapshot)
        default: return false
        }
        return true
    }

    /// A copy for the port, which may be on another chassis. It is no packet from anywhere.
    private mutating func mirror(
        to name: NameIndex, _ block: Block, _ snapshot: TranslationSnapshot
    ) {
        noteName(name)
        guard let port = snapshot.pipeline.portKey(name, in: block.stage.datapath) else { return }
        onCopy { translator in
            translator.key.load(.inport, 0)
            translator.key.load(.outport, UInt64(port))
            translator.outputToPort(
                PortReference(datapath: block.stage.datapath.value, port: port), snapshot)
        }
    }

    /// The class of the queueing discipline that ovs-vswitchd makes for a queue: its number and one
    /// under the handle 1: (dpif_netlink, TC_H_MAKE).
    private mutating func setQueue(_ queue: UInt32) {
        key.load(.priority, queue == 0 ? 0 : UInt64(0x1_0000 | (queue + 1)))
    }
}

extension DatapathAction {
    /// The meters that the action names.
    package var meters: [UInt32] {
        switch self {
        case .meter(let number): [number]
        case .clone(let inner), .sample(_, let inner), .decrementTTL(let inner):
            inner.flatMap(\.meters)
        case .checkLength(_, let greater, let lessOrEqual):
            (greater + lessOrEqual).flatMap(\.meters)
        default: []
        }
    }
}

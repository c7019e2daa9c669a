import Datapath
import Wire

// What a logical flow does, flat and with every name resolved: fields are bits of the key, ports
// are keys. The set is closed, so the interpreter says what it can't do instead of guessing.

package indirect enum Instruction: Hashable, Sendable {
    /// Runs a table as a subroutine.
    case next(PipelineStage)
    case output
    case clone([Instruction])
    case push(FieldBits)
    case pop(FieldBits)

    case load(FieldBits, value: UInt128, mask: UInt128)
    case move(to: FieldBits, from: FieldBits)
    case exchange(FieldBits, FieldBits)
    case decrementTTL
    case clearTracking

    // The width of an address says its family.
    case getNeighbour(port: FieldBits, address: FieldBits)
    case putNeighbour(port: FieldBits, address: FieldBits, ethernet: FieldBits)
    /// Without `ethernet` any binding counts.
    case lookupNeighbour(
        result: FieldBits, port: FieldBits, address: FieldBits, ethernet: FieldBits?)
    case putLearned(port: FieldBits, ethernet: FieldBits)
    case getLearned(result: FieldBits, ethernet: FieldBits)
    case lookupLearned(result: FieldBits, port: FieldBits, ethernet: FieldBits)
    case checkInputSecurity(result: FieldBits)
    case checkOutputSecurity(result: FieldBits)
    case checkPacketLarger(result: FieldBits, length: Int)

    case generate(PacketGenerator, [Instruction])
    /// `icmp4.frag_mtu` and `icmp6.frag_mtu` of a generated error.
    case setErrorMTU(UInt32)

    /// What is not evaluated yet: the packet is dropped, counted and named.
    case unsupported(String)
}

/// Actions that make a packet from a packet.
package enum PacketGenerator: String, CaseIterable, Hashable, Sendable {
    case arp
    case neighborSolicitation = "nd_ns"
    case neighborAdvertisement = "nd_na"
    case routerNeighborAdvertisement = "nd_na_router"
    case icmp4, icmp6
    case icmp4Error = "icmp4_error"
    case icmp6Error = "icmp6_error"
    case tcpReset = "tcp_reset"
    case sctpAbort = "sctp_abort"
    case reject
}

/// One table of one pipeline.
package struct PipelineStage: Hashable, Comparable, Sendable {
    package enum Pipeline: UInt8, CaseIterable, Hashable, Sendable { case ingress, egress }

    package let pipeline: Pipeline
    package let table: UInt8

    package init(_ pipeline: Pipeline, _ table: Int) {
        self.pipeline = pipeline
        self.table = UInt8(table)
    }

    package static func < (left: PipelineStage, right: PipelineStage) -> Bool {
        (left.pipeline.rawValue, left.table) < (right.pipeline.rawValue, right.table)
    }
}

/// One table of a logical datapath.
package struct LogicalStage: Hashable, Sendable {
    /// The tunnel key of the datapath.
    package let datapath: UInt32
    package let stage: PipelineStage

    package init(_ datapath: UInt32, _ stage: PipelineStage) {
        self.datapath = datapath
        self.stage = stage
    }
}

/// A logical flow, the same in every snapshot that has it.
package struct LogicalFlowID: Hashable, Comparable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package static func < (left: LogicalFlowID, right: LogicalFlowID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

/// The answer of a lookup. Equal answers have the same effect on the same packet.
package struct LogicalMatch: Hashable, Sendable {
    package let flow: LogicalFlowID
    package let instructions: [Instruction]

    package init(flow: LogicalFlowID, instructions: [Instruction]) {
        self.flow = flow
        self.instructions = instructions
    }
}

/// The compiled pipelines of one moment. It never changes.
package protocol LogicalPipeline: Sendable {
    /// The flow of the highest priority that matches, or nil. Adds to `consulted` exactly the
    /// bits of `key` that the answer depends on, also for nil.
    func lookup(_ stage: LogicalStage, _ key: FlowPointer, consulted: FlowPointer) -> LogicalMatch?
}

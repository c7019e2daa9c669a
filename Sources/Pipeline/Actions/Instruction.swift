import LogicalFlow

// Actions as a flat list: fields are places in the flow key, names are indexes, blocks are ranges of the
// list. Nothing in an instruction counts references.

/// The index of a port or multicast group name. `PipelineSnapshot.portKey` resolves it.
package struct NameIndex: Hashable, Comparable, Sendable, BitwiseCopyable {
    package let value: UInt32

    package static func < (left: NameIndex, right: NameIndex) -> Bool { left.value < right.value }
}

/// One step. A block is the instructions after this one, up to but not including `end`; the program goes
/// on at `end`.
package enum Instruction: Hashable, Sendable, BitwiseCopyable {
    // Control
    /// Nil means the flow's own pipeline, and the table after its own.
    case next(pipeline: Stage.Pipeline?, table: UInt8?)
    case output
    case clone(end: UInt32)
    /// Each instruction of the block loads the outport; one is chosen by the packet's hash, and then
    /// the packet is output.
    case forwardGroup(end: UInt32)
    /// A copy of the packet goes to the port.
    case mirror(NameIndex)
    /// Samples the packet for collectors, as `actions[sample]` says.
    case sample(UInt32)
    case push(KeySpan)
    case pop(KeySpan)

    // Header and registers
    /// Writes the bits that are one in the mask of `constants[constant]`.
    case load(KeySpan, constant: UInt32)
    /// Writes the key that the name has in the packet's datapath, or 0.
    case loadPort(KeySpan, NameIndex)
    /// Both spans have the same width. The source is read before anything is written.
    case move(KeySpan, from: KeySpan)
    case exchange(KeySpan, KeySpan)
    case decrementTTL
    case setQueue(UInt32)
    case setMeter(rate: UInt32, burst: UInt32)
    /// The result is whether the packet has more than this many bytes, Ethernet header included.
    case checkPacketLarger(KeySpan, UInt32)
    /// The next-hop MTU of a generated ICMP error.
    case setErrorMTU(UInt32)
    /// The source address of the IPv4 header quoted in an ICMP error.
    case setQuotedSource(UInt32)

    // Connections
    case ctNext(Zone)
    /// The block writes to the mark and label of the connection.
    case ctCommit(end: UInt32)
    case ctCommitToZone(Zone)
    case ctCommitNAT(Zone)
    /// Without a target (`actions[target]`), applies the translation of the connection.
    case ctNAT(Translation, target: UInt32?)
    case ctClear
    /// First in a program: connections that it commits get this helper.
    case helper(Helper)
    case ctSNATToVIP
    /// `actions[balance]` is the `.ctLoadBalance`.
    case ctLoadBalance(UInt32)
    /// The result is the number that the packet's hash chooses; goes on in the next table.
    /// `actions[selection]` is the `.select`.
    case select(KeySpan, UInt32)
    /// The result is a field of the connection's first packet.
    case connection(KeySpan, ConnectionField)

    // Neighbours and stations
    case getNeighbour(Family, port: KeySpan, address: KeySpan)
    case putNeighbour(Family, port: KeySpan, address: KeySpan, ethernet: KeySpan)
    case lookupNeighbour(KeySpan, port: KeySpan, address: KeySpan, ethernet: KeySpan)
    case lookupNeighbourAddress(KeySpan, port: KeySpan, address: KeySpan)
    case getFDB(KeySpan, ethernet: KeySpan)
    case putFDB(port: KeySpan, ethernet: KeySpan)
    case lookupFDB(KeySpan, port: KeySpan, ethernet: KeySpan)
    /// The packet refreshes what has been learned of its source.
    case macCacheUse
    case check(KeySpan, Check)

    /// `actions[affinity]` is the `.commitLoadBalancerAffinity`.
    case bindAffinity(UInt32)
    /// The connection has come by the packet's next hop (`commit_ecmp_nh`).
    case commitNextHop(Family, proto: UInt8)

    /// The block runs on a packet made from this one.
    case generate(Generator, end: UInt32)
    /// `actions[entry]` is the `.log`.
    case log(UInt32)

    /// An action that has no instruction of its own: `actions[index]`, called `names[index]`.
    case unsupported(UInt32)

    /// By the name that the kernel has for it.
    package enum Helper: String, Hashable, Sendable, BitwiseCopyable {
        case ftp, tftp
    }

    package enum Zone: UInt8, Hashable, Sendable, BitwiseCopyable {
        /// The usual one of the datapath's kind.
        case usual
        case dnat, snat
    }

    package enum Translation: UInt8, Hashable, Sendable, BitwiseCopyable {
        case dnat, snat, dnatInCommonZone, snatInCommonZone
    }

    package enum Family: UInt8, Hashable, Sendable, BitwiseCopyable {
        case ip4, ip6
    }

    package enum Check: UInt8, Hashable, Sendable, BitwiseCopyable {
        /// The result is true if the packet *fails*.
        case inPortSecurity
        /// The result is true if the packet *fails*.
        case outPortSecurity
        case loadBalancerHairpin, loadBalancerHairpinReply, ecmpNextHopMAC, ecmpNextHop
        case loadBalancerAffinity
    }

    package enum ConnectionField: UInt8, Hashable, Sendable, BitwiseCopyable {
        case destination4, destination6, destinationPort, `protocol`, state
    }

    package enum Generator: UInt8, Hashable, Sendable, BitwiseCopyable {
        case arp, ndNS, ndNA, ndNARouter, icmp4, icmp4Error, icmp6, icmp6Error, tcpReset, sctpAbort
        case reject
    }
}

/// The source of a load: bits right aligned as in the span they go to.
package struct LoadConstant: Hashable, Sendable, BitwiseCopyable {
    package let value: UInt128
    package let mask: UInt128
}

/// The compiled actions of one text, shared by all flows that have it.
///
/// Invariant: immutable once made, so any thread may read it; every block ends within the program and
/// within its enclosing block.
package final class ActionProgram: @unchecked Sendable {
    package let count: Int
    /// True if an action chooses by the datapath's hash.
    package let needsHash: Bool
    /// Operands of what is too large for an instruction.
    package let actions: [Action]
    /// Names that the program resolves, by index. Whoever caches an outcome depends on them.
    package let names: [NameIndex]
    /// The name of the meter on what the actions hand to the agent.
    package let controllerMeter: String?
    private let instructions: UnsafeMutablePointer<Instruction>
    private let constants: UnsafeMutablePointer<LoadConstant>
    private let constantCount: Int

    init(
        _ instructions: [Instruction], constants: [LoadConstant], actions: [Action],
        names: [NameIndex], controllerMeter: String? = nil
    ) {
        count = instructions.count
        needsHash =
            actions.contains(where: \.choosesByHash)
            || instructions.contains {
                if case .forwardGroup = $0 { true } else { false }
            }
        constantCount = constants.count
        self.actions = actions
        self.names = names
        self.controllerMeter = controllerMeter
        self.instructions = .allocate(capacity: max(1, instructions.count))
        self.constants = .allocate(capacity: max(1, constants.count))
        for (index, instruction) in instructions.enumerated() {
            (self.instructions + index).initialize(to: instruction)
        }
        for (index, constant) in constants.enumerated() {
            (self.constants + index).initialize(to: constant)
        }
    }

    deinit {
        instructions.deallocate()
        constants.deallocate()
    }

    package var view: ProgramView {
        ProgramView(
            instructions: UnsafeBufferPointer(start: instructions, count: count),
            constants: UnsafeBufferPointer(start: constants, count: constantCount),
            program: Unmanaged.passUnretained(self))
    }
}

/// A program to be run. It counts no references: it is valid while the snapshot it came from is alive,
/// so its user holds on to the snapshot (`withExtendedLifetime`).
package struct ProgramView {
    package let instructions: UnsafeBufferPointer<Instruction>
    package let constants: UnsafeBufferPointer<LoadConstant>
    private let program: Unmanaged<ActionProgram>

    fileprivate init(
        instructions: UnsafeBufferPointer<Instruction>,
        constants: UnsafeBufferPointer<LoadConstant>, program: Unmanaged<ActionProgram>
    ) {
        self.instructions = instructions
        self.constants = constants
        self.program = program
    }

    /// The operand of an instruction that carries an index into `actions`.
    package func action(_ index: UInt32) -> Action {
        program._withUnsafeGuaranteedRef { $0.actions[Int(index)] }
    }

    /// The meter on what the actions hand to the agent.
    package var controllerMeter: String? {
        program._withUnsafeGuaranteedRef { $0.controllerMeter }
    }

    package var isDrop: Bool { instructions.isEmpty }

    /// The packet is dropped, after changes that nobody sees, lines of the log or copies for collectors.
    package var leadsNowhere: Bool { instructions.allSatisfy { $0.leadsNowhere } }

    /// The packet goes on to the next table as it is.
    package var onlyGoesOn: Bool {
        guard instructions.count == 1, case .next(nil, nil) = instructions[0] else { return false }
        return true
    }

    package var needsHash: Bool { program._withUnsafeGuaranteedRef { $0.needsHash } }
}

extension Instruction {
    fileprivate var leadsNowhere: Bool {
        switch self {
        case .sample, .log, .push, .pop, .load, .loadPort, .move, .exchange: true
        default: false
        }
    }
}

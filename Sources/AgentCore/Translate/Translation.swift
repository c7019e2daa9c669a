import Datapath
import LogicalFlow
import Pipeline
import Wire

// What comes out of a translation. The caller puts the flow (mask and actions), executes the
// packet, and hands the effects to whoever writes databases; the dependencies say when to
// translate again.

package struct Translation: Sendable {
    /// Bits of the packet's key that everything here depends on, as the kernel takes them.
    package var mask = FlowMask()
    /// For the flow, and for the packet itself if `emissions` is nil. Empty drops.
    package var actions: [DatapathAction] = []
    /// Non-nil where the kernel can't do it: the packet's copies, made here. Empty if there was no
    /// frame to make them from. The flow's action then is to send every packet up.
    package var emissions: [Emission]?
    /// Why every packet has to come up; nil for a flow that the kernel serves.
    package var slowPath: SlowPathReason?
    package var effects: [SideEffect] = []
    /// The meters that the configuration has put on some of them (`ControlMeters`).
    package var meters: [SideEffect: String] = [:]
    package var drops: [PacketDrop] = []
    /// The patch ports on the way, once for each copy that crosses them.
    package var crossings: [PatchCrossing] = []
    /// What it depends on that is configuration, and what changes with packets. May have an element
    /// twice.
    package var dependencies: [PhysicalDependency] = []
    package var particulars: [PhysicalDependency] = []
    /// What was asked of the pipelines.
    package var lookups: [LookupRun] = []
    /// Words of the key that were written anywhere on the way; in all others each table saw what the
    /// packet came with.
    package var written = WordSet()
    /// Names of ports whose keys were loaded. May have an element twice.
    package var names: [NameIndex] = []
    /// Frozen states that the actions name; the flow keeps them.
    package var frozenStates: [UInt32] = []
    /// How many times the packet had come back from the kernel before.
    package var recirculations = 0
    /// False for what must not become a flow (an unknown recirculation, a foreign tunnel option).
    package var isCacheable = true

    package init() {}

    package var allDependencies: [PhysicalDependency] {
        particulars.isEmpty ? dependencies : dependencies + particulars
    }
}

/// A packet of the agent's own, ready for OVS_PACKET_CMD_EXECUTE.
package struct Emission: Hashable, Sendable {
    package var frame: [UInt8]
    /// What is kept beside the packet: input port, mark, priority.
    package var metadata: FlowKey
    package var actions: [DatapathAction]
    /// The neighbour that the packet asks for; nil for any other packet. How often one neighbour is
    /// asked for is limited (`NeighbourBuffer.mayAsk`).
    package var question: NeighbourKey?
    /// What made the packet; nil for a packet that only goes on. How much of it one port gets is
    /// limited (`ServiceLimiter`).
    package var service: ServiceClass?
    /// The meter that the configuration has put on it (`ControlMeters`).
    package var meter: String?

    package init(
        frame: [UInt8], metadata: FlowKey, actions: [DatapathAction],
        question: NeighbourKey? = nil, service: ServiceClass? = nil, meter: String? = nil
    ) {
        self.frame = frame
        self.metadata = metadata
        self.actions = actions
        self.question = question
        self.service = service
        self.meter = meter
    }
}

package enum SlowPathReason: Hashable, Sendable {
    /// A flow makes a packet of its own.
    case generates(Instruction.Generator)
    /// A service of the chassis looks at each packet.
    case serves(ServiceClass)
    /// The kernel has no action that sets this field.
    case sets(KeyField)
    /// More actions than the kernel takes for one flow.
    case actionLimit
    /// Packets of different length teach different things.
    case effectsByLength
    /// A question or an answer, where only answers to questions teach.
    case matchesAnswers
    /// A load balancer binds a client: at once, and seldom.
    case bindsClient
}

package enum SideEffect: Hashable, Sendable {
    /// A router port heard of a neighbour (MAC_Binding). `isShared`: other chassis may have seen
    /// the same packet.
    case neighbour(NeighbourKey, MACAddress, isShared: Bool)
    /// A switch port heard of a station (FDB).
    case address(LearnedAddressKey, port: UInt32)
    /// The packet's source agrees with a learned entry, which it refreshes.
    case uses(EntryUse)
    /// The packet waits until the neighbour is known.
    case wait(PendingPacket)
    /// A service that keeps state hears of the packet.
    case service(ServiceEvent)
    /// A client was given a backend; it has used one.
    case affinity(AffinityKey, AffinityBinding)
    case affinityUse(AffinityKey)
    /// A connection has come by a next hop; it has used what is known of it.
    case nextHop(ConnectionKey, MACAddress)
    case nextHopUse(ConnectionKey)
    /// A station of a provider bridge.
    case station(StationSighting)
    /// A router of another chassis asks for a neighbour.
    case question(AskedNeighbour)
    /// Somebody asked for a name.
    case asked(NameOutcome)

    /// A packet that goes nowhere may count as using an entry: that does no harm.
    var isOnlyUse: Bool {
        if case .uses(.destination) = self { true } else { false }
    }

    /// Whether it becomes a row of the Southbound database.
    fileprivate var isLesson: Bool { Lesson(self) != nil }
}

/// A packet that can't go on before its next hop's Ethernet address is known.
package struct PendingPacket: Hashable, Sendable {
    package var neighbour: NeighbourKey
    /// The frame with everything written into it that was set so far.
    package var frame: [UInt8]
    /// Registers and ports, and what is kept beside the packet.
    package var metadata: FlowKey
    package var resume: Resume

    package enum Resume: Hashable, Sendable {
        /// Goes on in a table.
        case table(LogicalStage)
        /// Leaves the ingress pipeline for its outport.
        case output
    }
}

package struct PacketDrop: Hashable, Sendable {
    package enum Reason: Hashable, Sendable {
        /// No flow of the table matches.
        case noFlow
        /// The flow says so.
        case flow
        /// The flow has an action that is not evaluated.
        case unsupported(String)
        /// BFD without a session that it could belong to.
        case noSession
        /// Output to the port it came from.
        case loopback
        case noOutport
        case unknownPort(PortReference)
        case notBound(PortReference)
        case unknownInput(UInt32)
        /// A port that moves here and has not been activated.
        case notActive(PortReference)
        /// Of a kernel port, beyond what it may have in a second.
        case tooManyMisses(UInt32)
        /// For the agent, or made by it, of a kernel port, beyond what it may have of a service in a
        /// second, or what a meter lets through.
        case beyondLimit(ControlClass, UInt32)
        case beyondMeter(String, UInt32)
        /// Of a kernel port, waiting for a next hop that has not answered; among too many that wait.
        case unansweredNeighbour(UInt32)
        case tooManyWaiting(UInt32)
        /// For a port elsewhere, of a sender whose packets stay on its chassis.
        case staysHere(PortReference)
        /// A bridge that has gone, or no longer has the port that the packet came in by.
        case noBridgePort(String)
        /// A VLAN that the port of a bridge does not have.
        case foreignVLAN(UInt16)
        /// An address that bridges keep for themselves.
        case reservedAddress
        case foreignTunnel
        case unknownTunnelSource(IPAddress)
        case unknownRecirculation(UInt32)
        case timeToLive
        case tooManySteps
        case tooManyCopies
        /// More trips through the kernel than any pipeline needs, or too many states.
        case tooManyRecirculations
        /// Of many kinds, whose packets are counted together (`DropCounts`).
        case notToldApart
    }
    package var reason: Reason
    /// Where; nil outside of the pipelines.
    package var stage: LogicalStage?
    package var flow: RowIdentifier?
    /// Of a packet that its flow drops: the flow before it in the same pipeline that did more than go
    /// on. Where verdicts are found in one table and carried out in another it has the verdict.
    package var decision: RowIdentifier?
    /// The port whose security has refused the packet, if that was the verdict.
    package var port: PortReference?

    package init(
        _ reason: Reason, stage: LogicalStage? = nil, flow: RowIdentifier? = nil,
        decision: RowIdentifier? = nil, port: PortReference? = nil
    ) {
        self.reason = reason
        self.stage = stage
        self.flow = flow
        self.decision = decision
        self.port = port
    }
}

/// The steps of one translation, for `trace`.
package enum TranslationStep: Hashable, Sendable {
    case received(PortReference)
    case table(LogicalStage, RowIdentifier?)
    case output(PortReference)
    /// The egress pipeline begins.
    case egress(PortReference, inport: UInt32)
    case tunnel(TunnelEndpoint, egress: UInt32)
    case deliver(vport: UInt32)
    /// Onto a provider bridge.
    case bridge(String, vlan: UInt16)
    case generated(Instruction.Generator)
    /// The kernel tracks the packet before it comes back.
    case track(ConnectionTracking)
    /// The packet as it is goes through the kernel under a number, and comes back in a table.
    case recirculate(LogicalStage, number: UInt32, packet: FlowKey)
    case effect(SideEffect)
    case drop(PacketDrop)
}

extension Translation {
    /// Whether the packet goes on here, or will.
    var keepsPacket: Bool {
        if case .serves = slowPath { return true }
        return effects.contains { if case .wait = $0 { true } else { false } }
    }

    /// Whether packets that the kernel serves by it would have something to teach that `known` has
    /// not. (Those that come up one by one teach themselves.)
    func hasLessons(beyond known: [SideEffect]) -> Bool {
        slowPath == nil && effects.contains { $0.isLesson && !known.contains($0) }
    }
}

import Datapath
import Pipeline
import Wire

// One translator for packets, for checking flows again and for tracing: it takes a packet (or only
// its key) through the logical pipelines and returns what the kernel has to do with every packet
// that agrees with it in the returned mask.
//
// The property that must hold: a packet served by a flow made of a translation gets what a fresh
// translation of that packet would give it, as long as nothing in `dependencies` and `lookups` has
// changed.

package struct Translator: ~Copyable {
    let limits: TranslationLimits
    /// Recirculation numbers and what they stand for.
    package var frozen: FrozenStates
    /// The time on the clock of the frozen states, in milliseconds; whoever translates keeps it.
    package var now: Int64 = 0
    /// Hears every step while it is set.
    package var trace: ((TranslationStep) -> Void)?

    var key = TrackedKey()
    var result = Translation()
    var outputs = OutputList()
    /// What the packet was before any action of a generator's block; nil for the packet itself.
    var generated: GeneratedPacket?
    var frame: [UInt8]?
    var stack: [[TrackedKey.Piece]] = []
    var steps = 0
    var depth = 0
    /// What the kernel has done with the packet, and which of it the pipeline may see.
    var condition = FrozenState.Condition()
    /// Who has had a copy of the packet from a mirror, and at which port it was made.
    var mirrored: [PortMirror.Receiver: PortReference] = [:]
    /// Tags that no key has, since others were put in front of them; the last is the next behind.
    var hiddenTags: [(control: UInt64, type: UInt64)] = []
    /// Where this copy of the packet is among the steps that the kernel takes.
    var node = OutputList.root
    /// The netlink port for copies that come up.
    var upcallPort: UInt32 = 0
    /// The netlink port of the exporter of samples; zero if there is none.
    package var samplePort: UInt32 = 0 {
        didSet { if samplePort != oldValue { paths.clear() } }
    }
    /// What is sampled of a packet that no logical flow drops, but for its place.
    var dropCopy: PacketSample?
    /// Where the packet is, for drops.
    var place: (stage: LogicalStage, flow: RowIdentifier?)?
    var decision: Decision?
    /// The actions that are carried out.
    var program: ProgramView?
    /// Answers to "is the packet longer than"; a question without one ends the run.
    var lengthAnswers: [Int: Bool] = [:]
    var lengthQuestion: Int?
    /// Clients that load balancers have bound to backends.
    package var affinities = AffinityTable()
    /// By which next hops connections have come.
    package var nextHops = NextHopTable()
    /// What packets asked of the pipelines lately.
    var memo = LookupMemo()
    /// Where packets went lately, and what decided it.
    var paths = PathMemo()
    /// What the packet was answered that goes where another went.
    var way = PathWay()
    /// Whether every packet is asked everything: whoever checks a translation does not ask for it.
    package var translatesAfresh = false
    var journal = PathJournal()
    /// Where the stations of provider bridges are.
    package var stations = StationTable()
    /// The kernel's meters.
    package var meters = MeterAllocator()
    /// Owners of hash values, worked out before.
    var choices: [HashChoice: [UInt16]] = [:]

    package init(
        limits: TranslationLimits = TranslationLimits(), frozen: FrozenStates = FrozenStates()
    ) {
        self.limits = limits
        self.frozen = frozen
    }

    /// The last flow that did more than go on.
    struct Decision {
        let stage: LogicalStage
        let flow: RowIdentifier
        /// The port whose security it has found broken.
        var port: PortReference?
    }

    /// A packet made by a flow, before the flow's block has run on it.
    struct GeneratedPacket {
        let frame: [UInt8]
        let key: FlowKey
        /// The neighbour that it asks for.
        var question: NeighbourKey?
        let service: ServiceClass
        /// The meter on it.
        let meter: String?
    }

    /// Takes a packet through the pipelines of `snapshot`.
    package mutating func translate(
        _ input: TranslationInput, in snapshot: TranslationSnapshot
    ) -> Translation {
        if let known = follow(input, in: snapshot) { return known.translation }
        return translateAlone(input, in: snapshot)
    }

    /// Takes a packet through the pipelines that goes where none went before.
    package mutating func translateAlone(
        _ input: TranslationInput, in snapshot: TranslationSnapshot
    ) -> Translation {
        journal.begin()
        defer { journal.isOpen = false }
        return translate(input, in: snapshot, answers: [:]) { $0.enter(snapshot) }
    }

    /// Lets a packet go on whose neighbour is known now.
    package mutating func resume(
        _ packet: PendingPacket, _ address: MACAddress, in snapshot: TranslationSnapshot
    ) -> (emissions: [Emission], drops: [PacketDrop]) {
        var input = TranslationInput(key: packet.metadata, frame: packet.frame, upcallPort: 0)
        let scratch = FlowScratch(count: 1)
        scratch[0].copy(from: packet.metadata)
        scratch[0].extractPacket(packet.frame.span.bytes)
        input.key = FlowKey(copying: scratch[0])
        let result = translate(input, in: snapshot, answers: [:]) {
            $0.resume(packet, address, snapshot)
        }
        if let emissions = result.emissions { return (emissions, result.drops) }
        guard !result.actions.isEmpty else { return ([], result.drops) }
        let whole = Emission(
            frame: packet.frame, metadata: packet.metadata, actions: result.actions)
        return ([whole], result.drops)
    }

    /// Sends a packet of the agent's own on its way.
    ///
    /// - Parameter upcallPort: hears copies of it that come up.
    /// - Returns: the copies that leave, what the bridges on their way see of its source, and the copies
    ///   that go nowhere.
    package mutating func inject(
        _ injection: Injection, upcallPort: UInt32, in snapshot: TranslationSnapshot
    ) -> (emissions: [Emission], sightings: [StationSighting], drops: [PacketDrop]) {
        let input = TranslationInput(
            key: FlowKey(of: injection.frame), frame: injection.frame, upcallPort: upcallPort)
        let result = translate(input, in: snapshot, answers: [:]) {
            $0.inject(injection, snapshot)
        }
        let sightings = result.effects.compactMap { effect -> StationSighting? in
            if case .station(let sighting) = effect { sighting } else { nil }
        }
        return (result.emissions ?? [], sightings, result.drops)
    }

    private mutating func translate(
        _ input: TranslationInput, in snapshot: TranslationSnapshot, answers: [Int: Bool],
        _ body: (inout Translator) -> Void
    ) -> Translation {
        start(input, answers)
        dropCopy = dropCopy(snapshot)
        body(&self)
        guard let length = lengthQuestion else { return finish(input) }
        let isLonger = input.frame.map { $0.count > length }
        var branches: [Translation] = []
        for answer in [true, false] {
            var branch = input
            if isLonger != answer { branch.frame = nil }
            branches.append(
                translate(
                    branch, in: snapshot,
                    answers: answers.merging([length: answer]) { $1 }, body))
        }
        return Translation.choosing(length, branches[0], branches[1], for: input)
    }

    private mutating func start(_ input: TranslationInput, _ answers: [Int: Bool]) {
        key.start(input.key)
        result = Translation()
        outputs.start(key)
        generated = nil
        frame = input.frame
        upcallPort = input.upcallPort
        stack.removeAll(keepingCapacity: true)
        steps = 0
        depth = 0
        condition = FrozenState.Condition()
        mirrored = [:]
        hiddenTags = []
        node = OutputList.root
        place = nil
        decision = nil
        program = nil
        lengthAnswers = answers
        lengthQuestion = nil
    }

    private mutating func finish(_ input: TranslationInput) -> Translation {
        var isOrderly = key.settle()
        outputs.finish(&result, key: key, input: input, limits: limits)
        isOrderly = isOrderly && outputs.spareVariableBits(key)
        let mask = FlowMask(copying: key.needed)
        result.mask = mask.widened(for: input.key)
        result.written = key.written
        keepPath(input, mask, isOrderly: isOrderly)
        return result
    }

    // MARK: - Notes

    func note(_ step: @autoclosure () -> TranslationStep) {
        if let trace { trace(step()) }
    }

    /// How many dependencies back one is not noted again.
    private static let remembered = 4

    /// A packet that a flow generated is made anew each time, so what it meets is no dependency.
    mutating func depend(on dependency: PhysicalDependency) {
        guard generated == nil else { return }
        if dependency.isParticular {
            result.particulars.append(dependency)
        } else if !result.dependencies.suffix(Self.remembered).contains(dependency) {
            result.dependencies.append(dependency)
        }
    }

    /// A name that was turned into the key of a port.
    mutating func noteName(_ name: NameIndex) {
        if generated == nil, result.names.last != name { result.names.append(name) }
    }

    mutating func drop(_ reason: PacketDrop.Reason) {
        let decision = reason == .flow ? decisionHere : nil
        let drop = PacketDrop(
            reason, stage: place?.stage, flow: place?.flow, decision: decision?.flow,
            port: decision?.port)
        note(.drop(drop))
        result.drops.append(drop)
        sampleDrop(reason)
    }

    private var decisionHere: Decision? {
        guard let decision, let here = place?.stage, decision.stage.datapath == here.datapath,
            decision.stage.stage.pipeline == here.stage.pipeline
        else { return nil }
        return decision
    }

    mutating func effect(_ effect: SideEffect) {
        note(.effect(effect))
        if !result.effects.contains(effect) { result.effects.append(effect) }
    }

    /// What teaches the agent or is handed to it, behind the meter of the flow.
    mutating func meteredEffect(_ effect: SideEffect) {
        if let meter = program?.controllerMeter { result.meters[effect] = meter }
        self.effect(effect)
    }

    mutating func takeSlowPath(_ reason: SlowPathReason) {
        if result.slowPath == nil { result.slowPath = reason }
    }

    // MARK: - Copies

    /// Runs `body` on a copy of the packet.
    mutating func onCopy(_ body: (inout Translator) -> Void) {
        guard let mark = key.save() else {
            drop(.tooManyCopies)
            return
        }
        let oldStack = stack
        let (oldPlace, oldDecision) = (place, decision)
        let oldPacket = generated
        let oldCondition = condition
        let oldNode = node
        let oldTags = hiddenTags
        body(&self)
        hiddenTags = oldTags
        generated = oldPacket
        condition = oldCondition
        node = oldNode
        (place, decision) = (oldPlace, oldDecision)
        stack = oldStack
        key.restore(mark)
    }
}

extension Translation {
    /// Two translations that differ by the packet's length, as one.
    fileprivate static func choosing(
        _ length: Int, _ greater: Translation, _ lessOrEqual: Translation,
        for input: TranslationInput
    ) -> Translation {
        let isLonger = input.frame.map { $0.count > length } ?? true
        var result = isLonger ? greater : lessOrEqual
        result.merge(isLonger ? lessOrEqual : greater)
        result.effects += (greater.effects + lessOrEqual.effects)
            .filter { $0.isOnlyUse && !result.effects.contains($0) }
        if greater.effects.filter({ !$0.isOnlyUse })
            != lessOrEqual.effects.filter({ !$0.isOnlyUse })
        {
            result.becomeSlow(.effectsByLength, input)
        } else if greater.slowPath != nil, lessOrEqual.slowPath != nil {
            result.slowPath = greater.slowPath
        } else if greater.actions != lessOrEqual.actions {
            result.slowPath = nil
            result.actions = [
                .checkLength(
                    UInt16(clamping: length), greater: greater.actions,
                    lessOrEqual: lessOrEqual.actions)
            ]
        }
        return result
    }

    /// Takes over what another translation of the same key depends on.
    private mutating func merge(_ other: Translation) {
        for word in mask.words.indices { mask.words[word] |= other.mask.words[word] }
        dependencies += other.dependencies
        particulars += other.particulars
        names += other.names
        lookups += other.lookups
        written.formUnion(other.written)
        frozenStates += other.frozenStates
        isCacheable = isCacheable && other.isCacheable
    }

    /// The kernel sends every packet up; this one goes on by the actions it would have had.
    private mutating func becomeSlow(_ reason: SlowPathReason, _ input: TranslationInput) {
        if emissions == nil, let frame = input.frame {
            emissions =
                actions.isEmpty
                ? [] : [Emission(frame: frame, metadata: input.key, actions: actions)]
        }
        slowPath = reason
        actions = [
            .userspace(UserspaceAction(port: input.upcallPort, cookie: UpcallCookie.slowPath))
        ]
        emissions = emissions ?? []
    }
}

import Datapath
import LogicalFlow
import Pipeline
import Wire

// Connection tracking. The kernel keeps the connections: an action becomes a pass through its
// tracker, and where the pipeline wants to know the outcome, the packet comes back in the table
// that the action names, with what the kernel knows of the connection in its key.
//
// The property that must hold: the pipeline sees fields of a connection only between a pass and
// the next pass, datapath or `ct_clear`, on a switch also the next pipeline, and they are those of the
// zone that it asked for.

extension Translator {
    /// An action of connection tracking; false if `instruction` is none.
    mutating func trackingStep(
        _ instruction: Instruction, _ block: Block, _ snapshot: TranslationSnapshot
    ) -> Bool {
        let next = block.target(nil, nil)
        switch instruction {
        case .ctNext(let zone):
            track(ConnectionTracking(zone: self.zone(zone, snapshot)), then: next)
        case .ctCommitToZone(let zone):
            track(
                ConnectionTracking(
                    zone: self.zone(zone, snapshot), commit: true, helper: block.helper),
                then: next)
        case .ctCommitNAT(let zone):
            track(
                ConnectionTracking(
                    zone: self.zone(zone, snapshot), commit: true, translation: .init(),
                    helper: block.helper),
                then: next)
        case .ctNAT(let kind, let target):
            var place: Action.NATTarget?
            if let target, case .ctNAT(_, let found) = block.program.action(target) {
                place = found
            }
            translate(kind, to: place, then: next, snapshot)
        case .ctLoadBalance(let index):
            guard case .ctLoadBalance(let balance) = block.program.action(index) else {
                return false
            }
            self.balance(balance, helper: block.helper, then: next, snapshot)
        case .ctClear: clearTracking()
        case .helper: break
        case .ctSNATToVIP: translateToVirtualAddress(snapshot)
        case .bindAffinity(let index):
            guard case .commitLoadBalancerAffinity(let affinity) = block.program.action(index)
            else { return false }
            bindAffinity(affinity)
        case .connection(let result, let field): load(result, field)
        default: return false
        }
        return true
    }

    // MARK: - Passes

    /// One pass. With a table the packet comes back there, and the packet at hand goes on as it was
    /// before the pass; without one it goes on untracked, as the kernel left it.
    mutating func track(_ tracking: ConnectionTracking, then stage: LogicalStage?) {
        // A packet that is in the zone already keeps its connection there, until it is cleared.
        if condition.zone == tracking.zone, condition.isCleared { step(.clearTracking) }
        condition.isCleared = false
        guard let stage else {
            step(.track(tracking))
            condition.zone = tracking.zone
            forgetTracking()
            return
        }
        onCopy { translator in
            translator.step(.track(tracking))
            translator.condition.zone = tracking.zone
            translator.condition.isTracked = true
            translator.note(.track(tracking))
            translator.freeze(at: stage)
        }
    }

    /// The zone that an action means: on a switch that of the port, on a router one of two.
    mutating func zone(_ zone: Instruction.Zone, _ snapshot: TranslationSnapshot) -> UInt16 {
        let datapath = UInt32(key.read(.datapath))
        let field: KeyField
        if !isRouter(datapath, snapshot) {
            field = .portZone
        } else {
            field = zone == .snat ? .snatZone : .dnatZone
        }
        return UInt16(truncatingIfNeeded: key.read(field))
    }

    /// `ct_dnat`, `ct_snat` and their forms in the common zone.
    private mutating func translate(
        _ kind: Instruction.Translation, to target: Action.NATTarget?,
        then stage: LogicalStage?, _ snapshot: TranslationSnapshot
    ) {
        let zone: UInt16
        switch kind {
        case .dnat: zone = UInt16(truncatingIfNeeded: key.read(.dnatZone))
        case .snat: zone = UInt16(truncatingIfNeeded: key.read(.snatZone))
        case .dnatInCommonZone, .snatInCommonZone:
            let datapath = UInt32(key.read(.datapath))
            depend(on: .zones(datapath: datapath))
            zone = snapshot.view.zones[datapath]?.common ?? 0
        }
        let isSource = kind == .snat || kind == .snatInCommonZone
        track(
            ConnectionTracking(
                zone: zone, commit: target != nil,
                translation: target.map {
                    .init(
                        direction: isSource ? .source : .destination,
                        addresses: $0.address...$0.address, ports: $0.ports,
                        isRandom: $0.ports != nil)
                } ?? .init()),
            then: stage)
    }

    /// A function of the connection's first packet, zero of a packet that belongs to none.
    private mutating func load(_ result: KeySpan, _ field: Instruction.ConnectionField) {
        let state = KeySpan(KeyField.ctState)
        if field == .state {
            key.move(to: result.part(offset: 0, width: 8), from: state.part(offset: 0, width: 8))
            return
        }
        let known =
            key.read(state.part(offset: 5, width: 1)) == 1
            && key.read(state.part(offset: 0, width: 2)) != 0
        guard known else { return key.load(result, 0) }
        let source: KeySpan =
            switch field {
            case .destination4: KeySpan(.ctDestination).part(offset: 0, width: 32)
            case .destination6: KeySpan(.ctDestination)
            case .destinationPort: KeySpan(.ctDestinationPort)
            case .protocol: KeySpan(.ctProtocol)
            case .state: state
            }
        key.load(result, 0)
        key.move(to: result.part(offset: 0, width: Int(source.width)), from: source)
    }

    // MARK: - Committing

    /// `ct_commit { … }`: the block at `range` says what the connection is marked with.
    mutating func commit(
        _ block: Block, _ range: Range<Int>, _ snapshot: TranslationSnapshot
    ) {
        var marks = ConnectionMarks()
        for index in range {
            switch block.program.instructions[index] {
            case .load(let span, let constant):
                let operand = block.program.constants[Int(constant)]
                marks.set(span, operand.value, mask: operand.mask)
            case .move(let span, let source): marks.set(span, key.read(source), mask: .max)
            default: break
            }
        }
        // Source translation to any address: only a port that another connection already has on
        // the way back is replaced.
        track(
            ConnectionTracking(
                zone: zone(.usual, snapshot), commit: true, mark: marks.mark,
                label: marks.label, translation: .init(direction: .source),
                helper: block.helper),
            then: nil)
    }
}

extension Translator.Block {
    /// What follows the connections that the flow commits.
    var helper: ConnectionTracking.Helper? {
        guard case .helper(let helper)? = program.instructions.first else { return nil }
        return ConnectionTracking.Helper(rawValue: helper.rawValue)
    }
}

/// What a commit writes.
private struct ConnectionMarks {
    private(set) var mark: ConnectionTracking.Masked<UInt32>?
    private(set) var label: ConnectionTracking.Masked<UInt128>?

    /// Takes bits of ct_mark or ct_label; other places are none of a commit's.
    mutating func set(_ span: KeySpan, _ value: UInt128, mask: UInt128) {
        let bits = mask & wideOnes(Int(span.width))
        let whole = KeyField.ctLabel.position
        if span.word == KeyField.ctMark.position.word {
            let shift = UInt32(span.shift)
            let written = UInt32(truncatingIfNeeded: bits) << shift
            let old = mark ?? .init(0, mask: 0)
            mark = .init(
                old.value & ~written | UInt32(truncatingIfNeeded: value & bits) << shift,
                mask: old.mask | written)
        } else if span.word == whole.word || span.word == whole.word + 1 {
            let shift = UInt128(span.shift) + (span.word == whole.word ? 64 : 0)
            let written = bits << shift
            let old = label ?? .init(0, mask: 0)
            label = .init(
                old.value & ~written | (value & bits) << shift, mask: old.mask | written)
        }
    }
}

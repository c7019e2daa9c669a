import Datapath
import Pipeline

// What the agent knows of its flows in the kernel: why each is there, under which snapshot it was
// made and what it counts. The table is told of translations, swaps of the snapshot and dumps, and
// answers with the commands that the kernel must get, in this order.
//
// The property that must hold: once all commands are executed, every flow in the kernel does what
// a fresh translation under the table's snapshot would do. A flow that was translated under an
// older snapshot than the table's is checked against every change since then before it is put; so
// a put and a swap may come in any order.

/// A command for the kernel.
package enum FlowCommand: Hashable, Sendable {
    case put(Megaflow)
    case modify(FlowID, [DatapathAction])
    case delete(FlowID)
}

package struct MegaflowTable: Sendable {
    package struct Limits: Sendable {
        package var flows = 200_000
        /// Flows whose packets come from one port.
        package var flowsPerPort = 65_536
        /// Masks under which there are flows.
        package var masks = 256
        /// Those that packets of one local workload needed first, and those of any other port (a tunnel
        /// device, a physical network's).
        package var masksPerWorkload = 64
        package var masksPerSharedPort = 128
        /// A flow without packets for so long goes, in milliseconds.
        package var idle: UInt64 = 10_000

        package init() {}
    }

    package struct Entry: Sendable {
        package var flow: Megaflow
        /// What each packet that the kernel serves would teach. Empty if the kernel sends every
        /// packet up: then each has effects of its own.
        package var effects: [SideEffect]
        package var drops: [PacketDrop]
        package var crossings: [PatchCrossing]
        /// What it depends on that changes with packets.
        var particulars: [PhysicalDependency]
        let mask: MaskBook.Number
        let written: WordSet
        var frozenStates: [UInt32]
    }

    package var limits: Limits
    package private(set) var snapshot: TranslationSnapshot
    package internal(set) var entries = FlowEntries()
    /// Flows that the kernel was told to delete and has not reported yet.
    var dying: [FlowID: Entry] = [:]
    /// How many dumps there were.
    var dumps: UInt64 = 0
    private(set) var places = PlaceIndex()
    private var dependents: [PhysicalDependency: Dependents] = [:]
    private(set) var lookups = LookupIndex()
    private(set) var reasons = ReasonIndex()
    var masks = MaskBook()
    var queues = PortQueues()
    /// Flows that have made room for others and that the kernel was not told to delete yet.
    var evicted: [FlowID] = []
    /// Packets that got no flow since somebody asked, because there was no mask for it.
    var unmasked: UInt64 = 0
    /// When the last dump began.
    var reviewed: UInt64 = 0
    /// The differences from the last older snapshot that a translation was made under.
    private var lastChanges: (revision: UInt64, changes: SnapshotChanges)?
    var identity: MegaflowIdentity
    /// Flows that a swap has touched and `check` has not seen yet. A snapshot is in force when
    /// there are none and all commands are executed.
    package private(set) var unchecked: Set<FlowID> = []

    package init(epoch: UInt32, snapshot: TranslationSnapshot, limits: Limits = Limits()) {
        self.limits = limits
        self.snapshot = snapshot
        identity = MegaflowIdentity(epoch: epoch)
    }

    package var count: Int { entries.count }
    package var lookupCount: Int { lookups.count }
    package var maskCount: Int { masks.count }

    // MARK: - Putting

    package enum Addition: Hashable, Sendable {
        case put(Megaflow)
        /// The kernel has it already, or will have it after the commands before.
        case present(FlowID)
        /// Something that it depends on has changed: translate again.
        case stale
        /// No flow is made for such packets, or there are too many.
        case refused
    }

    /// A flow that the kernel must get.
    package struct Booking: Sendable {
        package let id: FlowID
        /// Nil for the mask that the path's translation asks for.
        package let mask: FlowMask?
    }

    /// Takes a translation of a packet with this key, made under `old`, which may be older than
    /// the table's snapshot.
    ///
    /// The flow may compare more than the translation asks for, and others may have to go for it
    /// (`takeEvicted`).
    package mutating func add(
        _ translation: Translation, key: FlowKey, under old: TranslationSnapshot, now: UInt64
    ) -> Addition {
        guard translation.isCacheable else { return .refused }
        guard isCurrent(translation, under: old) else { return .stale }
        let spot: Spot
        switch claim(key, translation.mask) {
        case .present(let id): return .present(id)
        case .refused: return .refused
        case .free(let free): spot = free
        }
        let flow = Megaflow(
            id: identity.make(), key: spot.key, mask: spot.mask, actions: translation.actions)
        insert(flow, spot.number, translation, created: now, used: now)
        return .put(flow)
    }

    /// Takes a packet that went where another went before.
    ///
    /// - Returns: the flow that the kernel must get; nil if there is none to put.
    package mutating func add(
        _ path: FollowedPath, key: FlowKey, under old: TranslationSnapshot, now: UInt64
    ) -> Booking? {
        let required = path.template.translation.mask
        guard old === snapshot else {
            guard
                case .put(let flow) = add(path.translation, key: key, under: old, now: now),
                let id = flow.id
            else { return nil }
            return Booking(id: id, mask: flow.mask == required ? nil : flow.mask)
        }
        guard case .free(let spot) = claim(key, required) else { return nil }
        let id = identity.make()
        insert(path, id, spot, now: now)
        return Booking(id: id, mask: spot.isRequired ? nil : spot.mask)
    }

    private mutating func insert(
        _ path: FollowedPath, _ id: FlowID, _ spot: Spot, now: UInt64
    ) {
        let translation = path.template.translation
        note(path.particulars, of: id)
        insert(
            id,
            Entry(
                flow: Megaflow(
                    id: id, key: spot.key, mask: spot.mask, actions: translation.actions),
                effects: [], drops: translation.drops, crossings: translation.crossings,
                particulars: path.particulars, mask: spot.number, written: translation.written,
                frozenStates: translation.frozenStates),
            FlowSummary(
                reasons: reasons.add(translation.dependencies, translation.names),
                lookups: lookups.add(path), created: now, used: now))
    }

    /// True if no change since `old` touches what the translation read.
    private mutating func isCurrent(
        _ translation: Translation, under old: TranslationSnapshot
    ) -> Bool {
        if old.revision == snapshot.revision { return true }
        guard old.revision < snapshot.revision else { return false }
        let changes: SnapshotChanges
        if let last = lastChanges, last.revision == old.revision {
            changes = last.changes
        } else {
            changes = SnapshotChanges(from: old, to: snapshot)
            lastChanges = (old.revision, changes)
        }
        return changes.spare(translation, in: snapshot.pipeline)
    }

    /// - Parameter mask: that of the flow, which counts for it already.
    mutating func insert(
        _ flow: Megaflow, _ mask: MaskBook.Number, _ translation: Translation, created: UInt64,
        used: UInt64
    ) {
        guard let id = flow.id else { return }
        insert(
            id, link(flow, id, mask, translation),
            FlowSummary(
                reasons: reasons.add(translation.dependencies, translation.names),
                lookups: lookups.add(translation.lookups), created: created, used: used))
    }

    private mutating func insert(_ id: FlowID, _ entry: Entry, _ summary: FlowSummary) {
        let flow = entry.flow
        places.insert(id, flow.key, flow.mask)
        queues.append(entries.insert(id, entry, summary), to: flow.key[.inputPort])
    }

    /// The entry of a flow, which from now on is found by what its translation depends on that changes
    /// with packets.
    private mutating func link(
        _ flow: Megaflow, _ id: FlowID, _ mask: MaskBook.Number, _ translation: Translation
    ) -> Entry {
        note(translation.particulars, of: id)
        let isServed = translation.slowPath == nil
        return Entry(
            flow: flow, effects: isServed ? translation.effects : [],
            drops: isServed ? translation.drops : [],
            crossings: isServed ? translation.crossings : [], particulars: translation.particulars,
            mask: mask, written: translation.written, frozenStates: translation.frozenStates)
    }

    private mutating func note(_ particulars: [PhysicalDependency], of id: FlowID) {
        for dependency in particulars { dependents[dependency, default: Dependents()].add(id) }
    }

    private mutating func unlink(_ number: UInt32) {
        guard let entry = entries[number: number], let summary = entries[summary: number] else {
            return
        }
        for dependency in entry.particulars {
            if dependents[dependency]?.removeOne(entries) == true { dependents[dependency] = nil }
        }
        reasons.remove(summary.reasons)
        lookups.remove(summary.lookups)
    }

    /// What the packet of a flow would have taught was refused for now: a later packet of it shall teach it
    /// (`Review.owing`).
    package mutating func owe(_ id: FlowID) { setOwing(id, true) }

    /// The flow has taught.
    package mutating func settle(_ id: FlowID) { setOwing(id, false) }

    private mutating func setOwing(_ id: FlowID, _ owes: Bool) {
        guard let number = entries.number(id) else { return }
        entries[summary: number]?.owesLessons = owes
    }

    /// The kernel refused the put, or lost the flow.
    @discardableResult
    package mutating func forget(_ id: FlowID) -> Entry? {
        unchecked.remove(id)
        guard let number = entries.number(id), let entry = entries[number: number] else {
            return nil
        }
        unlink(number)
        places.remove(id, entry.flow.key, entry.flow.mask)
        masks.release(entry.mask)
        entries.remove(number)
        queues.remove(number)
        return entry
    }

    /// Gives a flow up; its last counts come with the kernel's answer (`deleted`).
    mutating func delete(_ id: FlowID) -> FlowCommand {
        if let entry = forget(id) { dying[id] = entry }
        return .delete(id)
    }

    /// Gives every flow up.
    package mutating func purge() -> [FlowCommand] { entries.keys.sorted().map { delete($0) } }

    /// The recirculation numbers that flows in the kernel mention.
    package var frozenNumbers: Set<UInt32> {
        var result = numbers { entry, numbers in
            numbers.formUnion(entry.frozenStates)
            numbers.insert(UInt32(truncatingIfNeeded: entry.flow.key[.recirculationID]))
        }
        // Of packets that have just arrived.
        result.remove(0)
        return result
    }

    /// The meters that flows in the kernel name.
    package var meterNumbers: Set<UInt32> {
        numbers { $1.formUnion($0.flow.actions.flatMap(\.meters)) }
    }

    /// What `note` takes of each flow in the kernel.
    private func numbers(_ note: (Entry, inout Set<UInt32>) -> Void) -> Set<UInt32> {
        var numbers: Set<UInt32> = []
        entries.forEach { note($0, &numbers) }
        for entry in dying.values { note(entry, &numbers) }
        return numbers
    }

    // MARK: - Swapping the snapshot

    /// Makes `new` the snapshot. The flows in `unchecked` have to be translated again with `check`
    /// then; until that their old actions stand.
    package mutating func swap(to new: TranslationSnapshot) {
        precondition(new.revision > snapshot.revision)
        let changes = SnapshotChanges(from: snapshot, to: new)
        snapshot = new
        lastChanges = nil
        let asker = LookupAsker(new.pipeline, changes.pipeline)
        noteUsers(
            of: reasons.changed(changes.physical, changes.pipeline.affects),
            lookups.changed(asker), asker)
        touch(changes.physical)
    }

    private mutating func noteUsers(
        of reasons: ReasonIndex.Changed, _ answers: LookupIndex.Changed,
        _ asker: borrowing LookupAsker
    ) {
        guard !reasons.isEmpty || !answers.isEmpty else { return }
        let touched = entries.numbers {
            reasons.contains($0.reasons) || answers.mayConcern($0.lookups)
        }
        for number in touched {
            guard let entry = entries[number: number], let summary = entries[summary: number]
            else { continue }
            if reasons.contains(summary.reasons)
                || answers.concern(entry, summary.lookups, asker)
            {
                unchecked.insert(entries.id(number))
            }
        }
    }

    /// What changes with packets has changed: the flows that read it are unchecked too.
    package mutating func touch(_ dependencies: some Sequence<PhysicalDependency>) {
        for dependency in dependencies where dependency.isParticular {
            if let flows = dependents[dependency] { unchecked.formUnion(flows.living(entries)) }
        }
    }

    /// Compares a flow with a translation of its key under the table's snapshot; nil if the kernel
    /// has it right already.
    ///
    /// A flow may compare more than it needs to. One that compares less would serve packets that
    /// it was not made for, so it goes. So does one that has something new to teach: a lesson is
    /// taken from a packet that comes up.
    package mutating func check(_ id: FlowID, _ translation: Translation) -> FlowCommand? {
        unchecked.remove(id)
        guard let number = entries.number(id), let entry = entries[number: number] else {
            return nil
        }
        guard translation.isCacheable, entry.flow.mask.isSuperset(of: translation.mask),
            !translation.hasLessons(beyond: entry.effects)
        else { return delete(id) }
        unlink(number)
        var checked = link(entry.flow, id, entry.mask, translation)
        checked.flow.actions = translation.actions
        entries[number: number] = checked
        entries[summary: number]?.reasons = reasons.add(
            translation.dependencies, translation.names)
        entries[summary: number]?.lookups = lookups.add(translation.lookups)
        if !translation.hasLessons(beyond: []) { entries[summary: number]?.owesLessons = false }
        guard entry.flow.actions != translation.actions else { return nil }
        return .modify(id, translation.actions)
    }
}

/// What differs between two snapshots.
struct SnapshotChanges: Sendable {
    let physical: Set<PhysicalDependency>
    let pipeline: PipelineChanges

    init(from old: TranslationSnapshot, to new: TranslationSnapshot) {
        physical = new.view.changes(from: old.view)
        pipeline = new.pipeline.changes(from: old.pipeline)
    }

    /// True if a translation under the old snapshot would be the same under the new one.
    func spare(_ translation: Translation, in new: PipelineSnapshot) -> Bool {
        guard !translation.allDependencies.contains(where: physical.contains) else { return false }
        guard !translation.names.contains(where: pipeline.affects) else { return false }
        if pipeline.isEmpty { return true }
        let asker = LookupAsker(new, pipeline)
        return translation.lookups.allSatisfy { $0.lookups.allSatisfy { asker.holds($0) } }
    }
}

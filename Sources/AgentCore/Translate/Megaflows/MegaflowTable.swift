import Datapath

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

/// What differs between two snapshots.
package struct SnapshotChanges: Sendable {
    package var physical: Set<PhysicalDependency>
    /// False where the tables of a stage are certainly the same.
    package var mayHaveChanged: @Sendable (LogicalStage) -> Bool

    package init(
        physical: Set<PhysicalDependency>,
        mayHaveChanged: @escaping @Sendable (LogicalStage) -> Bool = { _ in true }
    ) {
        self.physical = physical
        self.mayHaveChanged = mayHaveChanged
    }
}

package struct MegaflowTable: Sendable {
    package struct Limits: Sendable {
        package var flows = 200_000
        /// Flows whose packets come from one port.
        package var flowsPerPort = 65_536
        /// A flow without packets for so long goes, in milliseconds.
        package var idle: UInt64 = 10_000
        /// Snapshots whose differences are remembered for translations that are still under way.
        package var history = 64

        package init() {}
    }

    package struct Entry: Sendable {
        package var flow: Megaflow
        package var effects: [SideEffect]
        package var drops: [PacketDrop]
        var dependencies: Set<PhysicalDependency>
        var lookups: [Int]
        var frozenStates: [UInt32]
        /// Milliseconds.
        package let created: UInt64
        package var used: UInt64
    }

    private struct Place: Hashable {
        let mask: FlowMask
        let key: FlowKey
    }

    package let limits: Limits
    package private(set) var snapshot: TranslationSnapshot
    package internal(set) var entries: [FlowID: Entry] = [:]
    /// Flows that the kernel was told to delete and has not reported yet.
    var dying: [FlowID: Entry] = [:]
    private var places: [Place: FlowID] = [:]
    private var dependents: [PhysicalDependency: Set<FlowID>] = [:]
    private(set) var lookups = LookupIndex()
    private var flowsOnPort: [UInt64: Int] = [:]
    /// Changes that led to the snapshots of these revisions, oldest first.
    private var history: [(revision: UInt64, changes: SnapshotChanges)] = []
    /// The oldest revision from which all changes are known.
    private var oldest: UInt64
    var identity: MegaflowIdentity

    package init(epoch: UInt32, snapshot: TranslationSnapshot, limits: Limits = Limits()) {
        self.limits = limits
        self.snapshot = snapshot
        oldest = snapshot.revision
        identity = MegaflowIdentity(epoch: epoch)
    }

    package var count: Int { entries.count }
    package var lookupCount: Int { lookups.count }

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

    /// Takes a translation of a packet with this key, made under the snapshot of `revision`.
    package mutating func add(
        _ translation: Translation, key: FlowKey, revision: UInt64, now: UInt64
    ) -> Addition {
        guard translation.isCacheable else { return .refused }
        guard isCurrent(translation, since: revision) else { return .stale }
        let masked = key.masked(by: translation.mask)
        let place = Place(mask: translation.mask, key: masked)
        if let id = places[place] { return .present(id) }
        let port = key[.inputPort]
        guard entries.count < limits.flows, flowsOnPort[port, default: 0] < limits.flowsPerPort
        else { return .refused }
        let flow = Megaflow(
            id: identity.make(), key: masked, mask: translation.mask,
            actions: translation.actions)
        insert(flow, translation, created: now, used: now)
        return .put(flow)
    }

    /// True if no change since `revision` touches what the translation read.
    private func isCurrent(_ translation: Translation, since revision: UInt64) -> Bool {
        if revision == snapshot.revision { return true }
        guard revision >= oldest, revision < snapshot.revision else { return false }
        let later = history.filter { $0.revision > revision }
        for (_, changes) in later where !changes.physical.isDisjoint(with: translation.dependencies)
        {
            return false
        }
        let asker = LookupAsker()
        for entry in translation.lookups.entries
        where later.contains(where: { $0.changes.mayHaveChanged(entry.stage) }) {
            let question = translation.lookups.question(entry)
            guard asker.holds(question, entry.match, in: snapshot.pipeline) else { return false }
        }
        return true
    }

    mutating func insert(
        _ flow: Megaflow, _ translation: Translation, created: UInt64, used: UInt64
    ) {
        guard let id = flow.id else { return }
        entries[id] = Entry(
            flow: flow, effects: translation.effects, drops: translation.drops, dependencies: [],
            lookups: [], frozenStates: [], created: created, used: used)
        places[Place(mask: flow.mask, key: flow.key)] = id
        flowsOnPort[flow.key[.inputPort], default: 0] += 1
        link(id, translation)
    }

    private mutating func link(_ id: FlowID, _ translation: Translation) {
        for dependency in translation.dependencies {
            dependents[dependency, default: []].insert(id)
        }
        let numbers = lookups.add(translation.lookups, user: id)
        entries[id]?.dependencies = translation.dependencies
        entries[id]?.lookups = numbers
        entries[id]?.frozenStates = translation.frozenStates
        entries[id]?.effects = translation.effects
        entries[id]?.drops = translation.drops
    }

    private mutating func unlink(_ id: FlowID) {
        guard let entry = entries[id] else { return }
        for dependency in entry.dependencies {
            dependents[dependency]?.remove(id)
            if dependents[dependency]?.isEmpty == true { dependents[dependency] = nil }
        }
        lookups.remove(entry.lookups, user: id)
    }

    /// The kernel refused the put, or lost the flow.
    @discardableResult
    package mutating func forget(_ id: FlowID) -> Entry? {
        guard let entry = entries[id] else { return nil }
        unlink(id)
        entries[id] = nil
        places[Place(mask: entry.flow.mask, key: entry.flow.key)] = nil
        let port = entry.flow.key[.inputPort]
        flowsOnPort[port, default: 1] -= 1
        if flowsOnPort[port] == 0 { flowsOnPort[port] = nil }
        return entry
    }

    /// Gives a flow up; its last counts come with the kernel's answer (`deleted`).
    mutating func delete(_ id: FlowID) -> FlowCommand {
        if let entry = forget(id) { dying[id] = entry }
        return .delete(id)
    }

    // MARK: - Swapping the snapshot

    /// Makes `new` the snapshot and returns the flows that have to be translated again with
    /// `check`, in order. Until then their old actions stand.
    package mutating func swap(
        to new: TranslationSnapshot, changes: SnapshotChanges
    ) -> [FlowID] {
        precondition(new.revision > snapshot.revision)
        snapshot = new
        history.append((new.revision, changes))
        if history.count > limits.history {
            oldest = history.removeFirst().revision
        }
        var dirty = lookups.changed(in: new.pipeline, where: changes.mayHaveChanged)
        for dependency in changes.physical {
            if let flows = dependents[dependency] { dirty.formUnion(flows) }
        }
        return dirty.sorted()
    }

    /// Compares a flow with a translation of its key under the table's snapshot; nil if the kernel
    /// has it right already.
    ///
    /// A flow may compare more than it needs to. One that compares less would serve packets that
    /// it was not made for, so it goes.
    package mutating func check(_ id: FlowID, _ translation: Translation) -> FlowCommand? {
        guard let entry = entries[id] else { return nil }
        guard translation.isCacheable, entry.flow.mask.isSuperset(of: translation.mask) else {
            return delete(id)
        }
        unlink(id)
        link(id, translation)
        guard entry.flow.actions != translation.actions else { return nil }
        entries[id]?.flow.actions = translation.actions
        return .modify(id, translation.actions)
    }
}

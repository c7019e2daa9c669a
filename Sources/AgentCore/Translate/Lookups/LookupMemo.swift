import Datapath
import Pipeline

// The runs of tables that packets went through lately. A packet that asks what another one has asked
// before is answered without a visit to the classifiers.
//
// The property that must hold: what is found is what the pipelines of the snapshot would answer. So
// when another snapshot takes over, all runs go that have a table in which something changed.
//
// A table whose answer depends on what differs from packet to packet (an address behind a router) would
// make every run through it new. When a table has begun too many runs, it is split off where they differ:
// what is before, the table, and what is after become runs of their own.

struct LookupMemo {
    enum Limits {
        /// Runs from one table before they are looked at for where they differ.
        static let variants = 8
        /// Runs in all; with one more, everything is forgotten.
        static let runs = 1 << 16
    }

    /// The runs that begin with one table.
    private final class Shelf {
        let stage: LogicalStage
        /// No run goes on into the table.
        var isCut = false
        /// The runs, by what they ask for.
        var groups: [MaskedIndex<LookupRun>] = []
        var newest: LookupRun?
        var count = 0
        /// Tables of the longest run.
        var length = 0

        init(_ stage: LogicalStage) { self.stage = stage }

        func clear() {
            groups = []
            newest = nil
            count = 0
            length = 0
        }

        func insert(_ run: LookupRun, _ key: FlowPointer) {
            let bits = run.words.map { KeyBits(word: $0.word, mask: $0.mask) }
            let place = groups.firstIndex { $0.bits == bits } ?? groups.count
            if place == groups.count { groups.append(MaskedIndex(bits)) }
            groups[place].set(key, run)
            newest = run
            count += 1
            length = max(length, run.lookups.count)
        }
    }

    private let seed = WordHash.seed
    private var pipeline: PipelineSnapshot?
    var kinds = RunKinds()
    private var index = HashIndex()
    private var shelves: [Shelf] = []
    private var count = 0

    // MARK: Snapshots

    /// From now on answers are those of `new`.
    @inline(__always)
    mutating func follow(_ new: PipelineSnapshot) {
        if pipeline !== new { change(to: new) }
    }

    private mutating func change(to new: PipelineSnapshot) {
        defer { pipeline = new }
        guard let old = pipeline else { return }
        guard new.isOfSameBuilder(as: old), new.revision > old.revision else { return clear() }
        let changes = new.changes(from: old)
        if changes.concernsAllStages { return clear() }
        let touched = changes.stages
        for shelf in shelves where shelf.count > 0 {
            let first = shelf.stage.stage
            let isTouched = touched.contains {
                $0.pipeline == first.pipeline && $0.table >= first.table
                    && $0.table < first.table + shelf.length
            }
            if isTouched { drop(shelf) }
        }
    }

    private mutating func clear() {
        index = HashIndex()
        shelves = []
        count = 0
    }

    private mutating func drop(_ shelf: Shelf) {
        count -= shelf.count
        shelf.clear()
    }

    // MARK: Runs

    /// The run from a table that answers the packet.
    @inline(__always)
    func find(_ stage: LogicalStage, _ key: FlowPointer) -> LookupRun? {
        guard let shelf = shelf(stage) else { return nil }
        for group in shelf.groups {
            if let run = group.find(key) { return run }
        }
        return nil
    }

    /// True if runs must begin anew at the table.
    func isCut(_ stage: LogicalStage) -> Bool { shelf(stage)?.isCut ?? false }

    /// Keeps the run that answered a key.
    mutating func insert(_ run: LookupRun, _ key: FlowPointer) {
        if count >= Limits.runs { clear() }
        let shelf = makeShelf(run.first)
        if shelf.count >= Limits.variants, split(shelf, run) { return }
        shelf.insert(run, key)
        count += 1
    }

    /// Splits the runs of a shelf where the new one differs from the newest; false if they have one
    /// table, or do not differ before the shorter one ends.
    private mutating func split(_ shelf: Shelf, _ run: LookupRun) -> Bool {
        guard run.lookups.count > 1, let other = shelf.newest else { return false }
        let place = zip(run.lookups, other.lookups).enumerated()
            .first { $0.element.0.question != $0.element.1.question }?.offset
        guard let place else { return false }
        if place > 0 { makeShelf(run.lookups[place].question.stage).isCut = true }
        if place + 1 < run.lookups.count {
            makeShelf(run.lookups[place + 1].question.stage).isCut = true
        }
        drop(shelf)
        return true
    }

    // MARK: Shelves

    @inline(__always)
    private func hash(_ stage: LogicalStage) -> UInt64 {
        var hash = WordHash(seed)
        hash.combine(UInt64(stage.datapath.value) << 8 | UInt64(stage.stage.index))
        return hash.value
    }

    @inline(__always)
    private func shelf(_ stage: LogicalStage) -> Shelf? {
        index.first(hash(stage)) { shelves[Int($0)].stage == stage }
            .map { shelves[Int($0)] }
    }

    private mutating func makeShelf(_ stage: LogicalStage) -> Shelf {
        if let shelf = shelf(stage) { return shelf }
        let shelf = Shelf(stage)
        index.insert(UInt32(shelves.count), hash(stage))
        shelves.append(shelf)
        return shelf
    }
}

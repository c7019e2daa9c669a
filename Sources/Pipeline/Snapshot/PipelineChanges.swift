import Datapath

// What became different from one snapshot to another, in a form that tells which remembered lookups may
// have another answer now.
//
// A lookup is remembered as (stage, datapath, key, mask) -> flow. Property: if `affects` is false for it,
// the new snapshot gives the same answer for every packet under that mask.

/// One flow that came, went or matches other packets than before.
struct RuleChange: Sendable {
    let scope: UInt32
    let id: RowIdentifier
    /// The matches before and now; nil if the flow wasn't or isn't there.
    let old: CompiledMatch?
    let new: CompiledMatch?
    /// If not nil, only packets that meet one of these see a difference.
    let narrowing: [Narrowing]?
}

/// Some values of a field.
struct Narrowing: Sendable {
    struct Member: Sendable {
        let value: UInt128
        let mask: UInt128
    }

    let span: KeySpan
    let members: [Member]
}

/// The difference between a snapshot and the one before.
final class PipelineDelta: Sendable {
    /// The revision that this difference leads to.
    let revision: UInt64
    let rules: [Stage: [RuleChange]]
    let names: Set<UInt32>
    /// Places of datapaths that joined or left a group.
    let datapaths: Set<UInt32>

    init(
        revision: UInt64, rules: [Stage: [RuleChange]], names: Set<UInt32>,
        datapaths: Set<UInt32>
    ) {
        self.revision = revision
        self.rules = rules
        self.names = names
        self.datapaths = datapaths
    }
}

package struct PipelineChanges: Sendable {
    private let snapshot: PipelineSnapshot
    private let deltas: [PipelineDelta]
    /// The old snapshot is too old for its differences to be known: everything may have changed.
    package let isComplete: Bool

    fileprivate init(_ snapshot: PipelineSnapshot, _ deltas: [PipelineDelta], isComplete: Bool) {
        self.snapshot = snapshot
        self.deltas = deltas
        self.isComplete = isComplete
    }

    package var isEmpty: Bool { !isComplete && deltas.isEmpty }

    /// Stages in which flows changed, in order.
    package var stages: [Stage] { Set(deltas.flatMap(\.rules.keys)).sorted() }

    /// True if lookups in other stages than `stages` may have other answers too.
    package var concernsAllStages: Bool {
        isComplete || deltas.contains { !$0.datapaths.isEmpty }
    }

    /// Flows that came, went or match other packets, in order.
    package func flows(in stage: Stage) -> [RowIdentifier] {
        Set(deltas.flatMap { $0.rules[stage] ?? [] }.map(\.id)).sorted()
    }

    /// True if the name may stand for another key now.
    package func affects(_ name: NameIndex) -> Bool {
        isComplete || deltas.contains { $0.names.contains(name.value) }
    }

    /// True if a lookup remembered with this key and mask may have another answer now.
    package func affects(
        _ stage: Stage, _ datapath: DatapathIndex, _ key: FlowPointer, _ mask: FlowPointer
    ) -> Bool {
        if isComplete { return true }
        guard let scopes = snapshot.view.datapaths[datapath.value] else { return true }
        return deltas.contains { delta in
            if delta.datapaths.contains(datapath.value) { return true }
            return (delta.rules[stage] ?? []).contains { change in
                scopes._withUnsafeGuaranteedRef { $0.contains(change.scope) }
                    && change.intersects(key, mask)
            }
        }
    }
}

extension PipelineSnapshot {
    /// The differences from an older snapshot of the same builder to this one.
    package func changes(from old: PipelineSnapshot) -> PipelineChanges {
        let deltas = history.filter { $0.revision > old.revision }
        let isComplete = UInt64(deltas.count) != revision - min(revision, old.revision)
        return PipelineChanges(self, isComplete ? [] : deltas, isComplete: isComplete)
    }
}

// MARK: - Intersection

extension RuleChange {
    func intersects(_ key: FlowPointer, _ mask: FlowPointer) -> Bool {
        if let narrowing, !narrowing.contains(where: { $0.intersects(key, mask) }) {
            return false
        }
        return old?.intersects(key, mask) ?? false || new?.intersects(key, mask) ?? false
    }
}

extension Narrowing {
    fileprivate func intersects(_ key: FlowPointer, _ mask: FlowPointer) -> Bool {
        let content = key[span]
        let known = mask[span]
        return members.contains { (content ^ $0.value) & known & $0.mask == 0 }
    }
}

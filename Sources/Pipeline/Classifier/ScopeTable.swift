// The classifiers of one datapath's own flows, or of those of one group: for each stage the subtables,
// that of the best flow first.

/// The subtables of one stage.
///
/// Invariant: immutable once made, so any thread may read it.
final class Classifier: @unchecked Sendable {
    let subtables: [Subtable]
    let headers: UnsafeMutablePointer<UnsafePointer<SubtableHeader>>

    init(_ subtables: [Subtable]) {
        self.subtables = subtables.sorted { left, right in
            let ranks = (left.header.pointee.bestRank, right.header.pointee.bestRank)
            return ranks.0 != ranks.1 ? ranks.0 > ranks.1 : left.tuple.precedes(right.tuple)
        }
        headers = .allocate(capacity: max(1, subtables.count))
        for (index, subtable) in self.subtables.enumerated() {
            (headers + index).initialize(to: UnsafePointer(subtable.header))
        }
    }

    deinit { headers.deallocate() }
}

/// What a lookup reads of a classifier.
struct ClassifierView: BitwiseCopyable {
    let headers: UnsafePointer<UnsafePointer<SubtableHeader>>
    let count: Int
}

/// What a lookup reads of a scope: which stages have flows, and their classifiers in order.
struct ScopeView: BitwiseCopyable {
    let stages: (UInt64, UInt64)
    let classifiers: UnsafePointer<ClassifierView>

    /// The classifier of a stage, if the scope has flows there.
    @inline(__always)
    func classifier(_ stage: Stage) -> UnsafePointer<ClassifierView>? {
        let bit = UInt64(stage.index & 63)
        let isEgress = stage.index >= 64
        let word = isEgress ? stages.1 : stages.0
        guard word >> bit & 1 == 1 else { return nil }
        let before = (word & ((1 << bit) &- 1)).nonzeroBitCount
        return classifiers + (isEgress ? stages.0.nonzeroBitCount + before : before)
    }
}

/// Owns a scope.
///
/// Invariant: immutable once made, so any thread may read it.
final class ScopeTable: @unchecked Sendable {
    /// By ascending stage.
    let classifiers: [(stage: Stage, classifier: Classifier)]
    private let views: UnsafeMutablePointer<ClassifierView>
    let view: ScopeView

    /// Without flows.
    static let empty = ScopeTable([])

    init(_ classifiers: [(stage: Stage, classifier: Classifier)]) {
        self.classifiers = classifiers
        views = .allocate(capacity: max(1, classifiers.count))
        var stages: (UInt64, UInt64) = (0, 0)
        for (index, element) in classifiers.enumerated() {
            let bit = UInt64(1) << UInt64(element.stage.index & 63)
            if element.stage.pipeline == .ingress { stages.0 |= bit } else { stages.1 |= bit }
            (views + index).initialize(
                to: ClassifierView(
                    headers: UnsafePointer(element.classifier.headers),
                    count: element.classifier.subtables.count))
        }
        view = ScopeView(stages: stages, classifiers: UnsafePointer(views))
    }

    deinit { views.deallocate() }
}

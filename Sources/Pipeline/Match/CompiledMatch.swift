import Datapath

// A match ready for lookups: alternatives that hash tables answer, and tests for the rest. It is made
// once per distinct text and shared by all flows and datapaths that use it.

/// Invariant: immutable once made. A packet matches if it has the values of one of the alternatives and
/// the residual, if there is one, holds.
final class CompiledMatch: Sendable {
    struct Alternative: Hashable, Sendable {
        let mask: MaskIndex
        /// One per word of the mask.
        let values: [UInt64]
    }

    /// Empty for a match that never holds.
    let alternatives: [Alternative]
    /// The mask of each alternative.
    let tuples: [TupleMask]
    let residual: ResidualProgram?

    init(alternatives: [Alternative], tuples: [TupleMask], residual: ResidualProgram?) {
        precondition(alternatives.count == tuples.count)
        self.alternatives = alternatives
        self.tuples = tuples
        self.residual = residual
    }

    static let never = CompiledMatch(alternatives: [], tuples: [], residual: nil)

    /// Words of storage, for tests of proportion.
    var storedWords: Int {
        alternatives.reduce(0) { $0 + $1.values.count } + (residual?.count ?? 0)
    }
}

/// The place of a mask in the table of all masks. Masks are few and never forgotten.
struct MaskIndex: Hashable, Sendable {
    let value: UInt32
}

/// All distinct tuple masks.
struct MaskTable: Sendable {
    private(set) var masks: [TupleMask] = []
    private var indexes: [TupleMask: MaskIndex] = [:]

    subscript(index: MaskIndex) -> TupleMask { masks[Int(index.value)] }

    mutating func index(of mask: TupleMask) -> MaskIndex {
        if let index = indexes[mask] { return index }
        let index = MaskIndex(value: UInt32(masks.count))
        masks.append(mask)
        indexes[mask] = index
        return index
    }
}

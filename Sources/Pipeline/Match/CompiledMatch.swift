import Datapath

// A match ready for lookups: alternatives that hash tables answer, and tests for the rest. It is made
// once per distinct text and shared by all flows and datapaths that use it. There are about as many as
// flows, and nearly all have one alternative, so that one costs two small allocations.

/// Invariant: immutable once made. A packet matches if it has the values of one of the alternatives and
/// the residual, if there is one, holds.
final class CompiledMatch: @unchecked Sendable {
    /// The mask of each alternative; empty for a match that never holds.
    let masks: [SharedMask]
    let residual: ResidualProgram?
    /// Of all alternatives in order, one word for each of their masks.
    private let values: UnsafeMutablePointer<UInt64>

    init(masks: [SharedMask], values: [UInt64], residual: ResidualProgram?) {
        precondition(masks.reduce(0) { $0 + $1.tuple.words.count } == values.count)
        self.masks = masks
        self.residual = residual
        self.values = .allocate(capacity: max(1, values.count))
        for (index, value) in values.enumerated() {
            (self.values + index).initialize(to: value)
        }
    }

    deinit { values.deallocate() }

    static let never = CompiledMatch(masks: [], values: [], residual: nil)

    /// Hands out the alternatives in order, each with one value per word of its mask. The values live as
    /// long as the match.
    func forEachAlternative(
        _ body: (_ place: Int, _ mask: SharedMask, _ values: UnsafePointer<UInt64>) -> Void
    ) {
        var next = UnsafePointer(values)
        for (place, mask) in masks.enumerated() {
            body(place, mask, next)
            next += mask.tuple.words.count
        }
    }

    /// True if a packet that agrees with `key` on `mask` may have the values of an alternative.
    func intersects(_ key: FlowPointer, _ mask: FlowPointer) -> Bool {
        var next = UnsafePointer(values)
        for tuple in masks.lazy.map(\.tuple) {
            if tuple.intersects(next, key, mask) { return true }
            next += tuple.words.count
        }
        return false
    }

    /// Words of storage, for tests of proportion.
    var storedWords: Int {
        masks.reduce(0) { $0 + $1.tuple.words.count } + (residual?.count ?? 0)
    }
}

extension TupleMask {
    /// True if a packet that agrees with `key` on `mask` may have `values`, one for each word.
    fileprivate func intersects(
        _ values: UnsafePointer<UInt64>, _ key: FlowPointer, _ mask: FlowPointer
    ) -> Bool {
        for (index, word) in words.enumerated() where word < GroupWord.inport {
            let common = masks[index] & mask.words[Int(word)]
            if (key.words[Int(word)] ^ values[index]) & common != 0 { return false }
        }
        return true
    }
}

/// The place of a mask in the table of all masks. Masks are few and never forgotten.
struct MaskIndex: Hashable, Sendable {
    let value: UInt32
}

/// A mask and its place, once for all matches that have it.
final class SharedMask: Sendable {
    let index: MaskIndex
    let tuple: TupleMask

    fileprivate init(_ index: MaskIndex, _ tuple: TupleMask) {
        self.index = index
        self.tuple = tuple
    }
}

/// All distinct tuple masks.
struct MaskTable: Sendable {
    /// Each as a list of one, which matches with one alternative share.
    private var masks: [[SharedMask]] = []
    private var indexes: [TupleMask: MaskIndex] = [:]

    subscript(index: MaskIndex) -> TupleMask { masks[Int(index.value)][0].tuple }

    /// The mask as a list of one.
    mutating func list(of mask: TupleMask) -> [SharedMask] {
        if let index = indexes[mask] { return masks[Int(index.value)] }
        let index = MaskIndex(value: UInt32(masks.count))
        masks.append([SharedMask(index, mask)])
        indexes[mask] = index
        return masks[Int(index.value)]
    }
}

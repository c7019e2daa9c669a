/// What a derivation may do: read cells of earlier stores, and contribute rows.
///
/// A derivation is a pure function of its key and of what it reads here; it keeps no context and
/// no state. The engine runs it again when a value that it read differs.
public final class Context {
    @usableFromInline unowned let engine: Engine
    @usableFromInline var ordinal = 0
    /// The cell that runs, if it belongs to a domain.
    @usableFromInline var slot = -1
    @usableFromInline var domainSpace: ObjectIdentifier?
    @usableFromInline var reads: [UInt32] = []
    @usableFromInline var contributions: [UInt32] = []

    @usableFromInline init(engine: Engine) { self.engine = engine }

    @usableFromInline func begin(_ store: Store, _ slot: Int) {
        assert(reads.isEmpty && contributions.isEmpty)
        ordinal = store.ordinal
        domainSpace = store.domainSpace
        self.slot = slot
    }

    /// Sorts and removes duplicates: reading or contributing twice is the same as once.
    @usableFromInline func finish() {
        Context.canonicalise(&reads)
        Context.canonicalise(&contributions)
    }

    @usableFromInline func clear() {
        reads.removeAll(keepingCapacity: true)
        contributions.removeAll(keepingCapacity: true)
    }

    @inlinable func record(_ store: Store, _ slot: Int) {
        precondition(
            store.ordinal < ordinal, "a derivation reads only what was registered before it")
        if slot == self.slot, let space = store.domainSpace, space == domainSpace {
            store.addAlignedReader(engine.stores[ordinal])
            return
        }
        store.touch(slot)
        reads.append(CellID(store: store.ordinal, slot: slot).raw)
    }

    private static func canonicalise(_ words: inout [UInt32]) {
        guard words.count > 1 else { return }
        words.sort()
        var last = 0
        for index in 1..<words.count where words[index] != words[last] {
            last += 1
            words[last] = words[index]
        }
        words.removeLast(words.count - 1 - last)
    }
}

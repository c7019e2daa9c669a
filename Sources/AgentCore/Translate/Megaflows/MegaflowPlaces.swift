import Datapath
import Pipeline

// How the table of megaflows finds flows: by what they match, and by what they depend on. Both are
// asked for every miss, so neither hashes more than it must.

/// Flows by mask and masked key; the keys themselves stand in the table's entries.
struct PlaceIndex: Sendable {
    private var index = HashIndex()
    private var ids = NumberedRecords<FlowID>()

    private static func hash(_ key: FlowKey, _ mask: FlowMask) -> UInt64 {
        var hash = WordHash()
        key.words.withUnsafeBufferPointer { key in
            mask.words.withUnsafeBufferPointer { mask in
                for word in mask.indices where mask[word] != 0 {
                    hash.combine(mask[word])
                    hash.combine(key[word])
                }
            }
        }
        return hash.value
    }

    /// The flow that matches `key`, which is masked, under just this mask.
    func find(
        _ key: FlowKey, _ mask: FlowMask, _ entries: [FlowID: MegaflowTable.Entry]
    ) -> FlowID? {
        let number = index.first(Self.hash(key, mask)) { number in
            guard let flow = entries[ids[number]]?.flow else { return false }
            return flow.key == key && flow.mask == mask
        }
        return number.map { ids[$0] }
    }

    mutating func insert(_ id: FlowID, _ key: FlowKey, _ mask: FlowMask) {
        let number = ids.insert(id)
        index.insert(number, Self.hash(key, mask))
    }

    mutating func remove(_ id: FlowID, _ key: FlowKey, _ mask: FlowMask) {
        let hash = Self.hash(key, mask)
        guard let number = index.first(hash, where: { ids[$0] == id }) else { return }
        index.remove(number, hash)
        ids.release(number)
    }
}

/// Flows that depend on one thing. One that has gone, or does not depend on it any more, is left in the
/// list until most of it is such.
struct Dependents: Sendable {
    private var ids: [FlowID] = []
    /// How often a flow depends on it now.
    private var count = 0

    mutating func add(_ id: FlowID) {
        ids.append(id)
        count += 1
    }

    /// One of the flows has gone from here; true if it was the last one.
    mutating func removeOne(_ entries: [FlowID: MegaflowTable.Entry]) -> Bool {
        count -= 1
        if ids.count > 2 * count + 64 {
            ids = living(entries).sorted()
        }
        return count <= 0
    }

    /// The flows, and perhaps some that did depend on it.
    func living(_ entries: [FlowID: MegaflowTable.Entry]) -> Set<FlowID> {
        Set(ids).filter { entries[$0] != nil }
    }
}

import Datapath
import Pipeline

// How the table of megaflows finds flows: by what they match, and by what they depend on. Both are
// asked for every miss, so neither hashes more than it must.

/// Flows by mask and masked key; the keys themselves stand in the table's entries.
struct PlaceIndex: Sendable {
    private let seed = WordHash.seed
    private var index = HashIndex()
    private var ids = NumberedRecords<FlowID>()

    /// The logical pipelines' words are zero in both.
    private func hash(_ key: FlowKey, _ mask: FlowMask) -> UInt64 {
        var hash = WordHash(seed)
        var compared: UInt64 = 0
        key.words.withUnsafeBufferPointer { key in
            mask.words.withUnsafeBufferPointer { mask in
                for word in FlowKey.firstKernelWord..<FlowKey.wordCount where mask[word] != 0 {
                    compared = compared &* 31 &+ mask[word]
                    hash.combine(key[word])
                }
            }
        }
        hash.combine(compared)
        return hash.value
    }

    /// The flow that matches `key`, which is masked, under just this mask.
    func find(
        _ key: FlowKey, _ mask: FlowMask, _ entries: FlowEntries
    ) -> FlowID? {
        let number = index.first(hash(key, mask)) { number in
            guard let flow = entries[ids[number]]?.flow else { return false }
            return flow.key == key && flow.mask == mask
        }
        return number.map { ids[$0] }
    }

    mutating func insert(_ id: FlowID, _ key: FlowKey, _ mask: FlowMask) {
        let number = ids.insert(id)
        index.insert(number, hash(key, mask))
    }

    mutating func remove(_ id: FlowID, _ key: FlowKey, _ mask: FlowMask) {
        let hash = hash(key, mask)
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
    mutating func removeOne(_ entries: FlowEntries) -> Bool {
        count -= 1
        if ids.count > 2 * count + 64 {
            ids = living(entries).sorted()
        }
        return count <= 0
    }

    /// The flows, and perhaps some that did depend on it.
    func living(_ entries: FlowEntries) -> Set<FlowID> {
        Set(ids).filter(entries.contains)
    }
}

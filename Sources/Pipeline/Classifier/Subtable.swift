import Datapath

// A hash table of the flows of one stage whose tuples compare the same bits.
//
// Problem: answer which flow has the masked words of a packet, and say what was looked at.
// Property: a probe adds to the mask bits such that every packet that agrees on them gets the same answer
// from this table and adds the same bits.
//
// The words are compared in the order of the headers they come from. Before going on to deeper headers
// a filter tells whether any flow has the words so far; if none has, the deeper ones don't matter and stay
// out of the mask. So a UDP packet's ports aren't pinned by a table of TCP flows.

/// One flow in a table.
struct Candidate: BitwiseCopyable {
    let rank: Rank
    /// The place of the flow among the rules.
    let rule: UInt32
    /// The place of the alternative within its match.
    let alternative: UInt32
    /// Tests that must hold besides, or nil.
    let residual: Unmanaged<ResidualProgram>?
}

/// The fields of a table, apart from the object that owns them, so that a lookup counts no references.
struct SubtableHeader: BitwiseCopyable {
    var bestRank: Rank
    var wordCount: Int
    var words: UnsafePointer<UInt8>
    var masks: UnsafePointer<UInt64>
    /// Masked words of the entries, `wordCount` for each.
    var values: UnsafePointer<UInt64>
    /// Entry index plus one; 0 is a free slot.
    var slots: UnsafePointer<UInt32>
    var slotMask: Int
    /// Where the candidates of each entry begin, best first; one more at the end.
    var firsts: UnsafePointer<UInt32>
    var candidates: UnsafePointer<Candidate>
    var filters: (HeaderFilter, HeaderFilter, HeaderFilter)
}

/// Tells which hashes of the words up to a header occur.
struct HeaderFilter: BitwiseCopyable {
    /// Words up to the header; 0 for no filter.
    var wordCount: Int
    var bits: UnsafePointer<UInt64>
    /// The number of bits, a power of two, less one.
    var bitMask: UInt64

    /// The first word of the Ethernet header, of the network header, of what follows it.
    static let boundaries: [UInt8] = [
        KeyField.ethernetDestination.position.word, KeyField.ipv4Source.position.word,
        KeyField.sourcePort.position.word,
    ]

    @inline(__always)
    func mayContain(_ hash: UInt64) -> Bool {
        let bit = (hash >> 8) & bitMask
        return bits[Int(bit >> 6)] >> (bit & 63) & 1 == 1
    }
}

/// Owns a table.
///
/// Invariant: immutable once made, so any thread may read it.
final class Subtable: @unchecked Sendable {
    let header: UnsafeMutablePointer<SubtableHeader>
    let tuple: TupleMask
    let entryCount: Int
    let candidateCount: Int
    private let storage: UnsafeMutableRawPointer
    /// Keeps the residuals of the candidates alive.
    private let matches: [CompiledMatch]

    var candidates: UnsafeBufferPointer<Candidate> {
        UnsafeBufferPointer(start: header.pointee.candidates, count: candidateCount)
    }

    /// The match of the candidate at `index`.
    func match(at index: Int) -> CompiledMatch { matches[index] }

    deinit { storage.deallocate() }

    /// `members` is not empty; all their tuples have the mask `tuple`.
    init(_ tuple: TupleMask, _ members: [SubtableMember]) {
        precondition(!members.isEmpty)
        let layout = SubtableLayout(tuple, members)
        self.tuple = tuple
        entryCount = layout.entryCount
        candidateCount = members.count
        matches = layout.order.map { members[$0].match }
        storage = .allocate(byteCount: layout.byteCount, alignment: 16)
        header = layout.write(to: storage, tuple, members)
    }
}

/// A flow to be put into a table.
struct SubtableMember {
    let rule: UInt32
    let rank: Rank
    let match: CompiledMatch
    let alternative: Int

    var values: [UInt64] { match.alternatives[alternative].values }
}

// MARK: - Lookup

extension SubtableHeader {
    /// Replaces `best` and `rule` by a better match, if there is one.
    @inline(__always)
    static func probe(
        _ table: UnsafePointer<SubtableHeader>, _ key: FlowPointer, _ mask: FlowPointer,
        _ tables: LookupTables, _ best: inout Rank, _ rule: inout UInt32
    ) {
        guard let entry = findEntry(table, key, mask) else { return }
        let candidates = table.pointee.candidates
        let end = Int(table.pointee.firsts[entry + 1])
        var index = Int(table.pointee.firsts[entry])
        while index < end {
            let candidate = candidates + index
            if candidate.pointee.rank <= best { return }
            if candidate.pointee.holds(key, mask, tables) {
                best = candidate.pointee.rank
                rule = candidate.pointee.rule
                return
            }
            index += 1
        }
    }

    @inline(__always)
    private static func findEntry(
        _ table: UnsafePointer<SubtableHeader>, _ key: FlowPointer, _ mask: FlowPointer
    ) -> Int? {
        var hash: UInt64 = 0
        var next = 0
        let filters = table.pointee.filters
        if !passes(table, filters.0, key, mask, &hash, &next) { return nil }
        if !passes(table, filters.1, key, mask, &hash, &next) { return nil }
        if !passes(table, filters.2, key, mask, &hash, &next) { return nil }
        hashWords(table, upTo: table.pointee.wordCount, key, mask, &hash, &next)
        return findSlot(table, key, hash)
    }

    /// Takes the words up to a header into hash and mask; false if no entry has them.
    @inline(__always)
    private static func passes(
        _ table: UnsafePointer<SubtableHeader>, _ filter: HeaderFilter, _ key: FlowPointer,
        _ mask: FlowPointer, _ hash: inout UInt64, _ next: inout Int
    ) -> Bool {
        guard filter.wordCount > next else { return true }
        hashWords(table, upTo: filter.wordCount, key, mask, &hash, &next)
        return filter.mayContain(hash)
    }

    @inline(__always)
    private static func hashWords(
        _ table: UnsafePointer<SubtableHeader>, upTo end: Int, _ key: FlowPointer,
        _ mask: FlowPointer, _ hash: inout UInt64, _ next: inout Int
    ) {
        let words = table.pointee.words
        let masks = table.pointee.masks
        while next < end {
            let word = Int(words[next])
            let bits = masks[next]
            mask.words[word] |= bits
            hash = combine(hash, key.words[word] & bits)
            next += 1
        }
    }

    @inline(__always)
    private static func findSlot(
        _ table: UnsafePointer<SubtableHeader>, _ key: FlowPointer, _ hash: UInt64
    ) -> Int? {
        let slots = table.pointee.slots
        let slotMask = table.pointee.slotMask
        let count = table.pointee.wordCount
        let words = table.pointee.words
        let masks = table.pointee.masks
        var slot = Int(truncatingIfNeeded: hash) & slotMask
        while slots[slot] != 0 {
            let entry = Int(slots[slot]) - 1
            let values = table.pointee.values + entry * count
            var index = 0
            while index < count, key.words[Int(words[index])] & masks[index] == values[index] {
                index += 1
            }
            if index == count { return entry }
            slot = (slot + 1) & slotMask
        }
        return nil
    }
}

extension Candidate {
    @inline(__always)
    fileprivate func holds(
        _ key: FlowPointer, _ mask: FlowPointer, _ tables: LookupTables
    ) -> Bool {
        guard let residual else { return true }
        return residual._withUnsafeGuaranteedRef { $0.holds(for: key, mask, tables) }
    }
}

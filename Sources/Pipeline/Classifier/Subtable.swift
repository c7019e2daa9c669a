import Datapath
import LogicalFlow

// A hash table of the flows of one stage whose tuples compare the same bits.
//
// Problem: answer which flow has the masked words of a packet, and say what was looked at.
// Property: a probe adds to the mask bits such that every packet that agrees on them gets the same answer
// from this table and adds the same bits.
//
// The words are compared in the order of the headers they come from. Before going on to deeper headers
// a filter tells whether any flow has the words so far; if none has, the deeper ones don't matter and stay
// out of the mask. So a UDP packet's ports aren't pinned by a table of TCP flows. Before the network
// header, gates tell whether any flow has the packet's addresses; if none has, the leading bits that tell
// them apart are all that matters. So a packet to the Internet isn't pinned to its destination by a table of
// local addresses.

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
    /// Words of a tuple, and how many of them a key has; the others are group words, at most one.
    var wordCount: Int
    var keyWordCount: Int
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
    var gates: (AddressGate?, AddressGate?)
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

/// Tells which addresses occur in a field of which the table compares a prefix.
struct AddressGate: BitwiseCopyable {
    let span: KeySpan
    let members: Unmanaged<PrefixSet>

    /// The fields that can have gates, in the order of preference.
    static let fields: [KeyField] = [
        .ipv4Destination, .ipv6Destination, .ipv4Source, .ipv6Source, .arpTargetIP, .ndTarget,
        .arpSourceIP,
    ]

    @inline(__always)
    func mayContain(_ key: FlowPointer, _ mask: FlowPointer) -> Bool {
        var decisive: UInt128 = 0
        let isMember = members._withUnsafeGuaranteedRef {
            $0.contains(key[span], decisive: &decisive)
        }
        mask.formUnion(decisive, at: span)
        return isMember
    }
}

/// Owns a table.
///
/// Invariant: immutable once made, so any thread may read it. The residuals of its candidates belong to
/// the rules of the snapshot that has the table.
final class Subtable: @unchecked Sendable {
    let header: UnsafeMutablePointer<SubtableHeader>
    let tuple: TupleMask
    let entryCount: Int
    let candidateCount: Int
    private let storage: UnsafeMutableRawPointer
    private let gateSets: [PrefixSet]

    deinit { storage.deallocate() }

    /// The flows of `old` that aren't in `removed`, and `added`; nil if there are none. All tuples have
    /// the mask `tuple`.
    convenience init?(
        _ tuple: TupleMask, _ old: Subtable?, removing removed: Set<UInt32>,
        adding added: [SubtableMember]
    ) {
        let members = SubtableMerge(tuple, old, removed, added)
        if members.list.isEmpty { return nil }
        self.init(tuple, members)
    }

    private init(_ tuple: TupleMask, _ members: SubtableMerge) {
        let gates = SubtableGates(tuple, members)
        let layout = SubtableLayout(tuple, members)
        self.tuple = tuple
        entryCount = layout.entryCount
        candidateCount = members.list.count
        gateSets = gates.sets
        storage = .allocate(byteCount: layout.byteCount, alignment: 16)
        header = layout.write(to: storage, tuple, members)
        header.pointee.gates = gates.pair
    }

    /// Hands out the flows that aren't in `removed`, in order. Their values live as long as the table.
    func forEachMember(except removed: Set<UInt32>, _ body: (MergedMember) -> Void) {
        let header = header.pointee
        for entry in 0..<entryCount {
            let values = header.values + entry * header.wordCount
            for place in Int(header.firsts[entry])..<Int(header.firsts[entry + 1]) {
                let candidate = header.candidates[place]
                if removed.contains(candidate.rule) { continue }
                body(MergedMember(values: values, candidate: candidate))
            }
        }
    }
}

/// A flow to be put into a table.
struct SubtableMember {
    let rule: UInt32
    let rank: Rank
    let match: CompiledMatch
    let alternative: Int
    /// Those of the alternative; they live as long as the match.
    let values: UnsafePointer<UInt64>
}

// MARK: - Lookup

extension SubtableHeader {
    /// Replaces `best` and `rule` by a better match, if there is one.
    @inline(__always)
    static func probe(
        _ table: UnsafePointer<SubtableHeader>, _ key: FlowPointer, _ mask: FlowPointer,
        _ tables: LookupTables, _ best: inout Rank, _ rule: inout UInt32
    ) {
        guard let hash = hash(table, key, mask) else { return }
        if table.pointee.keyWordCount == table.pointee.wordCount {
            guard let entry = findEntry(table, key, hash, group: 0) else { return }
            consider(entry, of: table, key, mask, tables, &best, &rule)
        } else {
            probeGroups(table, key, mask, tables, hash, &best, &rule)
        }
    }

    /// Tries all groups of the packet's port.
    private static func probeGroups(
        _ table: UnsafePointer<SubtableHeader>, _ key: FlowPointer, _ mask: FlowPointer,
        _ tables: LookupTables, _ hash: UInt64, _ best: inout Rank, _ rule: inout UInt32
    ) {
        let word = table.pointee.words[table.pointee.keyWordCount]
        let field: KeyField = word == GroupWord.inport ? .inport : .outport
        mask.setExact(field)
        let pair = PortSet.pair(UInt32(key[.datapath]), UInt32(key[field]))
        guard let shard = tables.memberships[MembershipShard.index(pair)] else { return }
        for group in shard._withUnsafeGuaranteedRef({ $0.groups(of: pair) }) {
            let group = UInt64(group)
            guard let entry = findEntry(table, key, combine(hash, group), group: group) else {
                continue
            }
            consider(entry, of: table, key, mask, tables, &best, &rule)
        }
    }

    @inline(__always)
    private static func consider(
        _ entry: Int, of table: UnsafePointer<SubtableHeader>, _ key: FlowPointer,
        _ mask: FlowPointer, _ tables: LookupTables, _ best: inout Rank, _ rule: inout UInt32
    ) {
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

    /// The hash of the key's words; nil if a filter or a gate tells that no entry has them.
    @inline(__always)
    private static func hash(
        _ table: UnsafePointer<SubtableHeader>, _ key: FlowPointer, _ mask: FlowPointer
    ) -> UInt64? {
        var hash: UInt64 = 0
        var next = 0
        let filters = table.pointee.filters
        if !passes(table, filters.0, key, mask, &hash, &next) { return nil }
        if !passes(table, filters.1, key, mask, &hash, &next) { return nil }
        if let gate = table.pointee.gates.0 {
            if !gate.mayContain(key, mask) { return nil }
            if let second = table.pointee.gates.1, !second.mayContain(key, mask) { return nil }
        }
        if !passes(table, filters.2, key, mask, &hash, &next) { return nil }
        hashWords(table, upTo: table.pointee.keyWordCount, key, mask, &hash, &next)
        return hash
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

    /// The entry with the key's words and, if the table has a group word, this group.
    @inline(__always)
    private static func findEntry(
        _ table: UnsafePointer<SubtableHeader>, _ key: FlowPointer, _ hash: UInt64,
        group: UInt64
    ) -> Int? {
        let slots = table.pointee.slots
        let slotMask = table.pointee.slotMask
        let count = table.pointee.wordCount
        let keyCount = table.pointee.keyWordCount
        let words = table.pointee.words
        let masks = table.pointee.masks
        var slot = Int(truncatingIfNeeded: hash) & slotMask
        while slots[slot] != 0 {
            let entry = Int(slots[slot]) - 1
            let values = table.pointee.values + entry * count
            var index = 0
            while index < keyCount, key.words[Int(words[index])] & masks[index] == values[index] {
                index += 1
            }
            if index == keyCount, keyCount == count || values[keyCount] == group { return entry }
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

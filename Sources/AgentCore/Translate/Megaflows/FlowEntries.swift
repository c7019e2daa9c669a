import Datapath
import Pipeline

/// What is asked of all flows at once. It is small and stands apart from the entries, which are not looked
/// at for it: a change or a dump concerns few of many.
struct FlowSummary: Sendable, BitwiseCopyable {
    /// What a flow depends on that most of its path have in common.
    var reasons: ReasonIndex.Number
    var lookups: LookupIndex.Number
    /// Milliseconds.
    let created: UInt64
    var used: UInt64
    /// As the kernel has counted.
    var packets: UInt64 = 0
    /// The last dump that listed it.
    var seen: UInt64 = 0
    /// What its first packet would have taught was refused.
    var owesLessons = false
}

/// What is known of flows, by their identifiers. A dictionary would hash an identifier with a keyed
/// function for every miss; these are the agent's own, so nobody else chooses them.
package struct FlowEntries: Sendable {
    package typealias Entry = MegaflowTable.Entry

    private struct Place: Sendable {
        let id: FlowID
        /// Nil if the place is free.
        var entry: Entry?
    }

    private var places = NumberedRecords<Place>()
    /// By number; nil where the place is free.
    private var summaries: [FlowSummary?] = []
    private var index = HashIndex()

    package var count: Int { places.count }
    package var keys: [FlowID] { numbers { _ in true }.map(id) }
    package var values: [Entry] { places.all.compactMap(\.entry) }

    private static func hash(_ id: FlowID) -> UInt64 { id.low ^ id.high &* 0x9e37_79b9_7f4a_7c15 }

    /// Small, and given again when the flow has gone.
    func number(_ id: FlowID) -> UInt32? {
        index.first(Self.hash(id)) { places.all[Int($0)].id == id }
    }

    /// The flow with this number, which there is.
    func id(_ number: UInt32) -> FlowID { places.all[Int(number)].id }

    func contains(_ id: FlowID) -> Bool { number(id) != nil }

    package subscript(id: FlowID) -> Entry? {
        number(id).flatMap { places.all[Int($0)].entry }
    }

    /// Takes a flow that is not known yet; returns its number.
    mutating func insert(_ id: FlowID, _ entry: Entry, _ summary: FlowSummary) -> UInt32 {
        let number = places.insert(Place(id: id, entry: entry))
        if Int(number) < summaries.count {
            summaries[Int(number)] = summary
        } else {
            summaries.append(summary)
        }
        index.insert(number, Self.hash(id))
        return number
    }

    /// Forgets the flow with this number, which there is.
    mutating func remove(_ number: UInt32) {
        index.remove(number, Self.hash(id(number)))
        places[number].entry = nil
        summaries[Int(number)] = nil
        places.release(number)
    }

    /// The flow with this number; nil if there is none. `_modify` changes it where it stands.
    subscript(number number: UInt32) -> Entry? {
        get { places.all[Int(number)].entry }
        _modify { yield &places[number].entry }
    }

    // MARK: - Summaries

    subscript(summary number: UInt32) -> FlowSummary? {
        get { summaries[Int(number)] }
        _modify { yield &summaries[Int(number)] }
    }

    /// The numbers of the flows of which this is true.
    func numbers(where isWanted: (FlowSummary) -> Bool) -> [UInt32] {
        var result: [UInt32] = []
        for (number, summary) in summaries.enumerated() {
            if let summary, isWanted(summary) { result.append(UInt32(number)) }
        }
        return result
    }

    /// Looks at every flow, one after the other: entries are large, and a list of all would be too.
    func forEach(_ look: (Entry) -> Void) {
        for index in places.all.indices {
            if let entry = places.all[index].entry { look(entry) }
        }
    }
}

import Datapath
import Pipeline

/// What is known of flows, by their identifiers. A dictionary would hash an identifier with a keyed
/// function for every miss; these are the agent's own, so nobody else chooses them.
package struct FlowEntries: Sendable, Sequence {
    package typealias Entry = MegaflowTable.Entry
    package typealias Element = (key: FlowID, value: Entry)

    private struct Place: Sendable {
        let id: FlowID
        /// Nil if the place is free.
        var entry: Entry?

        mutating func change(_ body: (inout Entry) -> Void) {
            guard var changed = entry.take() else { return }
            body(&changed)
            entry = changed
        }
    }

    private var places = NumberedRecords<Place>()
    private var index = HashIndex()

    package var count: Int { places.count }
    package var keys: [FlowID] { map(\.key) }
    package var values: [Entry] { map(\.value) }

    private static func hash(_ id: FlowID) -> UInt64 { id.low ^ id.high &* 0x9e37_79b9_7f4a_7c15 }

    private func number(_ id: FlowID) -> UInt32? {
        index.first(Self.hash(id)) { places.all[Int($0)].id == id }
    }

    func contains(_ id: FlowID) -> Bool { number(id) != nil }

    package internal(set) subscript(id: FlowID) -> Entry? {
        get { number(id).flatMap { places.all[Int($0)].entry } }
        set {
            guard let number = number(id) else {
                if let newValue {
                    index.insert(places.insert(Place(id: id, entry: newValue)), Self.hash(id))
                }
                return
            }
            places[number].entry = newValue
            if newValue == nil { release(number, id) }
        }
    }

    private mutating func release(_ number: UInt32, _ id: FlowID) {
        index.remove(number, Self.hash(id))
        places.release(number)
    }

    /// Changes an entry where it stands; false if there is none.
    mutating func change(_ id: FlowID, _ body: (inout Entry) -> Void) -> Bool {
        guard let number = number(id) else { return false }
        places[number].change(body)
        return true
    }

    package func makeIterator() -> AnyIterator<Element> {
        var rest = places.all.makeIterator()
        return AnyIterator {
            while let place = rest.next() {
                if let entry = place.entry { return (place.id, entry) }
            }
            return nil
        }
    }
}

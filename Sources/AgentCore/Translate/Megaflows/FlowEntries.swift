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
    mutating func insert(_ id: FlowID, _ entry: Entry) -> UInt32 {
        let number = places.insert(Place(id: id, entry: entry))
        index.insert(number, Self.hash(id))
        return number
    }

    /// Forgets a flow; returns its number.
    mutating func remove(_ id: FlowID) -> UInt32? {
        guard let number = number(id) else { return nil }
        places[number].entry = nil
        index.remove(number, Self.hash(id))
        places.release(number)
        return number
    }

    /// Changes an entry where it stands; returns its number, nil if there is none.
    @discardableResult
    mutating func change(_ id: FlowID, _ body: (inout Entry) -> Void) -> UInt32? {
        guard let number = number(id) else { return nil }
        places[number].change(body)
        return number
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

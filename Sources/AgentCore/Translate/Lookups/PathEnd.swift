import Datapath
import Pipeline

/// What a path leads to.
final class PathEnd {
    /// As it was for one packet; its lookups and particulars at the places of questions are that
    /// packet's own.
    let translation: Translation
    let places: [PathPlace]
    let upcallPort: UInt32
    /// How many particulars the questions have brought.
    let particulars: Int
    /// Bits that all packets of the path depend on.
    private let mask: FlowMask
    /// By the numbers of the bits that decided the answers; the last one used comes first.
    /// Unchecked for the reason that `MaskedIndex` gives.
    @exclusivity(unchecked)
    private var templates: [(bits: [Int], template: FlowTemplate)] = []

    init(
        _ translation: Translation, _ places: [PathPlace], mask: FlowMask, upcallPort: UInt32
    ) {
        self.translation = translation
        self.places = places
        self.mask = mask
        self.upcallPort = upcallPort
        particulars = places.reduce(0) { $0 + $1.particulars.count }
    }

    /// What is made of packets whose answers were decided by these bits.
    func template(_ numbers: [Int]) -> FlowTemplate? {
        if let first = templates.first, first.bits == numbers { return first.template }
        guard let place = templates.firstIndex(where: { $0.bits == numbers }) else { return nil }
        templates.swapAt(0, place)
        return templates[0].template
    }

    /// Packets of a path have the same headers, so the mask hangs on nothing else of the key.
    ///
    /// - Parameter bits: what the numbers stand for.
    func makeTemplate(
        _ numbers: [Int], _ key: FlowKey, _ bits: [[KeyBits]], number: Int
    ) -> FlowTemplate {
        var mask = mask
        for part in bits.joined() { mask.words[part.word] |= part.mask }
        var translation = translation
        translation.mask = mask.widened(for: key)
        let template = FlowTemplate(translation, places, number: number)
        templates.insert((numbers, template), at: 0)
        return template
    }
}

/// Where in a translation stands what a question has brought.
package struct PathPlace: Sendable {
    let lookup: Int?
    let particulars: Range<Int>
}

/// What the flows of a path have in common whose questions were decided by the same bits.
package final class FlowTemplate: Sendable {
    /// Whose lookups and particulars are those of one packet.
    package let translation: Translation
    let places: [PathPlace]
    /// Small, and another one's than those of the templates in use.
    package let number: Int
    /// For each of the translation's lookups which answer stands in its place; nil where all packets
    /// have the same.
    fileprivate let answers: [Int?]

    package init(_ translation: Translation, _ places: [PathPlace] = [], number: Int) {
        self.translation = translation
        self.places = places
        self.number = number
        var answers = [Int?](repeating: nil, count: translation.lookups.count)
        var count = 0
        for place in places {
            guard let lookup = place.lookup else { continue }
            answers[lookup] = count
            count += 1
        }
        self.answers = answers
    }

    /// What a packet depends on that changes with packets.
    func particulars(_ answered: [PhysicalDependency]) -> [PhysicalDependency] {
        var particulars = translation.particulars
        if answered.isEmpty { return particulars }
        var next = 0
        for place in places {
            for index in place.particulars {
                particulars[index] = answered[next]
                next += 1
            }
        }
        return particulars
    }
}

/// The translation of a packet that went where another went before. It has no effects and no packets of
/// its own, and becomes a flow.
package struct FollowedPath: Sendable {
    package let template: FlowTemplate
    /// The tables that answered the questions, in order.
    let answered: [LookupRun]
    package let particulars: [PhysicalDependency]

    /// How many runs of tables answered the packet, those included whose answer all packets of the
    /// path have.
    var lookupCount: Int { template.answers.count }

    func lookup(_ index: Int) -> LookupRun {
        if let answer = template.answers[index] { return answered[answer] }
        return template.translation.lookups[index]
    }

    var translation: Translation {
        var translation = template.translation
        translation.lookups = (0..<lookupCount).map(lookup)
        translation.particulars = particulars
        return translation
    }
}

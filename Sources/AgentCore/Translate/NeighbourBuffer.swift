import Wire

// Packets that wait for a neighbour, and the questions that were asked for them. Both are bounded and
// shared out by who sent the packets (`FairTable`), so that a scan of an empty network costs a constant,
// and who makes it displaces nobody's packets and questions but its own.

package struct NeighbourBuffer: Sendable {
    package struct Limits: Sendable {
        /// Pairs of a neighbour and somebody whose packets wait for it.
        package var keys = 1000
        package var packetsPerKey = 4
        /// Milliseconds.
        package var lifetime: Milliseconds = 10_000
        /// A neighbour is asked for at most this often (RFC 1122 §2.3.2.1), in milliseconds.
        package var interval: Milliseconds = 1000
        /// Questions that are remembered, for `lifetime`.
        package var questions = 4096

        package init() {}
    }

    private struct Place: Hashable {
        let neighbour: NeighbourKey
        let source: PacketSource
    }

    private struct Waiting {
        var packets: [PendingPacket]
        var until: Milliseconds
    }

    private let limits: Limits
    private var waiting: FairTable<PacketSource, Place, Waiting>
    /// Whose packets wait for a neighbour.
    private var sources: [NeighbourKey: Set<PacketSource>] = [:]
    /// When neighbours were asked for.
    private var questions: FairTable<PacketSource, NeighbourKey, Milliseconds>
    /// When routers asked, here or on other chassis.
    private var expected: FairTable<PacketSource, AskedNeighbour, Milliseconds>
    /// Packets that were given up, and why.
    package struct GivenUp: Hashable, Sendable {
        /// For others, for which there was no room else.
        package var displaced: UInt64 = 0
        /// Because nobody has answered.
        package var unanswered: UInt64 = 0

        package init(displaced: UInt64 = 0, unanswered: UInt64 = 0) {
            self.displaced = displaced
            self.unanswered = unanswered
        }
    }

    /// By the kernel port that they came in by.
    private var givenUp: [UInt32: GivenUp] = [:]

    package init(limits: Limits = Limits()) {
        self.limits = limits
        waiting = FairTable(capacity: limits.keys)
        questions = FairTable(capacity: limits.questions)
        expected = FairTable(capacity: limits.questions)
    }

    package var count: Int { waiting.values.reduce(0) { $0 + $1.packets.count } }

    /// Neighbours that were asked for lately.
    package var asked: Int { questions.count }

    /// When the next packets are given up.
    package var deadline: Milliseconds? { waiting.values.map(\.until).min() }

    /// Keeps a packet. The oldest one of its source for the same neighbour makes room, or else what
    /// has waited longest of the source that has most.
    package mutating func add(
        _ packet: PendingPacket, from source: PacketSource, now: Milliseconds
    ) {
        let place = Place(neighbour: packet.neighbour, source: source)
        guard waiting[place] == nil else {
            waiting.change(place) { $0.until = now + limits.lifetime }
            addAgain(packet, to: place)
            return
        }
        let entry = Waiting(packets: [packet], until: now + limits.lifetime)
        if let gone = waiting.put(place, entry, from: source) {
            giveUp(gone.key, \.displaced, gone.value.packets.count)
            forget(gone.key)
        }
        sources[packet.neighbour, default: []].insert(source)
    }

    private mutating func addAgain(_ packet: PendingPacket, to place: Place) {
        var isFull = false
        waiting.change(place) { entry in
            isFull = entry.packets.count == limits.packetsPerKey
            if isFull { entry.packets.removeFirst() }
            entry.packets.append(packet)
        }
        if isFull { giveUp(place, \.displaced, 1) }
    }

    private mutating func giveUp(
        _ place: Place, _ reason: WritableKeyPath<GivenUp, UInt64>, _ packets: Int
    ) {
        givenUp[place.source.vport, default: GivenUp()][keyPath: reason] += UInt64(packets)
    }

    /// The packets that were given up since somebody asked, by the kernel port that they came in by.
    package mutating func takeGivenUp() -> [UInt32: GivenUp] {
        if givenUp.isEmpty { return [:] }
        defer { givenUp = [:] }
        return givenUp
    }

    private mutating func forget(_ place: Place) {
        sources[place.neighbour]?.remove(place.source)
        if sources[place.neighbour]?.isEmpty == true { sources[place.neighbour] = nil }
    }

    /// Whether the question for a neighbour that packets wait for may go out now.
    package func mayAsk(_ neighbour: NeighbourKey, now: Milliseconds) -> Bool {
        guard sources[neighbour] != nil else { return false }
        guard let last = questions[neighbour] else { return true }
        return now - last >= limits.interval
    }

    /// A question goes out, for a packet of this source.
    package mutating func ask(
        _ neighbour: NeighbourKey, from source: PacketSource, now: Milliseconds
    ) {
        _ = questions.put(neighbour, now, from: source)
        expect(AskedNeighbour(neighbour), from: source, now: now)
    }

    /// A router asks for a neighbour, for a packet of this source.
    package mutating func expect(
        _ neighbour: AskedNeighbour, from source: PacketSource, now: Milliseconds
    ) {
        _ = expected.put(neighbour, now, from: source)
    }

    /// Whether a router has asked for the neighbour lately.
    package func expects(_ neighbour: AskedNeighbour, now: Milliseconds) -> Bool {
        expected[neighbour].map { now - $0 < limits.lifetime } ?? false
    }

    /// Takes the packets whose neighbour is known, each with the address.
    package mutating func takeKnown(
        in view: PhysicalView
    ) -> [(packet: PendingPacket, address: MACAddress)] {
        var result: [(PendingPacket, MACAddress)] = []
        for neighbour in sources.keys.filter({ view.neighbours[$0] != nil }).sorted() {
            guard let address = view.neighbours[neighbour],
                let waiters = sources.removeValue(forKey: neighbour)
            else { continue }
            for source in waiters.sorted() {
                let entry = waiting.remove(Place(neighbour: neighbour, source: source))
                result += (entry?.packets ?? []).map { ($0, address) }
            }
        }
        return result
    }

    /// Gives up what has waited for too long.
    package mutating func expire(now: Milliseconds) {
        for gone in waiting.remove(where: { $0.until <= now }) {
            giveUp(gone.key, \.unanswered, gone.value.packets.count)
            forget(gone.key)
        }
        _ = questions.remove { $0 + limits.lifetime <= now }
        _ = expected.remove { $0 + limits.lifetime <= now }
    }
}

import Pipeline

/// The flows of each kernel port's packets in the order of their idleness, as far as the kernel has told it:
/// a port that has all the flows that it may have gives up its idlest one for a new one.
///
/// Flows are known by their numbers in the table's entries; every operation takes the same time however many
/// there are, except to find the port with most flows, which looks at each port.
struct PortQueues: Sendable {
    typealias Number = UInt32

    private struct Port: Sendable {
        let port: UInt64
        var flows = 0
        var idlest: Number = none
        var latest: Number = none
    }

    /// A flow's neighbours in its port's queue.
    private struct Link: Sendable {
        var idler: Number
        var later: Number
        /// The number of the port's record.
        var port: UInt32
    }

    private static let none = Number.max

    private let seed = WordHash.seed
    private var index = HashIndex()
    private var ports = NumberedRecords<Port>()
    /// By the numbers of flows; one that is in no queue has anything.
    private var links: [Link] = []

    private func hash(_ port: UInt64) -> UInt64 {
        var hash = WordHash(seed)
        hash.combine(port)
        return hash.value
    }

    private func record(_ port: UInt64) -> UInt32? {
        index.first(hash(port)) { ports.all[Int($0)].port == port }
    }

    /// How many flows a port has.
    subscript(port: UInt64) -> Int { record(port).map { ports[$0].flows } ?? 0 }

    func idlest(of port: UInt64) -> Number? {
        record(port).map { ports[$0].idlest }
    }

    /// The idlest flow of the port that has most, the one with the smallest number of several.
    var idlestOfLargest: Number? {
        ports.all.max {
            ($0.flows, $1.port) < ($1.flows, $0.port)
        }.flatMap { $0.flows > 0 ? $0.idlest : nil }
    }

    /// A flow that was used last of all.
    mutating func append(_ flow: Number, to port: UInt64) {
        let place = record(port) ?? insert(port)
        if Int(flow) >= links.count {
            links += repeatElement(
                Link(idler: Self.none, later: Self.none, port: 0),
                count: Int(flow) + 1 - links.count)
        }
        ports[place].flows += 1
        link(flow, place)
    }

    private mutating func insert(_ port: UInt64) -> UInt32 {
        let place = ports.insert(Port(port: port))
        index.insert(place, hash(port))
        return place
    }

    /// A flow that is in a queue was used last of all.
    mutating func moveToEnd(_ flow: Number) {
        let place = links[Int(flow)].port
        guard ports[place].latest != flow else { return }
        unlink(flow)
        link(flow, place)
    }

    mutating func remove(_ flow: Number) {
        let place = links[Int(flow)].port
        unlink(flow)
        ports[place].flows -= 1
        guard ports[place].flows == 0 else { return }
        index.remove(place, hash(ports[place].port))
        ports.release(place)
    }

    private mutating func link(_ flow: Number, _ place: UInt32) {
        let last = ports[place].latest
        links[Int(flow)] = Link(idler: last, later: Self.none, port: place)
        if last == Self.none {
            ports[place].idlest = flow
        } else {
            links[Int(last)].later = flow
        }
        ports[place].latest = flow
    }

    private mutating func unlink(_ flow: Number) {
        let link = links[Int(flow)]
        if link.idler == Self.none {
            ports[link.port].idlest = link.later
        } else {
            links[Int(link.idler)].later = link.later
        }
        if link.later == Self.none {
            ports[link.port].latest = link.idler
        } else {
            links[Int(link.later)].idler = link.idler
        }
    }
}

import Wire

// The kernel's connection tracker as a value: zones, directions, marks, translation, related ICMP
// errors (nf_conntrack, nf_nat, net/openvswitch/conntrack.c). The property that must hold: the same
// packets and actions give the same states, marks and headers. Left out: time-outs, the sequence
// checks of TCP, helpers, and reassembly (a fragment waits for ever).

package struct ConnectionTable: Hashable, Sendable {
    package struct Connection: Hashable, Sendable {
        package var zone: UInt16
        /// As the first packet came, and as answers will come.
        package var original: ConnectionTuple
        package var reply: ConnectionTuple
        package var mark: UInt32 = 0
        package var label: UInt128 = 0
        package var hasReply = false
        package var translatesSource = false
        package var translatesDestination = false
        /// The kind of translation has been decided, also where nothing is translated.
        var isSourceSet = false
        var isDestinationSet = false

        var isTranslated: Bool { translatesSource || translatesDestination }
    }

    /// What the tracker knows of one packet (skb->_nfct).
    struct Tracked: Hashable, Sendable {
        enum Relation: Hashable, Sendable { case new, established, related }
        var zone: UInt16
        /// Nil before the connection is confirmed.
        var number: Int?
        var connection: Connection
        var relation: Relation
        var isReply: Bool
        /// Where the quoted packet begins, for a related ICMP error.
        var quoteOffset: Int?
    }

    struct Place: Hashable, Sendable {
        let zone: UInt16
        let tuple: ConnectionTuple
    }

    private struct Entry: Hashable, Sendable {
        let number: Int
        let isReply: Bool
    }

    private var connections: [Int: Connection] = [:]
    private var index: [Place: Entry] = [:]
    private var next = 1

    package init() {}

    package var count: Int { connections.count }

    /// All connections, in the order in which they were made.
    package var all: [Connection] {
        connections.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Forgets the connections of some zones.
    package mutating func flush(zones: Set<UInt16>) {
        for (number, connection) in connections where zones.contains(connection.zone) {
            connections[number] = nil
            index[Place(zone: connection.zone, tuple: connection.original)] = nil
            index[Place(zone: connection.zone, tuple: connection.reply)] = nil
        }
    }

    func isTaken(_ tuple: ConnectionTuple, zone: UInt16) -> Bool {
        index[Place(zone: zone, tuple: tuple)] != nil
    }

    subscript(number: Int) -> Connection? {
        get { connections[number] }
        set { connections[number] = newValue }
    }

    // MARK: - Looking up

    /// nf_conntrack_in. Nil for a packet that is invalid.
    mutating func enter(_ frame: [UInt8], zone: UInt16, tcpFlags: UInt16) -> Tracked? {
        switch TupleReader(frame).kind {
        case .fragment, .invalid: return nil
        case .error(let quoted, let offset):
            let place = Place(zone: zone, tuple: quoted.inverse)
            guard let entry = index[place], let connection = connections[entry.number] else {
                return nil
            }
            return Tracked(
                zone: zone, number: entry.number, connection: connection, relation: .related,
                isReply: entry.isReply, quoteOffset: offset)
        case .plain(let tuple):
            if let entry = index[Place(zone: zone, tuple: tuple)] {
                if entry.isReply { connections[entry.number]?.hasReply = true }
                return tracked(entry.number, isReply: entry.isReply)
            }
            return begin(tuple, zone: zone, tcpFlags: tcpFlags)
        }
    }

    /// A connection begins with anything that can begin one, also in the middle (TCP is loose).
    private func begin(
        _ tuple: ConnectionTuple, zone: UInt16, tcpFlags: UInt16
    ) -> Tracked? {
        let type = UInt8(tuple.destinationPort >> 8)
        switch tuple.proto {
        case IPProtocol.tcp:
            let opening = tcpFlags & (TCPFlag.syn | TCPFlag.ack)
            guard tcpFlags & TCPFlag.reset == 0, opening != TCPFlag.syn | TCPFlag.ack else {
                return nil
            }
        case IPProtocol.icmp: guard type == ICMPType.echoRequest else { return nil }
        case IPProtocol.icmpv6: guard type == ICMPv6Type.echoRequest else { return nil }
        default: break
        }
        let connection = Connection(zone: zone, original: tuple, reply: tuple.inverse)
        return Tracked(
            zone: zone, number: nil, connection: connection, relation: .new, isReply: false)
    }

    func tracked(_ number: Int, isReply: Bool) -> Tracked? {
        guard let connection = connections[number] else { return nil }
        return Tracked(
            zone: connection.zone, number: number, connection: connection,
            relation: connection.hasReply ? .established : .new, isReply: isReply)
    }

    /// ovs_ct_find_existing: the connection of a packet that the agent sends on, by its key.
    func find(_ frame: [UInt8], zone: UInt16, isTranslated: Bool) -> Tracked? {
        let tuple: ConnectionTuple
        switch TupleReader(frame).kind {
        case .plain(let found): tuple = found
        case .error, .fragment, .invalid: return nil
        }
        let wanted = isTranslated ? tuple.inverse : tuple
        guard let entry = index[Place(zone: zone, tuple: wanted)] else { return nil }
        return tracked(entry.number, isReply: isTranslated ? !entry.isReply : entry.isReply)
    }

    // MARK: - Confirming

    /// False where another connection has one of the tuples: the packet is dropped then.
    mutating func confirm(_ tracked: inout Tracked) -> Bool {
        guard tracked.number == nil else { return true }
        let connection = tracked.connection
        guard !isTaken(connection.original, zone: tracked.zone),
            !isTaken(connection.reply, zone: tracked.zone)
        else { return false }
        let number = next
        next += 1
        connections[number] = connection
        index[Place(zone: tracked.zone, tuple: connection.original)] =
            Entry(number: number, isReply: false)
        index[Place(zone: tracked.zone, tuple: connection.reply)] =
            Entry(number: number, isReply: true)
        tracked.number = number
        return true
    }

    /// Decides a translation (nf_nat_setup_info): the first tuple of the range whose answers no
    /// other connection expects.
    func decide(
        _ translation: ConnectionTracking.Translation, isSource: Bool,
        for connection: inout Connection
    ) {
        if isSource { connection.isSourceSet = true } else { connection.isDestinationSet = true }
        let now = connection.reply.inverse
        var wanted = now
        if let address = translation.addresses?.lowerBound {
            if isSource { wanted.source = address } else { wanted.destination = address }
        }
        wanted = free(wanted, translation.ports, isSource: isSource, connection.zone)
        guard wanted != now else { return }
        connection.reply = wanted.inverse
        if isSource { connection.translatesSource = true }
        if !isSource { connection.translatesDestination = true }
    }

    private func free(
        _ tuple: ConnectionTuple, _ ports: ClosedRange<UInt16>?, isSource: Bool, _ zone: UInt16
    ) -> ConnectionTuple {
        var candidate = tuple
        func set(_ port: UInt16) {
            if isSource || candidate.isICMP {
                candidate.sourcePort = port
            } else {
                candidate.destinationPort = port
            }
        }
        if let ports {
            for port in ports {
                set(port)
                if !isTaken(candidate.inverse, zone: zone) { return candidate }
            }
            return candidate
        }
        guard isSource else { return candidate }
        var port: UInt16 = 1024
        while isTaken(candidate.inverse, zone: zone), port < .max {
            set(port)
            port += 1
        }
        return candidate
    }
}

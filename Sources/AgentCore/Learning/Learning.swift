// Turns what packets taught into rows of MAC_Binding and FDB.
//
// A row is written once it is due and only if the database doesn't say the same already; what is
// learned for a port or datapath that has gone in the meantime is forgotten. The property that must
// hold: one port never has more rows than its limit, however many addresses somebody invents behind
// it, and the rows that make room are those of that port which were confirmed longest ago.

import OVSDBModel
import OVSDBSession
import Schemas
import Wire

/// Something that a packet taught this chassis.
package enum Lesson: Hashable, Sendable {
    /// A neighbour of a router port; `isShared` if other chassis may have seen the packet too.
    case neighbour(NeighbourKey, MACAddress, isShared: Bool)
    /// An address behind a switch port.
    case address(LearnedAddressKey, port: UInt32)
}

/// A lesson, and whose packet it was.
package struct TaughtLesson: Hashable, Sendable {
    package let lesson: Lesson
    package let source: PacketSource

    package init(_ lesson: Lesson, from source: PacketSource) {
        self.lesson = lesson
        self.source = source
    }
}

package struct Learning: Sendable {
    /// Rows of one logical port, whoever wrote them.
    package struct Limits: Sendable {
        package var neighbours = 16_384
        package var stations = 4096

        package init(neighbours: Int = 16_384, stations: Int = 4096) {
            self.neighbours = neighbours
            self.stations = stations
        }
    }

    private let limits: Limits
    private var neighbours = LearningQueue<NeighbourKey, MACAddress>()
    private var addresses = LearningQueue<LearnedAddressKey, UInt32>()

    package init(limits: Limits = Limits()) { self.limits = limits }

    /// Lessons that a full queue gave up.
    package var dropped: UInt64 { neighbours.dropped + addresses.dropped }

    package var deadline: Milliseconds? {
        [neighbours.deadline, addresses.deadline].compactMap { $0 }.min()
    }

    /// - Parameter delay: a random 1…50 ms, for what other chassis may learn too.
    package mutating func learn(
        _ lesson: Lesson, from source: PacketSource, now: Milliseconds, delay: Milliseconds
    ) {
        switch lesson {
        case .neighbour(let key, let address, let isShared):
            neighbours.learn(
                key, address, from: source, now: now, delay: isShared ? delay : 0)
        case .address(let key, let port):
            addresses.learn(key, port, from: source, now: now, delay: delay)
        }
    }

    /// Whether what `write` wrote last is in the database.
    package mutating func conclude(isWritten: Bool) {
        if isWritten {
            neighbours.confirm()
            addresses.confirm()
        } else {
            neighbours.giveBack()
            addresses.giveBack()
        }
    }

    /// The index columns that `write` looks rows up by, for the client's configuration.
    package static let indexes: [String: [[String]]] = [
        "Datapath_Binding": [["tunnel_key"]], "Port_Binding": [["datapath", "tunnel_key"]],
        "MAC_Binding": [["logical_port", "ip"], ["logical_port"]],
        "FDB": [["mac", "dp_key"], ["dp_key", "port_key"]],
    ]

    package mutating func write(
        _ replica: Replica, now: Milliseconds, wallClock: Int64,
        into transaction: inout TransactionBuilder, placeholder: () -> RowUUID
    ) {
        var ports: [String: Int] = [:]
        for entry in neighbours.takeDue(now: now) {
            let row = Self.write(
                entry.key, entry.value, replica, wallClock, into: &transaction,
                placeholder: placeholder)
            if let row { ports[row.logicalPort, default: 0] += 1 }
        }
        for (port, count) in ports.sorted(by: { $0.key < $1.key }) {
            makeRoom(port, count, replica, into: &transaction)
        }
        var stations: [PortReference: Int] = [:]
        for entry in addresses.takeDue(now: now) {
            let place = PortReference(datapath: entry.key.datapath, port: entry.value)
            let isNew = Self.write(
                entry.key, place, replica, wallClock, into: &transaction,
                placeholder: placeholder)
            if isNew { stations[place, default: 0] += 1 }
        }
        for (place, count) in stations.sorted(by: { $0.key < $1.key }) {
            makeRoom(place, count, replica, into: &transaction)
        }
    }

    // MARK: - Rows

    /// The row if it is a new one.
    private static func write(
        _ key: NeighbourKey, _ address: MACAddress, _ replica: Replica, _ wallClock: Int64,
        into transaction: inout TransactionBuilder, placeholder: () -> RowUUID
    ) -> SB.MACBinding? {
        guard let port = port(key.port, replica) else { return nil }
        let row = SB.MACBinding(
            logicalPort: port.logicalPort, ip: key.address.description,
            mac: address.description, timestamp: Int(wallClock), datapath: port.datapath)
        let existing = replica.rows(like: row, in: [.logicalPort, .ip]).first
        guard let existing else {
            transaction.insert(row, placeholder: placeholder())
            return row
        }
        guard existing.row.mac != row.mac else { return nil }
        transaction.update(existing.uuid, from: existing.row, to: row)
        return nil
    }

    /// Whether the port has one more row. What a physical network says of a station that is behind
    /// a port of a workload doesn't count: that would be its own packet, come back.
    private static func write(
        _ key: LearnedAddressKey, _ place: PortReference, _ replica: Replica, _ wallClock: Int64,
        into transaction: inout TransactionBuilder, placeholder: () -> RowUUID
    ) -> Bool {
        guard let port = port(place, replica) else { return false }
        let row = SB.FDB(
            mac: key.address.description, dpKey: Int(key.datapath), portKey: Int(place.port),
            timestamp: Int(wallClock))
        let existing = replica.rows(like: row, in: [.mac, .dpKey]).first
        guard let existing else {
            transaction.insert(row, placeholder: placeholder())
            return true
        }
        guard existing.row.portKey != row.portKey else { return false }
        let old = PortReference(
            datapath: place.datapath, port: UInt32(truncatingIfNeeded: existing.row.portKey))
        if port.type == "localnet", self.port(old, replica)?.type == "" { return false }
        transaction.update(existing.uuid, from: existing.row, to: row)
        return true
    }

    private static func port(_ reference: PortReference, _ replica: Replica) -> SB.PortBinding? {
        let datapath = SB.DatapathBinding(tunnelKey: Int(reference.datapath))
        guard let found = replica.rows(like: datapath, in: [.tunnelKey]).first else { return nil }
        let port = SB.PortBinding(datapath: found.uuid, tunnelKey: Int(reference.port))
        return replica.rows(like: port, in: [.datapath, .tunnelKey]).first?.row
    }

    // MARK: - Limits

    private func makeRoom(
        _ port: String, _ added: Int, _ replica: Replica,
        into transaction: inout TransactionBuilder
    ) {
        let like = SB.MACBinding(logicalPort: port)
        let rows = replica.rows(like: like, in: [.logicalPort])
        let oldest = Self.leaving(rows, added, limits.neighbours) { $0.timestamp }
        for uuid in oldest { transaction.delete(SB.MACBinding.self, uuid) }
    }

    private func makeRoom(
        _ place: PortReference, _ added: Int, _ replica: Replica,
        into transaction: inout TransactionBuilder
    ) {
        let like = SB.FDB(dpKey: Int(place.datapath), portKey: Int(place.port))
        let rows = replica.rows(like: like, in: [.dpKey, .portKey])
        let oldest = Self.leaving(rows, added, limits.stations) { $0.timestamp }
        for uuid in oldest { transaction.delete(SB.FDB.self, uuid) }
    }

    /// The rows that go so that no more than `limit` stay: those that were confirmed longest ago,
    /// and some more, since sorting all of them for each new one would be what a forger wants.
    private static func leaving<Row: TypedRow>(
        _ rows: [Identified<Row>], _ added: Int, _ limit: Int, _ timestamp: (Row) -> Int
    ) -> [RowUUID] {
        guard rows.count + added > limit else { return [] }
        let excess = rows.count + added - limit + limit / 16
        let byAge = rows.map { (timestamp($0.row), $0.uuid) }.sorted { $0 < $1 }
        return byAge.prefix(excess).map { $0.1 }
    }
}

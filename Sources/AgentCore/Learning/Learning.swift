// Turns what packets taught into rows of MAC_Binding and FDB.
//
// A row is written once it is due and only if the database doesn't say the same already; what is
// learned for a port or datapath that has gone in the meantime is forgotten. How many rows there may be
// is the matter of `LearnedRows`.

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

extension Lesson {
    /// Nil for an effect that becomes no row of the Southbound database.
    package init?(_ effect: SideEffect) {
        switch effect {
        case .neighbour(let key, let address, let isShared):
            self = .neighbour(key, address, isShared: isShared)
        case .address(let key, let port): self = .address(key, port: port)
        case .uses, .wait, .service, .affinity, .affinityUse, .nextHop, .nextHopUse, .station,
            .question, .asked:
            return nil
        }
    }
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
    private let limits: LearnedLimits
    private var neighbours = LearningQueue<NeighbourKey, MACAddress>()
    private var addresses = LearningQueue<LearnedAddressKey, UInt32>()

    package init(limits: LearnedLimits = LearnedLimits()) { self.limits = limits }

    /// How many lessons a full queue has given up.
    package struct Dropped: Hashable, Sendable {
        package var neighbours: UInt64 = 0
        package var addresses: UInt64 = 0
    }

    private var told = Dropped()

    /// What was given up since somebody asked.
    package mutating func takeDropped() -> Dropped {
        defer { told = Dropped(neighbours: neighbours.dropped, addresses: addresses.dropped) }
        return Dropped(
            neighbours: neighbours.dropped - told.neighbours,
            addresses: addresses.dropped - told.addresses)
    }

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
        "MAC_Binding": [["logical_port", "ip"], ["logical_port"], ["datapath"]],
        "FDB": [["mac", "dp_key"], ["dp_key", "port_key"], ["dp_key"]],
    ]

    package mutating func write(
        _ replica: Replica, now: Milliseconds, wallClock: Int64,
        into transaction: inout TransactionBuilder, placeholder: () -> RowUUID
    ) {
        var bindings = LearnedRows<SB.MACBinding>()
        for entry in neighbours.takeDue(now: now) {
            Self.write(
                entry.key, entry.value, replica, wallClock, &bindings, into: &transaction,
                placeholder: placeholder)
        }
        if !bindings.added.isEmpty { makeRoom(&bindings, replica, into: &transaction) }
        var stations = LearnedRows<SB.FDB>()
        for entry in addresses.takeDue(now: now) {
            let place = PortReference(datapath: entry.key.datapath, port: entry.value)
            Self.write(
                entry.key, place, replica, wallClock, &stations, into: &transaction,
                placeholder: placeholder)
        }
        if !stations.added.isEmpty || !stations.changed.isEmpty {
            makeRoom(&stations, replica, into: &transaction)
        }
    }

    // MARK: - Rows

    private static func write(
        _ key: NeighbourKey, _ address: MACAddress, _ replica: Replica, _ wallClock: Int64,
        _ rows: inout LearnedRows<SB.MACBinding>, into transaction: inout TransactionBuilder,
        placeholder: () -> RowUUID
    ) {
        guard let port = port(key.port, replica) else { return }
        let row = SB.MACBinding(
            logicalPort: port.logicalPort, ip: key.address.description,
            mac: address.description, timestamp: Int(wallClock), datapath: port.datapath)
        let existing = replica.rows(like: row, in: [.logicalPort, .ip]).first
        guard let existing else {
            rows.add(placeholder(), row, to: &transaction)
            return
        }
        if existing.row.mac != row.mac { rows.change(existing, to: row, in: &transaction) }
    }

    /// What a physical network says of a station that is behind a port of a workload doesn't count:
    /// that would be its own packet, come back.
    private static func write(
        _ key: LearnedAddressKey, _ place: PortReference, _ replica: Replica, _ wallClock: Int64,
        _ rows: inout LearnedRows<SB.FDB>, into transaction: inout TransactionBuilder,
        placeholder: () -> RowUUID
    ) {
        guard let port = port(place, replica) else { return }
        let row = SB.FDB(
            mac: key.address.description, dpKey: Int(key.datapath), portKey: Int(place.port),
            timestamp: Int(wallClock))
        let existing = replica.rows(like: row, in: [.mac, .dpKey]).first
        guard let existing else {
            rows.add(placeholder(), row, to: &transaction)
            return
        }
        guard existing.row.portKey != row.portKey else { return }
        let old = PortReference(
            datapath: place.datapath, port: UInt32(truncatingIfNeeded: existing.row.portKey))
        if port.type == "localnet", self.port(old, replica)?.type == "" { return }
        rows.change(existing, to: row, in: &transaction)
    }

    private static func port(_ reference: PortReference, _ replica: Replica) -> SB.PortBinding? {
        let datapath = SB.DatapathBinding(tunnelKey: Int(reference.datapath))
        guard let found = replica.rows(like: datapath, in: [.tunnelKey]).first else { return nil }
        let port = SB.PortBinding(datapath: found.uuid, tunnelKey: Int(reference.port))
        return replica.rows(like: port, in: [.datapath, .tunnelKey]).first?.row
    }

    // MARK: - Limits

    private func makeRoom(
        _ rows: inout LearnedRows<SB.MACBinding>, _ replica: Replica,
        into transaction: inout TransactionBuilder
    ) {
        for port in Set(rows.added.map(\.row.logicalPort)).sorted() {
            rows.makeRoom(
                limits.neighbours, like: SB.MACBinding(logicalPort: port), in: [.logicalPort],
                of: replica, { $0.logicalPort == port }, timestamp: { $0.timestamp },
                in: &transaction)
        }
        for datapath in Set(rows.added.map(\.row.datapath)).sorted() {
            rows.makeRoom(
                replica[SB.DatapathBinding.self, datapath]?.neighbourLimit ?? limits.router,
                like: SB.MACBinding(datapath: datapath), in: [.datapath], of: replica,
                { $0.datapath == datapath }, timestamp: { $0.timestamp }, in: &transaction)
        }
    }

    private func makeRoom(
        _ rows: inout LearnedRows<SB.FDB>, _ replica: Replica,
        into transaction: inout TransactionBuilder
    ) {
        let places = (rows.added + rows.changed).map {
            PortReference(
                datapath: UInt32(truncatingIfNeeded: $0.row.dpKey),
                port: UInt32(truncatingIfNeeded: $0.row.portKey))
        }
        for place in Set(places).sorted() {
            let example = SB.FDB(dpKey: Int(place.datapath), portKey: Int(place.port))
            rows.makeRoom(
                limits.stations, like: example, in: [.dpKey, .portKey], of: replica,
                { $0.dpKey == example.dpKey && $0.portKey == example.portKey },
                timestamp: { $0.timestamp }, in: &transaction)
        }
        for datapath in Set(rows.added.map(\.row.dpKey)).sorted() {
            rows.makeRoom(
                limits.network, like: SB.FDB(dpKey: datapath), in: [.dpKey], of: replica,
                { $0.dpKey == datapath }, timestamp: { $0.timestamp }, in: &transaction)
        }
    }
}

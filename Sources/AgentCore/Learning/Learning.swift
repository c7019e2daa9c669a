// Turns what packets taught into rows of MAC_Binding and FDB.
//
// A row is written once it is due and only if the database doesn't say the same already; what is
// learned for a port or datapath that has gone in the meantime is forgotten.

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

package struct Learning: Sendable {
    private var neighbours = LearningQueue<NeighbourKey, MACAddress>()
    private var addresses = LearningQueue<LearnedAddressKey, UInt32>()

    package init() {}

    /// Lessons that a full queue refused.
    package var dropped: UInt64 { neighbours.dropped + addresses.dropped }

    package var deadline: Milliseconds? {
        [neighbours.deadline, addresses.deadline].compactMap { $0 }.min()
    }

    /// - Parameter delay: a random 1…50 ms, for what other chassis may learn too.
    package mutating func learn(_ lesson: Lesson, now: Milliseconds, delay: Milliseconds) {
        switch lesson {
        case .neighbour(let key, let address, let isShared):
            neighbours.learn(key, address, now: now, delay: isShared ? delay : 0)
        case .address(let key, let port):
            addresses.learn(key, port, now: now, delay: delay)
        }
    }

    /// The index columns that `write` looks rows up by, for the client's configuration.
    package static let indexes: [String: [[String]]] = [
        "Datapath_Binding": [["tunnel_key"]], "Port_Binding": [["datapath", "tunnel_key"]],
        "MAC_Binding": [["logical_port", "ip"]], "FDB": [["mac", "dp_key"]],
    ]

    package mutating func write(
        _ replica: Replica, now: Milliseconds, wallClock: Int64,
        into transaction: inout TransactionBuilder, placeholder: () -> RowUUID
    ) {
        for entry in neighbours.takeDue(now: now) {
            Self.write(
                entry.key, entry.value, replica, wallClock, into: &transaction,
                placeholder: placeholder)
        }
        for entry in addresses.takeDue(now: now) {
            Self.write(
                entry.key, entry.value, replica, wallClock, into: &transaction,
                placeholder: placeholder)
        }
    }

    private static func write(
        _ key: NeighbourKey, _ address: MACAddress, _ replica: Replica, _ wallClock: Int64,
        into transaction: inout TransactionBuilder, placeholder: () -> RowUUID
    ) {
        guard let port = port(key.port, replica) else { return }
        let row = SB.MACBinding(
            logicalPort: port.logicalPort, ip: key.address.description,
            mac: address.description, timestamp: Int(wallClock), datapath: port.datapath)
        let existing = replica.rows(like: row, in: [.logicalPort, .ip]).first
        guard let existing else {
            transaction.insert(row, placeholder: placeholder())
            return
        }
        guard existing.row.mac != row.mac else { return }
        transaction.update(existing.uuid, from: existing.row, to: row)
    }

    private static func write(
        _ key: LearnedAddressKey, _ port: UInt32, _ replica: Replica, _ wallClock: Int64,
        into transaction: inout TransactionBuilder, placeholder: () -> RowUUID
    ) {
        guard self.port(PortReference(datapath: key.datapath, port: port), replica) != nil else {
            return
        }
        let row = SB.FDB(
            mac: key.address.description, dpKey: Int(key.datapath), portKey: Int(port),
            timestamp: Int(wallClock))
        let existing = replica.rows(like: row, in: [.mac, .dpKey]).first
        guard let existing else {
            transaction.insert(row, placeholder: placeholder())
            return
        }
        guard existing.row.portKey != row.portKey else { return }
        transaction.update(existing.uuid, from: existing.row, to: row)
    }

    private static func port(_ reference: PortReference, _ replica: Replica) -> SB.PortBinding? {
        let datapath = SB.DatapathBinding(tunnelKey: Int(reference.datapath))
        guard let found = replica.rows(like: datapath, in: [.tunnelKey]).first else { return nil }
        let port = SB.PortBinding(datapath: found.uuid, tunnelKey: Int(reference.port))
        return replica.rows(like: port, in: [.datapath, .tunnelKey]).first?.row
    }
}

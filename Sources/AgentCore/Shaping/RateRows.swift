// The rates of logical ports as rows of the local database, which is where ovn-controller keeps
// them: a QoS row at the port of the network card, with a Queue row for each logical port. What
// the kernel then has follows from these rows (LocalShaping), as it does from an administrator's.
//
// Rows of others are left as they are: a port that has a QoS row without `ovn_qos` gets no queues,
// and a queue without `ovn_port` stays.

import OVSDBModel
import OVSDBSession
import Schemas

package struct RateRows {
    /// One for each port whose rate can't be kept here.
    package private(set) var problems: [String] = []

    private let replica: Replica
    private let ports: [Identified<OVS.Port>]
    /// By the row of the port at which they are kept.
    private var rates: [RowUUID: [PortRate]] = [:]

    package init(_ system: LocalSystem, _ replica: Replica, _ rates: [PortRate]) {
        self.replica = replica
        ports = system.bridges.sorted { $0.row.name < $1.row.name }
            .flatMap { Self.ports(of: $0.row, replica) }
        for rate in rates {
            switch Self.place(of: rate, system, replica) {
            case .found(let port): self.rates[port.uuid, default: []].append(rate)
            case .none(let reason):
                problems.append("port \(rate.port): its rate is not kept: \(reason)")
            }
        }
    }

    // MARK: Where

    private enum Place {
        case found(Identified<OVS.Port>)
        case none(String)
    }

    private static func place(
        of rate: PortRate, _ system: LocalSystem, _ replica: Replica
    ) -> Place {
        guard let name = system.configuration.bridgeMappings[rate.network] else {
            return .none("ovn-bridge-mappings has no bridge for network \(rate.network)")
        }
        guard let bridge = system.bridges.first(where: { $0.row.name == name }) else {
            return .none("there is no bridge \(name) for network \(rate.network)")
        }
        guard let port = egressPort(of: bridge.row, replica) else {
            return .none("bridge \(name) of network \(rate.network) has no network device")
        }
        if let row = port.row.qos.flatMap({ replica[OVS.QoS.self, $0] }), !row.isOwn {
            return .none("Port \(port.row.name) has a QoS of somebody else")
        }
        return .found(port)
    }

    /// The port that an administrator has chosen with `ovn-egress-iface`, else the first by name
    /// with a network card.
    private static func egressPort(
        of bridge: OVS.Bridge, _ replica: Replica
    ) -> Identified<OVS.Port>? {
        let ports = ports(of: bridge, replica)
        func first(_ condition: (OVS.Interface) -> Bool) -> Identified<OVS.Port>? {
            ports.first { port in
                port.row.interfaces.compactMap { replica[OVS.Interface.self, $0] }
                    .contains { $0.externalIDs["iface-id"] == nil && condition($0) }
            }
        }
        return first { $0.externalIDs["ovn-egress-iface"] == "true" }
            ?? first { ($0.type.isEmpty || $0.type == "system") && $0.name != bridge.name }
    }

    private static func ports(
        of bridge: OVS.Bridge, _ replica: Replica
    ) -> [Identified<OVS.Port>] {
        bridge.ports.compactMap { uuid in
            replica[OVS.Port.self, uuid].map { Identified(uuid: uuid, row: $0) }
        }.sorted { $0.row.name < $1.row.name }
    }

    // MARK: Writing

    /// Writes the differences; nothing if there are none.
    package func write(
        into transaction: inout TransactionBuilder, placeholder: () -> RowUUID
    ) {
        var kept: Set<RowUUID> = []
        for port in ports {
            let existing = port.row.qos.flatMap { uuid in
                replica[OVS.QoS.self, uuid].map { Identified(uuid: uuid, row: $0) }
            }
            if let existing, !existing.row.isOwn { continue }
            let wanted = rates[port.uuid] ?? []
            if existing == nil, wanted.isEmpty { continue }
            let queues = queues(existing?.row, wanted, into: &transaction, placeholder)
            kept.formUnion(queues.values)
            var row = port.row
            row.qos = discipline(existing, queues, into: &transaction, placeholder)
            if let qos = row.qos { kept.insert(qos) }
            transaction.update(port.uuid, from: port.row, to: row)
        }
        deleteRest(except: kept, into: &transaction)
    }

    private func queues(
        _ existing: OVS.QoS?, _ wanted: [PortRate],
        into transaction: inout TransactionBuilder, _ placeholder: () -> RowUUID
    ) -> [Int: RowUUID] {
        var queues: [Int: RowUUID] = [:]
        var byPort: [String: Identified<OVS.Queue>] = [:]
        for (number, uuid) in existing?.queues ?? [:] {
            guard let row = replica[OVS.Queue.self, uuid] else { continue }
            if let port = row.port {
                byPort[port] = Identified(uuid: uuid, row: row)
            } else {
                queues[number] = uuid
            }
        }
        for rate in wanted {
            let row = OVS.Queue(
                otherConfig: rate.configuration, externalIDs: ["ovn_port": rate.port])
            if let old = byPort[rate.port] {
                transaction.update(old.uuid, from: old.row, to: row)
                queues[rate.queue] = old.uuid
            } else {
                let uuid = placeholder()
                transaction.insert(row, placeholder: uuid)
                queues[rate.queue] = uuid
            }
        }
        return queues
    }

    /// The QoS row with these queues; nil if there are none.
    private func discipline(
        _ existing: Identified<OVS.QoS>?, _ queues: [Int: RowUUID],
        into transaction: inout TransactionBuilder, _ placeholder: () -> RowUUID
    ) -> RowUUID? {
        if queues.isEmpty { return nil }
        if let existing {
            var row = existing.row
            row.queues = queues
            transaction.update(existing.uuid, from: existing.row, to: row)
            return existing.uuid
        }
        let uuid = placeholder()
        transaction.insert(
            OVS.QoS(
                type: "linux-htb", queues: queues,
                otherConfig: ["max-rate": String(HTBShaping.highestRate * 8)],
                externalIDs: ["ovn_qos": "true"]), placeholder: uuid)
        return uuid
    }

    /// Rows of this kind that nothing names any more stay in the database until they are deleted.
    private func deleteRest(
        except kept: Set<RowUUID>, into transaction: inout TransactionBuilder
    ) {
        let foreign = replica.rows(OVS.QoS.self).filter { !$0.row.isOwn }
        let kept = kept.union(foreign.flatMap { $0.row.queues.values })
        for row in replica.rows(OVS.QoS.self) where row.row.isOwn && !kept.contains(row.uuid) {
            transaction.delete(OVS.QoS.self, row.uuid)
        }
        for row in replica.rows(OVS.Queue.self)
        where row.row.port != nil && !kept.contains(row.uuid) {
            transaction.delete(OVS.Queue.self, row.uuid)
        }
    }
}

extension OVS.QoS {
    /// Made for rates of logical ports, by this agent or by ovn-controller.
    fileprivate var isOwn: Bool { externalIDs["ovn_qos"] == "true" }
}

extension OVS.Queue {
    /// The logical port whose queue it is.
    fileprivate var port: String? { externalIDs["ovn_port"] }
}

import OVSDBModel
import OVSDBSession
import Schemas

// Sets that may be large change by element: what is sent is the elements that differ.

extension Reconciler {
    mutating func settleGroup(
        _ group: DatapathGroup, _ marks: Marks<RowUUID>, _ replica: Replica,
        _ transaction: inout TransactionBuilder
    ) {
        // A group without members has no flows, and leaves with the last of them.
        guard let members = desired.groups[group] else { return }
        let uuid = SouthboundUUID.group(group)
        written.insert(uuid)
        guard let actual = replica[SB.LogicalDPGroup.self, uuid] else {
            let all = rows(ofMembers: members)
            return transaction.insert(SB.LogicalDPGroup(datapaths: all), uuid: uuid)
        }
        let edit: SetEdit<RowUUID>
        switch marks {
        case .all: edit = SetEdit(from: actual.datapaths, to: rows(ofMembers: members))
        case .some(let marked):
            let edits = marked.compactMap { key in
                row(ofMember: key).map { ($0, members.contains(key)) }
            }
            edit = SetEdit(edits, present: Set(actual.datapaths))
        }
        transaction.change(SB.LogicalDPGroup.self, uuid, .datapaths, by: edit)
    }

    private func rows(ofMembers members: Set<RowUUID>) -> [RowUUID] {
        canonicalSet(members.compactMap { row(ofMember: $0) })
    }

    mutating func settleMulticast(
        _ key: MulticastKey, _ marks: Marks<String>, _ replica: Replica,
        _ transaction: inout TransactionBuilder
    ) {
        let datapath = row(ofDatapath: key.datapath)
        let example = SB.MulticastGroup(datapath: datapath, name: key.group.name)
        let actual = replica.rows(like: example, in: [.datapath, .name]).first
        guard let members = desired.multicastGroups[key],
            let tunnelKey = key.group.key ?? desired.multicastKeys[key]
        else {
            if let actual { transaction.delete(SB.MulticastGroup.self, actual.uuid) }
            return
        }
        guard let actual else {
            let uuid = SouthboundUUID.multicastGroup(key)
            written.insert(uuid)
            return transaction.insert(
                SB.MulticastGroup(
                    datapath: datapath, name: key.group.name, tunnelKey: tunnelKey,
                    ports: canonicalSet(members.compactMap { row(ofPort: $0) })),
                uuid: uuid)
        }
        written.insert(actual.uuid)
        var wanted = actual.row
        wanted.tunnelKey = tunnelKey
        transaction.update(actual.uuid, from: actual.row, to: wanted)
        transaction.change(
            SB.MulticastGroup.self, actual.uuid, .ports,
            by: edit(of: actual.row.ports, members, marks))
    }

    /// A port that is gone leaves the set by itself, with its row.
    private func edit(
        of actual: [RowUUID], _ members: Set<String>, _ marks: Marks<String>
    ) -> SetEdit<RowUUID> {
        switch marks {
        case .all:
            return SetEdit(
                from: actual, to: canonicalSet(members.compactMap { row(ofPort: $0) }))
        case .some(let names):
            let marked = names.compactMap { name -> (RowUUID, Bool)? in
                row(ofPort: name).map { ($0, members.contains(name)) }
            }
            return SetEdit(marked, present: Set(actual))
        }
    }

    mutating func settleAddressSet(
        _ name: String, _ replica: Replica, _ transaction: inout TransactionBuilder
    ) {
        let actual = replica.rows(like: SB.AddressSet(name: name), in: [.name]).first
        guard let wanted = desired.addressSets[name]?.row else {
            if let actual { transaction.delete(SB.AddressSet.self, actual.uuid) }
            return
        }
        let uuid = actual?.uuid ?? SouthboundUUID.named(SB.AddressSet.table.name, name)
        written.insert(uuid)
        guard let actual else { return transaction.insert(wanted, uuid: uuid) }
        transaction.change(
            SB.AddressSet.self, uuid, .addresses,
            by: SetEdit(from: actual.row.addresses, to: wanted.addresses))
        guard replica.serverHas(SB.AddressSet.self, .options) else { return }
        var rest = actual.row
        rest.options = wanted.options
        transaction.update(uuid, from: actual.row, to: rest)
    }

    mutating func settlePortGroup(
        _ name: String, _ replica: Replica, _ transaction: inout TransactionBuilder
    ) {
        let actual = replica.rows(like: SB.PortGroup(name: name), in: [.name]).first
        guard let ports = desired.portGroups[name] else {
            if let actual { transaction.delete(SB.PortGroup.self, actual.uuid) }
            return
        }
        let uuid = actual?.uuid ?? SouthboundUUID.named(SB.PortGroup.table.name, name)
        written.insert(uuid)
        let wanted = canonicalSet(Array(ports))
        guard let actual else {
            return transaction.insert(SB.PortGroup(name: name, ports: wanted), uuid: uuid)
        }
        transaction.change(
            SB.PortGroup.self, uuid, .ports, by: SetEdit(from: actual.row.ports, to: wanted))
    }
}

/// Elements to add to a set and to remove from it.
struct SetEdit<Element: AtomRepresentable> {
    private(set) var added: [Element] = []
    private(set) var removed: [Element] = []

    /// Between two sets in OVSDB's order.
    init(from old: [Element], to new: [Element]) {
        var left = 0
        var right = 0
        while left < old.count || right < new.count {
            if right == new.count || left < old.count && Element.precedes(old[left], new[right]) {
                removed.append(old[left])
                left += 1
            } else if left == old.count || Element.precedes(new[right], old[left]) {
                added.append(new[right])
                right += 1
            } else {
                left += 1
                right += 1
            }
        }
    }

    /// For single elements: whether each shall be in the set.
    init(_ elements: [(element: Element, isMember: Bool)], present: Set<Element>) {
        for (element, isMember) in elements where present.contains(element) != isMember {
            if isMember { added.append(element) } else { removed.append(element) }
        }
    }
}

extension TransactionBuilder {
    fileprivate mutating func change<Row: TypedRow, Element: AtomRepresentable>(
        _ type: Row.Type, _ uuid: RowUUID, _ column: Row.Column, by edit: SetEdit<Element>
    ) {
        if !edit.removed.isEmpty { mutate(type, uuid, column, .delete(.ofSet(edit.removed))) }
        if !edit.added.isEmpty { mutate(type, uuid, column, .insert(.ofSet(edit.added))) }
    }
}

// What the Southbound database shall have, by name, kept up with the compiler's outputs.

import Incremental
import OVSDBModel
import Schemas

/// Desired rows, and the names whose row may differ from what the database has.
struct Desired {
    struct Dirty {
        var datapaths: Set<RowUUID> = []
        var ports: Set<String> = []
        var multicastGroups: [MulticastKey: Marks<String>] = [:]
        var groups: [DatapathGroup: Marks<RowUUID>] = [:]
        var addressSets: Set<String> = []
        var portGroups: Set<String> = []
        /// Flows by the UUID that they have if northd inserted them; nil to be deleted.
        var flows: [RowUUID: FlowRow?] = [:]

        var isEmpty: Bool {
            datapaths.isEmpty && ports.isEmpty && multicastGroups.isEmpty && groups.isEmpty
                && addressSets.isEmpty && portGroups.isEmpty && flows.isEmpty
        }

        /// Marks also what `other` marks; its flows are older.
        mutating func merge(_ other: Dirty) {
            datapaths.formUnion(other.datapaths)
            ports.formUnion(other.ports)
            multicastGroups.mergeMarks(other.multicastGroups)
            groups.mergeMarks(other.groups)
            addressSets.formUnion(other.addressSets)
            portGroups.formUnion(other.portGroups)
            flows.merge(other.flows) { mine, _ in mine }
        }
    }

    private(set) var datapaths: [RowUUID: DatapathRow] = [:]
    private(set) var ports: [String: PortRow] = [:]
    private(set) var multicastGroups: [MulticastKey: Set<String>] = [:]
    /// Keys of groups of addresses.
    private(set) var multicastKeys: [MulticastKey: Int] = [:]
    private(set) var groups: [DatapathGroup: Set<RowUUID>] = [:]
    /// The groups by their rows; one without members may still be among them.
    private(set) var groupNames: [RowUUID: DatapathGroup] = [:]
    private(set) var addressSets: [String: DesiredAddressSet] = [:]
    private(set) var portGroups: [String: Set<String>] = [:]
    var dirty = Dirty()

    /// Takes what changed since the last call.
    mutating func update(from compiler: Compiler) {
        let engine = compiler.engine
        let outputs = compiler.outputs
        updateBindings(engine, outputs)
        updateSets(engine, outputs)
        updateAddressSets(engine, outputs)
        let flows = engine.drain(outputs.flows)
        for row in flows.removed { dirty.flows[row.id] = .some(nil) }
        for row in flows.added { dirty.flows[row.id] = .some(row) }
    }

    private mutating func updateBindings(_ engine: Engine, _ outputs: Outputs) {
        let datapaths = engine.drain(outputs.datapaths)
        for row in datapaths.removed { self.datapaths[row.northbound] = nil }
        for row in datapaths.added { self.datapaths[row.northbound] = row }
        for row in datapaths.removed + datapaths.added { dirty.datapaths.insert(row.northbound) }
        let ports = engine.drain(outputs.ports)
        for row in ports.removed { self.ports[row.name] = nil }
        for row in ports.added { self.ports[row.name] = row }
        for row in ports.removed + ports.added { dirty.ports.insert(row.name) }
    }

    private mutating func updateSets(_ engine: Engine, _ outputs: Outputs) {
        let multicast = engine.drain(outputs.multicastMembers)
        for row in multicast.removed { multicastGroups.remove(row.port, from: row.key) }
        for row in multicast.added { multicastGroups[row.key, default: []].insert(row.port) }
        for row in multicast.removed + multicast.added {
            dirty.multicastGroups.mark(row.port, of: row.key)
        }
        let keys = engine.drain(outputs.multicastKeys)
        for row in keys.removed { multicastKeys[row.name] = nil }
        for row in keys.added { multicastKeys[row.name] = row.key }
        for row in keys.removed + keys.added { dirty.multicastGroups[row.name] = .all }
        let members = engine.drain(outputs.groupMembers)
        for row in members.removed { groups.remove(row.datapath, from: row.group) }
        for row in members.added {
            if groups[row.group] == nil { groupNames[SouthboundUUID.group(row.group)] = row.group }
            groups[row.group, default: []].insert(row.datapath)
        }
        for row in members.removed + members.added {
            dirty.groups.mark(row.datapath, of: row.group)
        }
        let ports = engine.drain(outputs.portGroupMembers)
        for row in ports.removed { portGroups.remove(row.port, from: row.group) }
        for row in ports.added { portGroups[row.group, default: []].insert(row.port) }
        dirty.portGroups.formUnion((ports.removed + ports.added).map(\.group))
    }

    private mutating func updateAddressSets(_ engine: Engine, _ outputs: Outputs) {
        let owners = engine.drain(outputs.addressSets)
        let members = engine.drain(outputs.addressSetMembers)
        for row in owners.removed { addressSets[row.name]?.owners.removeAll { $0 == row } }
        for row in owners.added {
            addressSets[row.name, default: DesiredAddressSet()].owners.append(row)
        }
        for row in members.removed { addressSets[row.set]?.members.remove(row.address) }
        for row in members.added {
            addressSets[row.set, default: DesiredAddressSet()].members.insert(row.address)
        }
        let names =
            (owners.removed + owners.added).map(\.name)
            + (members.removed + members.added).map(\.set)
        for name in names {
            dirty.addressSets.insert(name)
            if addressSets[name]?.isEmpty == true { addressSets[name] = nil }
        }
    }
}

/// An Address_Set and where its addresses come from.
struct DesiredAddressSet {
    /// Of several, one from the configuration wins.
    var owners: [AddressSetRow] = []
    var members: Set<String> = []

    var isEmpty: Bool { owners.isEmpty && members.isEmpty }

    /// The set's contents; nil if it has no owner, whatever members it has.
    var row: SB.AddressSet? {
        guard let owner = owners.min(by: DesiredAddressSet.wins) else { return nil }
        let addresses = owner.isGenerated ? owner.addresses + members : owner.addresses
        return SB.AddressSet(
            name: owner.name, addresses: canonicalSet(addresses), options: owner.options)
    }

    private static func wins(_ left: AddressSetRow, _ right: AddressSetRow) -> Bool {
        if left.isGenerated != right.isGenerated { return right.isGenerated }
        return left.addresses.lexicographicallyPrecedes(right.addresses)
    }
}

extension Dictionary where Value: SetAlgebra {
    /// Removes an element, and the key with the last one.
    fileprivate mutating func remove(_ element: Value.Element, from key: Key) {
        self[key]?.remove(element)
        if self[key]?.isEmpty == true { self[key] = nil }
    }
}

extension MulticastKeyRow {
    var name: MulticastKey {
        MulticastKey(datapath: address.datapath, group: .address(address.address))
    }
}

extension MulticastMember {
    var key: MulticastKey { MulticastKey(datapath: datapath, group: group) }
}

// Port groups. The Southbound database has one row per group and datapath, named
// `<datapath key>_<group>`; flows say `@group`. So a group here is the union of its rows, as pairs of
// datapath and port.

struct PortGroupRegistry {
    /// One Southbound row.
    private struct Row {
        let group: String
        let datapath: UInt32
        /// The port that each member is now, if it is one of the datapath.
        var members: [String: UInt64?] = [:]
    }

    private struct Group {
        let index: UInt32
        var rows: Set<String> = []
        var users = 0
    }

    private var rows: [String: Row] = [:]
    private var groups: [String: Group] = [:]
    private var groupCount: UInt32 = 0
    private var free: [UInt32] = []
    private var table = PersistentTable<Unmanaged<PortSet>?>(vacant: nil)
    private var dirty: Set<String> = []
    /// In how many ways each port is in each group, by shard.
    private var memberships: [[UInt64: [UInt32: Int]]] = Array(
        repeating: [:], count: MembershipShard.count)
    private var shards = PersistentTable<Unmanaged<MembershipShard>?>(vacant: nil)
    private var dirtyShards: Set<UInt32> = []
    /// Ports that came or went since the last publication, by group.
    private(set) var changes: [String: Set<UInt64>] = [:]

    mutating func retain(_ group: String) {
        _ = index(group)
        groups[group]?.users += 1
    }

    mutating func release(_ group: String) {
        groups[group]?.users -= 1
        discardIfUnused(group)
    }

    private mutating func discardIfUnused(_ name: String) {
        guard let group = groups[name], group.users == 0, group.rows.isEmpty else { return }
        table.set(group.index, nil)
        free.append(group.index)
        groups[name] = nil
        dirty.remove(name)
    }

    mutating func index(_ name: String) -> UInt32 {
        if let group = groups[name] { return group.index }
        let index = free.popLast() ?? groupCount
        if index == groupCount { groupCount += 1 }
        table.ensure(index)
        groups[name] = Group(index: index)
        return index
    }

    // MARK: Edits

    /// Datapath and group of a Southbound name.
    private static func split(_ name: String) -> (datapath: UInt32, group: String)? {
        guard let place = name.firstIndex(of: "_"), let key = UInt32(name[..<place]) else {
            return nil
        }
        return (key, String(name[name.index(after: place)...]))
    }

    mutating func update(
        _ name: String, adding added: some Sequence<String>,
        removing removed: some Sequence<String>, _ registry: NameRegistry
    ) {
        guard let (datapath, group) = Self.split(name) else { return }
        if rows[name] == nil { rows[name] = Row(group: group, datapath: datapath) }
        _ = index(group)
        groups[group]?.rows.insert(name)
        for member in removed {
            if let pair = rows[name]?.members.removeValue(forKey: member) {
                note(group, from: pair, to: nil)
            }
        }
        for member in added where rows[name]?.members[member] == nil {
            rows[name]?.members[member] = .some(nil)
            refresh(name, member, registry)
        }
    }

    mutating func remove(_ name: String) {
        guard let row = rows.removeValue(forKey: name) else { return }
        groups[row.group]?.rows.remove(name)
        for pair in row.members.values { note(row.group, from: pair, to: nil) }
        discardIfUnused(row.group)
    }

    func members(_ name: String) -> [String] { rows[name].map { Array($0.members.keys) } ?? [] }

    /// Takes a member's port as it is now.
    mutating func refresh(_ name: String, _ member: String, _ registry: NameRegistry) {
        guard let row = rows[name], let old = row.members[member] else { return }
        let port = registry.index(of: member).flatMap { registry.names[Int($0)]?.port }
        let pair = port.flatMap {
            $0.datapath.value == row.datapath ? PortSet.pair(row.datapath, $0.key) : nil
        }
        guard pair != old else { return }
        rows[name]?.members[member] = .some(pair)
        note(row.group, from: old, to: pair)
    }

    private mutating func note(_ group: String, from old: UInt64?, to new: UInt64?) {
        guard let index = groups[group]?.index, old != new else { return }
        if let old { count(old, index, -1) }
        if let new { count(new, index, 1) }
        changes[group, default: []].formUnion([old, new].compactMap(\.self))
        dirty.insert(group)
    }

    private mutating func count(_ pair: UInt64, _ group: UInt32, _ change: Int) {
        let shard = MembershipShard.index(pair)
        dirtyShards.insert(shard)
        var counts = memberships[Int(shard)][pair] ?? [:]
        let count = (counts[group] ?? 0) + change
        counts[group] = count == 0 ? nil : count
        memberships[Int(shard)][pair] = counts.isEmpty ? nil : counts
    }

    // MARK: Publication

    mutating func publish() -> PublishedTable<Unmanaged<PortSet>?> {
        for name in dirty.sorted() {
            guard let group = groups[name] else { continue }
            let pairs = group.rows.reduce(into: Set<UInt64>()) { pairs, row in
                pairs.formUnion((rows[row]?.members ?? [:]).values.compactMap(\.self))
            }
            let set = PortSet(pairs)
            table.set(group.index, Unmanaged.passUnretained(set), owner: set)
        }
        dirty = []
        changes = [:]
        return table.publish()
    }

    mutating func publishMemberships() -> PublishedTable<Unmanaged<MembershipShard>?> {
        shards.ensure(UInt32(MembershipShard.count - 1))
        for index in dirtyShards {
            let members = memberships[Int(index)].mapValues { $0.keys.sorted() }
            let shard = members.isEmpty ? nil : MembershipShard(members)
            shards.set(index, shard.map(Unmanaged.passUnretained), owner: shard)
        }
        dirtyShards = []
        return shards.publish()
    }
}

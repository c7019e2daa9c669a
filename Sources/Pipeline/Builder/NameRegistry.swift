import LogicalFlow

// Everything that flows call by name: ports and multicast groups, address sets, port groups; and the
// masks of tuples. Each has a small index, which compiled forms use.
//
// Names live as long as somebody uses them: a port or group that has the name, a match or a program that
// mentions it. Indexes are given to others only after the snapshot in which they were last used.

final class NameRegistry {
    struct Name {
        let text: String
        /// Reasons to keep the name.
        var users = 1
        var port: PortRecord?
        /// Keys of the multicast groups of this name, by datapath.
        var groups: [UInt32: UInt32] = [:]
        /// The port groups that name it, by their Southbound names.
        var memberships: Set<String> = []
    }

    private(set) var names: [Name?] = []
    private var indexes: [String: UInt32] = [:]
    private var free: [UInt32] = []
    private var released: [UInt32] = []
    private var entries = PersistentTable<NameEntry>(vacant: .unknown)
    private var masks = MaskTable()
    private(set) var sets = AddressSetRegistry()
    private(set) var groups = PortGroupRegistry()
    /// Names whose meaning changed since the last publication.
    private(set) var changedNames: Set<UInt32> = []

    // MARK: Masks

    func maskIndex(_ mask: TupleMask) -> MaskIndex { masks.index(of: mask) }
    func mask(_ index: MaskIndex) -> TupleMask { masks[index] }

    // MARK: Lifetime

    /// The index of a name, which the caller gives back with `release`.
    func retain(_ text: String) -> UInt32 {
        if let index = indexes[text] {
            names[Int(index)]?.users += 1
            return index
        }
        let index = free.popLast() ?? UInt32(names.count)
        if index == names.count { names.append(nil) }
        names[Int(index)] = Name(text: text)
        indexes[text] = index
        entries.ensure(index)
        return index
    }

    func release(_ index: UInt32) {
        names[Int(index)]?.users -= 1
        if names[Int(index)]?.users == 0 { released.append(index) }
    }

    func index(of text: String) -> UInt32? { indexes[text] }

    /// Names in use, for tests of proportion.
    var count: Int { indexes.count }

    /// Forgets what nobody uses any more. The indexes may be given out again from now on.
    func collect() {
        for index in released {
            guard let name = names[Int(index)], name.users == 0 else { continue }
            indexes[name.text] = nil
            names[Int(index)] = nil
            free.append(index)
        }
        released = []
    }

    // MARK: Meaning

    /// Changes what a name stands for, then what depends on that.
    func update(_ index: UInt32, _ change: (inout Name) -> Void) {
        guard var name = names[Int(index)] else { return }
        names[Int(index)] = nil
        change(&name)
        names[Int(index)] = name
        changedNames.insert(index)
        for group in name.memberships { groups.refresh(group, name.text, self) }
    }

    /// Notes that a port group names this name, or doesn't any more.
    func setMembership(_ index: UInt32, of group: String, _ isMember: Bool) {
        if isMember {
            names[Int(index)]?.memberships.insert(group)
        } else {
            names[Int(index)]?.memberships.remove(group)
        }
    }

    func publishNames() -> PublishedTable<NameEntry> {
        for index in changedNames.sorted() {
            let name = names[Int(index)]
            let map = name.flatMap { $0.groups.isEmpty ? nil : PortMap($0.groups) }
            entries.set(
                index,
                NameEntry(
                    datapath: name?.port?.datapath.value ?? 0, portKey: name?.port?.key ?? 0,
                    groups: map.map(Unmanaged.passUnretained)),
                owner: map)
        }
        changedNames = []
        return entries.publish()
    }

    func withSets<Result>(_ body: (inout AddressSetRegistry) -> Result) -> Result { body(&sets) }

    func withGroups<Result>(_ body: (inout PortGroupRegistry) -> Result) -> Result {
        body(&groups)
    }
}

// MARK: - For the match compiler

extension NameRegistry {
    func isKnownPort(_ text: String) -> Bool {
        guard let name = name(text) else { return false }
        return name.port != nil || !name.groups.isEmpty
    }

    /// The only datapath and key that a name has; nil if it has several or none.
    func uniquePort(named text: String) -> (datapath: UInt32, key: UInt32)? {
        guard let name = name(text) else { return nil }
        if let port = name.port {
            return name.groups.isEmpty ? (port.datapath.value, port.key) : nil
        }
        guard name.groups.count == 1, let group = name.groups.first else { return nil }
        return (group.key, group.value)
    }

    func isResident(_ text: String) -> Bool { name(text)?.port?.isResident ?? false }

    func hasAddressSet(_ name: String) -> Bool { sets.exists(name) }

    /// The index of a name that somebody has retained.
    func nameIndex(_ text: String) -> UInt32 {
        guard let index = indexes[text] else { preconditionFailure("name not retained") }
        return index
    }

    func addressSetIndex(_ name: String, width: Int) -> UInt32 { sets.index(name, width: width) }

    func portGroupIndex(_ name: String) -> UInt32 { groups.index(name) }

    private func name(_ text: String) -> Name? { indexes[text].flatMap { names[Int($0)] } }

    /// What a match depends on of a name: if this stays, the compiled match stays.
    func signature(of index: UInt32) -> NameSignature {
        guard let name = names[Int(index)] else { return NameSignature() }
        let unique = uniquePort(named: name.text)
        return NameSignature(
            isKnown: isKnownPort(name.text), datapath: unique?.datapath, key: unique?.key,
            isResident: isResident(name.text))
    }
}

struct NameSignature: Equatable {
    var isKnown = false
    var datapath: UInt32?
    var key: UInt32?
    var isResident = false

    /// The name stands for something that differs between datapaths, which lookups resolve.
    var isResolvedLate: Bool { isKnown && datapath == nil }
}

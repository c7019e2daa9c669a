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
        /// When the port or the groups became others.
        var meaningTime: UInt64 = 0
        /// When the port came to this chassis or left it.
        var residencyTime: UInt64 = 0
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
    /// Counts changes of what names mean.
    private(set) var time: UInt64 = 0

    // MARK: Masks

    /// The mask as a list of one.
    func maskList(_ mask: TupleMask) -> [SharedMask] { masks.list(of: mask) }
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
        let old = name.signature
        change(&name)
        stamp(&name, old)
        names[Int(index)] = name
        changedNames.insert(index)
        for group in name.memberships { groups.refresh(group, name.text, self) }
    }

    private func stamp(_ name: inout Name, _ old: NameSignature) {
        let new = name.signature
        guard new != old else { return }
        time += 1
        if new.isResident != old.isResident { name.residencyTime = time }
        var other = new
        other.isResident = old.isResident
        if other != old { name.meaningTime = time }
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
    func isKnownPort(_ text: String) -> Bool { name(text)?.isKnown ?? false }

    /// The only datapath and key that a name has; nil if it has several or none.
    func uniquePort(named text: String) -> (datapath: UInt32, key: UInt32)? {
        name(text)?.unique
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

    func signature(of index: UInt32) -> NameSignature {
        names[Int(index)]?.signature ?? NameSignature()
    }

    /// Whether what a match uses of a name has become another since `time`.
    func hasChanged(_ use: NameUse, since time: UInt64) -> Bool {
        guard let name = names[Int(use.index)] else { return false }
        return use.aspects.contains(.meaning) && name.meaningTime > time
            || use.aspects.contains(.residency) && name.residencyTime > time
    }
}

/// What a match uses of a name.
struct NameUse {
    struct Aspects: OptionSet {
        let rawValue: UInt8

        /// The port or multicast group of this name.
        static let meaning = Aspects(rawValue: 1)
        /// Whether the port is on this chassis.
        static let residency = Aspects(rawValue: 2)
    }

    let index: UInt32
    let aspects: Aspects
}

extension NameRegistry.Name {
    var isKnown: Bool { port != nil || !groups.isEmpty }

    /// The only datapath and key; nil if there are several or none.
    var unique: (datapath: UInt32, key: UInt32)? {
        if let port { return groups.isEmpty ? (port.datapath.value, port.key) : nil }
        guard groups.count == 1, let group = groups.first else { return nil }
        return (group.key, group.value)
    }

    /// What a match can depend on: if this stays, the compiled match stays.
    var signature: NameSignature {
        NameSignature(
            isKnown: isKnown, datapath: unique?.datapath, key: unique?.key,
            isResident: port?.isResident ?? false)
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

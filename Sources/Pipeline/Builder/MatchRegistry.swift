import LogicalFlow

// Matches by text, each parsed and compiled once, and which of them depend on which names.

/// What decides the meaning of a match, names aside.
struct MatchText: Hashable {
    let text: String
    /// What the flow's actions demand.
    let prerequisites: [Symbol]
    let translatesTransport: Bool
}

final class MatchRegistry {
    final class Entry {
        let text: MatchText
        /// Kept only if it mentions names, as it is compiled once otherwise.
        private(set) var condition: Condition
        fileprivate let names: [(index: UInt32, text: String)]
        fileprivate let sets: [String]
        fileprivate let groups: [String]
        /// What the names meant when the match was compiled.
        fileprivate var signatures: [NameSignature] = []
        /// Flows that have this match.
        private(set) var rules = UserSet()
        private(set) var compiled = CompiledMatch.never

        fileprivate init(_ text: MatchText, _ condition: Condition, _ registry: NameRegistry) {
            self.text = text
            self.condition = condition
            let mentions = condition.mentions
            names = mentions.names.sorted().map { (registry.retain($0), $0) }
            sets = mentions.sets.sorted()
            groups = mentions.groups.sorted()
            for name in sets { registry.withSets { $0.retain(name) } }
            for name in groups { registry.withGroups { $0.retain(name) } }
        }

        func use(by rule: UInt32) { rules.insert(rule) }

        func compile(_ registry: NameRegistry) {
            signatures = names.map { registry.signature(of: $0.index) }
            compiled = MatchCompiler(names: registry).compile(condition)
            if !dependsOnNames { condition = .always }
        }

        fileprivate var dependsOnNames: Bool {
            !(names.isEmpty && sets.isEmpty && groups.isEmpty)
        }

        fileprivate func endUse(by rule: UInt32) { rules.remove(rule) }

        fileprivate func isOutdated(_ registry: NameRegistry) -> Bool {
            signatures != names.map { registry.signature(of: $0.index) }
        }

        fileprivate func release(_ registry: NameRegistry) {
            for name in names { registry.release(name.index) }
            for name in sets { registry.withSets { $0.release(name) } }
            for name in groups { registry.withGroups { $0.release(name) } }
        }
    }

    private var entries: [MatchText: Entry] = [:]
    private var byName: [UInt32: Set<ObjectIdentifier>] = [:]
    private var bySet: [String: Set<ObjectIdentifier>] = [:]
    private var byGroup: [String: Set<ObjectIdentifier>] = [:]
    private var byIdentity: [ObjectIdentifier: Entry] = [:]

    /// Matches in use, for tests of proportion.
    var count: Int { entries.count }

    var storedWords: Int { entries.values.reduce(0) { $0 + $1.compiled.storedWords } }

    /// The match of a text, without a user yet.
    func retain(_ text: MatchText, _ names: NameRegistry) throws(LanguageError) -> Entry {
        if let entry = entries[text] { return entry }
        let table: SymbolTable = text.translatesTransport ? .connectionTracking : .standard
        let match = try Match(parsing: text.text, table: table)
        let condition = Condition(match, table: table, prerequisites: text.prerequisites)
        let entry = Entry(text, condition.simplified(), names)
        entries[text] = entry
        let identity = ObjectIdentifier(entry)
        if entry.dependsOnNames { byIdentity[identity] = entry }
        for name in entry.names { byName[name.index, default: []].insert(identity) }
        for name in entry.sets { bySet[name, default: []].insert(identity) }
        for name in entry.groups { byGroup[name, default: []].insert(identity) }
        entry.compile(names)
        return entry
    }

    /// Ends a flow's use of a match; the last one ends the match.
    func release(_ entry: Entry, by rule: UInt32, _ names: NameRegistry) {
        entry.endUse(by: rule)
        guard entry.rules.isEmpty else { return }
        let identity = ObjectIdentifier(entry)
        entries[entry.text] = nil
        byIdentity[identity] = nil
        for name in entry.names { byName.remove(identity, under: name.index) }
        for name in entry.sets { bySet.remove(identity, under: name) }
        for name in entry.groups { byGroup.remove(identity, under: name) }
        entry.release(names)
    }

    // MARK: Changes

    /// Matches to be compiled again, because a name means something else or a set came or went.
    func takeAffected(_ names: NameRegistry) -> [Entry] {
        var identities = Set<ObjectIdentifier>()
        for name in names.changedNames { identities.formUnion(byName[name] ?? []) }
        var affected = identities.compactMap { byIdentity[$0] }.filter { $0.isOutdated(names) }
        let known = Set(affected.map(ObjectIdentifier.init))
        for name in names.sets.appearances {
            for identity in bySet[name] ?? [] where !known.contains(identity) {
                if let entry = byIdentity[identity] { affected.append(entry) }
            }
        }
        return affected.sorted { $0.text.text < $1.text.text }
    }

    /// Matches that stay as they are but look into tables that change, and which values see it; nil for
    /// any.
    func touched(_ names: NameRegistry) -> [(entry: Entry, narrowing: [Narrowing]?)] {
        var narrowings: [ObjectIdentifier: [Narrowing]] = [:]
        var open = Set<ObjectIdentifier>()
        for (name, changed) in names.sets.changes {
            for identity in bySet[name] ?? [] {
                narrowings[identity, default: []] +=
                    byIdentity[identity]?.condition.narrowings(addressSet: name, changed) ?? []
            }
        }
        for (name, changed) in names.groups.changes {
            for identity in byGroup[name] ?? [] {
                narrowings[identity, default: []] +=
                    byIdentity[identity]?.condition.narrowings(portGroup: name, changed) ?? []
            }
        }
        for name in names.changedNames where names.signature(of: name).isResolvedLate {
            open.formUnion(byName[name] ?? [])
        }
        let all = open.union(narrowings.keys)
        return all.compactMap { identity in
            byIdentity[identity].map {
                ($0, open.contains(identity) ? nil : narrowings[identity])
            }
        }
    }
}

/// A set of rules that is mostly one.
struct UserSet: Sequence {
    private var first: UInt32?
    private var others: Set<UInt32> = []

    var isEmpty: Bool { first == nil }

    mutating func insert(_ rule: UInt32) {
        if first == nil { first = rule } else if first != rule { others.insert(rule) }
    }

    mutating func remove(_ rule: UInt32) {
        if first == rule { first = others.popFirst() } else { others.remove(rule) }
    }

    func makeIterator() -> AnyIterator<UInt32> {
        var next = first
        var rest = others.makeIterator()
        return AnyIterator {
            defer { next = rest.next() }
            return next
        }
    }
}

extension Dictionary where Value == Set<ObjectIdentifier> {
    fileprivate mutating func remove(_ identity: ObjectIdentifier, under key: Key) {
        self[key]?.remove(identity)
        if self[key]?.isEmpty == true { self[key] = nil }
    }
}

// MARK: - Names in conditions

/// The names that a condition mentions.
struct Mentions {
    /// Ports, multicast groups, ports whose residency matters.
    var names: Set<String> = []
    var sets: Set<String> = []
    var groups: Set<String> = []
}

extension Condition {
    var mentions: Mentions {
        var mentions = Mentions()
        collect(into: &mentions)
        return mentions
    }

    private func collect(into mentions: inout Mentions) {
        switch self {
        case .constant, .bits: break
        case .port(_, let name), .isChassisResident(let name, _): mentions.names.insert(name)
        case .portGroup(_, let name): mentions.groups.insert(name)
        case .addressSet(_, let name, _): mentions.sets.insert(name)
        case .and(let parts), .or(let parts):
            for part in parts { part.collect(into: &mentions) }
        }
    }

    /// The leaves, in order.
    private func forEachLeaf(_ body: (Condition) -> Void) {
        switch self {
        case .and(let parts), .or(let parts): for part in parts { part.forEachLeaf(body) }
        default: body(self)
        }
    }

    /// The packets for which changed members of an address set can matter.
    func narrowings(addressSet name: String, _ changed: Set<Number>) -> [Narrowing] {
        var result: [Narrowing] = []
        forEachLeaf { leaf in
            guard case .addressSet(let storage, name, _) = leaf, let span = KeySpan(storage)
            else { return }
            let full = UInt128.ones(storage.width)
            let members = changed.filter { $0.width <= storage.width }.map {
                Narrowing.Member(value: $0.value, mask: $0.mask ?? full)
            }
            result.append(Narrowing(span: span, members: members))
        }
        return result
    }

    /// The packets for which changed members of a port group can matter.
    func narrowings(portGroup name: String, _ changed: Set<UInt64>) -> [Narrowing] {
        var result: [Narrowing] = []
        forEachLeaf { leaf in
            guard case .portGroup(let storage, name) = leaf, let span = KeySpan(storage) else {
                return
            }
            let keys = Set(changed.map { UInt32(truncatingIfNeeded: $0) })
            let members = keys.map {
                Narrowing.Member(value: UInt128($0), mask: 0xffff_ffff)
            }
            result.append(Narrowing(span: span, members: members))
        }
        return result
    }
}

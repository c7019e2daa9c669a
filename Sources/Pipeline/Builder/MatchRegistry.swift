import LogicalFlow

// Matches by text, each parsed and compiled once, and which of them depend on which names.

/// What decides the meaning of a match, names aside.
struct MatchText: Hashable {
    let text: String
    /// What the flow's actions demand.
    let prerequisites: [Symbol]
    let translatesTransport: Bool

    func condition(_ shapes: inout MatchShapes) throws(LanguageError) -> Condition {
        try shapes.condition(
            text, table: translatesTransport ? .connectionTracking : .standard,
            prerequisites: prerequisites)
    }
}

final class MatchRegistry {
    final class Entry {
        let text: MatchText
        fileprivate let dependence: Dependence
        /// The place among the matches.
        fileprivate let place: UInt32
        /// Flows that have this match.
        private(set) var rules = UserSet()
        private(set) var compiled = CompiledMatch.never
        /// When it was compiled, as names count it.
        private var time: UInt64 = 0

        fileprivate init(
            _ text: MatchText, _ condition: Condition, _ place: UInt32, _ registry: NameRegistry
        ) {
            self.text = MatchText(
                text: text.text.standingAlone, prerequisites: text.prerequisites,
                translatesTransport: text.translatesTransport)
            self.place = place
            dependence = Dependence(condition, registry)
            for name in dependence.sets { registry.withSets { $0.retain(name) } }
            for name in dependence.groups { registry.withGroups { $0.retain(name) } }
            compile(registry, condition)
        }

        func use(by rule: UInt32) { rules.insert(rule) }

        /// Compiles it for what the names mean now. Most matches never are compiled again: the text is
        /// read once more then.
        fileprivate func compile(_ registry: NameRegistry, _ shapes: inout MatchShapes) {
            compile(registry, dependence.condition ?? (try? text.condition(&shapes)) ?? .never)
        }

        private func compile(_ registry: NameRegistry, _ condition: Condition) {
            time = registry.time
            compiled = MatchCompiler(names: registry).compile(condition)
        }

        fileprivate func endUse(by rule: UInt32) { rules.remove(rule) }

        fileprivate func isOutdated(_ registry: NameRegistry) -> Bool {
            dependence.names.contains { registry.hasChanged($0, since: time) }
        }

        fileprivate func release(_ registry: NameRegistry) {
            for name in dependence.names { registry.release(name.index) }
            for name in dependence.sets { registry.withSets { $0.release(name) } }
            for name in dependence.groups { registry.withGroups { $0.release(name) } }
        }
    }

    private var shapes = MatchShapes()
    private var entries: [Entry?] = []
    private var free: [UInt32] = []
    private var index = HashIndex()
    /// Places of matches by what they mention.
    private var byName: [UInt32: Set<UInt32>] = [:]
    private var bySet: [String: Set<UInt32>] = [:]
    private var byGroup: [String: Set<UInt32>] = [:]

    /// Matches in use, for tests of proportion.
    var count: Int { index.count }

    var storedWords: Int { entries.reduce(0) { $0 + ($1?.compiled.storedWords ?? 0) } }

    /// The match of a text, without a user yet.
    func retain(_ text: MatchText, _ names: NameRegistry) throws(LanguageError) -> Entry {
        let hash = text.indexHash
        let known = index.first(hash) { entries[Int($0)]?.text == text }
        if let known, let entry = entries[Int(known)] { return entry }
        let condition = try text.condition(&shapes)
        let place = free.popLast() ?? UInt32(entries.count)
        if place == entries.count { entries.append(nil) }
        let entry = Entry(text, condition, place, names)
        entries[Int(place)] = entry
        index.insert(place, hash)
        for name in entry.dependence.names { byName[name.index, default: []].insert(place) }
        for name in entry.dependence.sets { bySet[name, default: []].insert(place) }
        for name in entry.dependence.groups { byGroup[name, default: []].insert(place) }
        return entry
    }

    /// Compiles a match again, for what the names mean now.
    func recompile(_ entry: Entry, _ names: NameRegistry) { entry.compile(names, &shapes) }

    /// Ends a flow's use of a match; the last one ends the match.
    func release(_ entry: Entry, by rule: UInt32, _ names: NameRegistry) {
        entry.endUse(by: rule)
        guard entry.rules.isEmpty else { return }
        let place = entry.place
        index.remove(place, entry.text.indexHash)
        entries[Int(place)] = nil
        free.append(place)
        for name in entry.dependence.names { byName.remove(place, under: name.index) }
        for name in entry.dependence.sets { bySet.remove(place, under: name) }
        for name in entry.dependence.groups { byGroup.remove(place, under: name) }
        entry.release(names)
    }

    // MARK: Changes

    /// Matches to be compiled again, because a name means something else or a set came or went.
    func takeAffected(_ names: NameRegistry) -> [Entry] {
        var places = Set<UInt32>()
        for name in names.changedNames {
            for place in byName[name] ?? [] where entries[Int(place)]?.isOutdated(names) == true {
                places.insert(place)
            }
        }
        for name in names.sets.appearances { places.formUnion(bySet[name] ?? []) }
        return places.compactMap { entries[Int($0)] }.sorted { $0.text.text < $1.text.text }
    }

    /// Matches that stay as they are but look into tables that change, and which values see it; nil for
    /// any.
    func touched(_ names: NameRegistry) -> [(entry: Entry, narrowing: [Narrowing]?)] {
        var narrowings: [UInt32: [Narrowing]] = [:]
        var open = Set<UInt32>()
        for (name, changed) in names.sets.changes {
            for place in bySet[name] ?? [] {
                narrowings[place, default: []] +=
                    condition(at: place)?.narrowings(addressSet: name, changed) ?? []
            }
        }
        for (name, changed) in names.groups.changes {
            for place in byGroup[name] ?? [] {
                narrowings[place, default: []] +=
                    condition(at: place)?.narrowings(portGroup: name, changed) ?? []
            }
        }
        for name in names.changedNames where names.signature(of: name).isResolvedLate {
            open.formUnion(byName[name] ?? [])
        }
        let all = open.union(narrowings.keys)
        return all.compactMap { place in
            entries[Int(place)].map { ($0, open.contains(place) ? nil : narrowings[place]) }
        }
    }

    private func condition(at place: UInt32) -> Condition? {
        entries[Int(place)]?.dependence.condition
    }
}

/// What a match mentions. Most mention one name or nothing.
private enum Dependence {
    case nothing
    case name(NameUse)
    case several(Several)

    final class Several {
        let names: [NameUse]
        let sets: [String]
        let groups: [String]
        /// Kept if sets or groups are mentioned: their changes are looked up in it.
        let condition: Condition?

        init(_ names: [NameUse], _ mentions: Mentions, _ condition: Condition) {
            self.names = names
            sets = mentions.sets.sorted()
            groups = mentions.groups.sorted()
            self.condition = sets.isEmpty && groups.isEmpty ? nil : condition
        }
    }

    /// The names are retained.
    init(_ condition: Condition, _ registry: NameRegistry) {
        switch condition.soleMention {
        case .nothing: self = .nothing
        case .name(let name, let aspects):
            self = .name(NameUse(index: registry.retain(name), aspects: aspects))
        case .more: self.init(several: condition, registry)
        }
    }

    private init(several condition: Condition, _ registry: NameRegistry) {
        let mentions = condition.mentions
        let names = mentions.names.sorted { $0.key < $1.key }.map {
            NameUse(index: registry.retain($0.key), aspects: $0.value)
        }
        self = .several(Several(names, mentions, condition))
    }

    private var several: Several? {
        if case .several(let several) = self { several } else { nil }
    }

    var names: [NameUse] {
        switch self {
        case .nothing: []
        case .name(let name): [name]
        case .several(let several): several.names
        }
    }

    var sets: [String] { several?.sets ?? [] }
    var groups: [String] { several?.groups ?? [] }
    var condition: Condition? { several?.condition }
}

extension String {
    /// The same text in memory of its own. A text of a row was allocated among the other parts of the
    /// rows that came with it; kept as it is, it would keep the pages that they leave.
    var standingAlone: String {
        var text = self
        return text.withUTF8 { String(decoding: $0, as: UTF8.self) }
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

extension Dictionary where Value == Set<UInt32> {
    fileprivate mutating func remove(_ place: UInt32, under key: Key) {
        self[key]?.remove(place)
        if self[key]?.isEmpty == true { self[key] = nil }
    }
}

// MARK: - Names in conditions

/// The names that a condition mentions.
struct Mentions {
    /// Ports, multicast groups, ports whose residency matters.
    var names: [String: NameUse.Aspects] = [:]
    var sets: Set<String> = []
    var groups: Set<String> = []
}

/// What a condition mentions if that is no more than one name.
private enum SoleMention {
    case nothing
    case name(String, NameUse.Aspects)
    case more

    mutating func add(_ other: SoleMention) {
        switch (self, other) {
        case (_, .nothing): break
        case (.nothing, _): self = other
        case (.name(let name, let aspects), .name(let other, let others)) where name == other:
            self = .name(name, aspects.union(others))
        default: self = .more
        }
    }
}

extension Condition {
    fileprivate var soleMention: SoleMention {
        switch self {
        case .constant, .bits: return .nothing
        case .port(_, let name): return .name(name, .meaning)
        case .isChassisResident(let name, _): return .name(name, .residency)
        case .portGroup, .addressSet: return .more
        case .and(let parts), .or(let parts):
            var result = SoleMention.nothing
            for part in parts { result.add(part.soleMention) }
            return result
        }
    }

    var mentions: Mentions {
        var mentions = Mentions()
        collect(into: &mentions)
        return mentions
    }

    private func collect(into mentions: inout Mentions) {
        switch self {
        case .constant, .bits: break
        case .port(_, let name): mentions.names[name, default: []].insert(.meaning)
        case .isChassisResident(let name, _):
            mentions.names[name, default: []].insert(.residency)
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

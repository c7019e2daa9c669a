// Datapaths, their groups, and the tables of flows of each.

struct ScopeRegistry {
    fileprivate typealias StageTables = [MaskIndex: Subtable]

    fileprivate struct Scope {
        let key: FlowRecord.Scope
        var stages: [Stage: StageTables] = [:]
        var table = ScopeTable.empty
        var pending: [Stage: [MaskIndex: Pending]] = [:]
        /// Flows, and for a group its existence.
        var users = 0
    }

    /// What is to be done to one table.
    fileprivate struct Pending {
        private(set) var removed: Set<UInt32> = []
        /// As they came, those included that were taken back.
        private var members: [SubtableMember] = []
        /// By flow and alternative: how many had come before it was taken back last.
        private var takenBack: [UInt64: Int] = [:]

        mutating func add(_ member: SubtableMember) { members.append(member) }

        mutating func remove(_ rule: UInt32, alternative: Int) {
            removed.insert(rule)
            if !members.isEmpty { takenBack[Self.key(rule, alternative)] = members.count }
        }

        private static func key(_ rule: UInt32, _ alternative: Int) -> UInt64 {
            UInt64(rule) << 32 | UInt64(alternative)
        }

        var added: [SubtableMember] {
            if takenBack.isEmpty { return members }
            return members.indices.compactMap { place in
                let member = members[place]
                let end = takenBack[Self.key(member.rule, member.alternative)] ?? 0
                return place < end ? nil : member
            }
        }
    }

    private struct Datapath {
        let index: UInt32
        var own: UInt32?
        var groups: Set<UInt32> = []

        var isEmpty: Bool { own == nil && groups.isEmpty }
    }

    private var scopes: [Scope?] = []
    private var indexes: [FlowRecord.Scope: UInt32] = [:]
    private var freeScopes: [UInt32] = []
    private var releasedScopes: [UInt32] = []
    private var members: [RowIdentifier: Set<DatapathKey>] = [:]
    private var datapaths: [DatapathKey: Datapath] = [:]
    private var datapathCount: UInt32 = 0
    private var freeDatapaths: [UInt32] = []
    private var releasedDatapaths: [UInt32] = []
    private var dirtyScopes: Set<UInt32> = []
    private var dirtyDatapaths: Set<DatapathKey> = []
    /// Places of datapaths whose groups changed since the last publication.
    private(set) var changedDatapaths: Set<UInt32> = []
    private var scopeTable = PersistentTable<ScopeView>(vacant: ScopeTable.empty.view)
    private var datapathTable = PersistentTable<Unmanaged<ScopeList>?>(vacant: nil)
    private var published: PortMap?

    // MARK: Scopes

    mutating func index(of key: FlowRecord.Scope) -> UInt32 {
        if let index = indexes[key] { return index }
        let index = freeScopes.popLast() ?? UInt32(scopes.count)
        if index == scopes.count { scopes.append(nil) }
        scopes[Int(index)] = Scope(key: key)
        scopeTable.ensure(index)
        indexes[key] = index
        switch key {
        case .datapath(let datapath): update(datapath) { $0.own = index }
        case .group(let id):
            for datapath in members[id] ?? [] { update(datapath) { $0.groups.insert(index) } }
        }
        return index
    }

    private mutating func discardIfUnused(_ index: UInt32) {
        guard let scope = scopes[Int(index)], scope.users == 0 else { return }
        switch scope.key {
        case .datapath(let datapath): update(datapath) { $0.own = nil }
        case .group(let id):
            for datapath in members[id] ?? [] { update(datapath) { $0.groups.remove(index) } }
        }
        indexes[scope.key] = nil
        scopes[Int(index)] = nil
        dirtyScopes.remove(index)
        scopeTable.set(index, ScopeTable.empty.view)
        releasedScopes.append(index)
    }

    private mutating func update(_ key: DatapathKey, _ change: (inout Datapath) -> Void) {
        if datapaths[key] == nil {
            let index = freeDatapaths.popLast() ?? datapathCount
            if index == datapathCount { datapathCount += 1 }
            datapaths[key] = Datapath(index: index)
            published = nil
        }
        guard var datapath = datapaths[key] else { return }
        change(&datapath)
        datapaths[key] = datapath
        dirtyDatapaths.insert(key)
        changedDatapaths.insert(datapath.index)
    }

    // MARK: Groups

    mutating func setGroup(_ id: RowIdentifier, _ new: Set<DatapathKey>) {
        let old = members[id] ?? []
        guard old != new else { return }
        members[id] = new.isEmpty ? nil : new
        guard let index = indexes[.group(id)] else { return }
        for datapath in old.subtracting(new) { update(datapath) { $0.groups.remove(index) } }
        for datapath in new.subtracting(old) { update(datapath) { $0.groups.insert(index) } }
    }

    // MARK: Flows

    mutating func add(_ rule: InstalledRule, _ match: CompiledMatch) {
        match.forEachAlternative { place, mask, values in
            let member = SubtableMember(
                rule: rule.index, rank: rule.rank, match: match, alternative: place,
                values: values)
            scopes[Int(rule.scope)]?.pending[rule.stage, default: [:]][
                mask.index, default: Pending()
            ].add(member)
        }
        dirtyScopes.insert(rule.scope)
    }

    /// Takes a flow out of the tables in which its match put it.
    mutating func remove(_ rule: InstalledRule, _ match: CompiledMatch) {
        match.forEachAlternative { place, mask, _ in
            scopes[Int(rule.scope)]?.pending[rule.stage, default: [:]][
                mask.index, default: Pending()
            ].remove(rule.index, alternative: place)
        }
        dirtyScopes.insert(rule.scope)
    }
}

// MARK: - Users

extension ScopeRegistry {
    mutating func retain(_ scope: UInt32) { scopes[Int(scope)]?.users += 1 }

    mutating func release(_ scope: UInt32) { scopes[Int(scope)]?.users -= 1 }

    mutating func remove(_ rule: InstalledRule) {
        remove(rule, rule.match.compiled)
        release(rule.scope)
    }
}

extension ScopeRegistry {
    var statistics: PipelineStatistics {
        var statistics = PipelineStatistics()
        for scope in scopes {
            for tables in (scope?.stages ?? [:]).values {
                for table in tables.values {
                    statistics.tables += 1
                    statistics.entries += table.entryCount
                    statistics.candidates += table.candidateCount
                }
            }
        }
        return statistics
    }
}

// MARK: - Publication

extension ScopeRegistry {
    /// Rebuilds the tables that changed.
    mutating func rebuild(_ names: NameRegistry) {
        for index in dirtyScopes.sorted() {
            guard var scope = scopes[Int(index)] else { continue }
            scopes[Int(index)] = nil
            let changed = scope.rebuild(names)
            let isUsed = scope.users > 0
            if isUsed, !changed.isEmpty {
                scope.table = scope.renewed(changed)
                scopeTable.set(index, scope.table.view, owner: scope.table)
            }
            scopes[Int(index)] = scope
            if !isUsed { discardIfUnused(index) }
        }
        dirtyScopes = []
    }

    mutating func publishScopes() -> PublishedTable<ScopeView> { scopeTable.publish() }

    mutating func publishDatapaths() -> PublishedTable<Unmanaged<ScopeList>?> {
        for key in dirtyDatapaths.sorted() {
            guard let datapath = datapaths[key] else { continue }
            if datapath.isEmpty {
                datapathTable.set(datapath.index, nil)
                datapaths[key] = nil
                releasedDatapaths.append(datapath.index)
                published = nil
            } else {
                let own = datapath.own.map { [$0] } ?? []
                let list = ScopeList(own + datapath.groups.sorted(by: precedes))
                datapathTable.set(datapath.index, Unmanaged.passUnretained(list), owner: list)
            }
        }
        dirtyDatapaths = []
        changedDatapaths = []
        return datapathTable.publish()
    }

    /// Groups in the order of their identifiers.
    private func precedes(_ left: UInt32, _ right: UInt32) -> Bool {
        guard case .group(let a)? = scopes[Int(left)]?.key,
            case .group(let b)? = scopes[Int(right)]?.key
        else { return left < right }
        return a < b
    }

    /// Datapath places by key. Places given up before this may be used again after it.
    mutating func publishIndexes() -> PortMap {
        freeDatapaths += releasedDatapaths
        releasedDatapaths = []
        freeScopes += releasedScopes
        releasedScopes = []
        if let published { return published }
        let map = PortMap(
            Dictionary(uniqueKeysWithValues: datapaths.map { ($0.key.value, $0.value.index) }))
        published = map
        return map
    }
}

extension ScopeRegistry.Scope {
    /// Does what is pending; returns the stages whose tables changed.
    fileprivate mutating func rebuild(_ names: NameRegistry) -> Set<Stage> {
        let work = pending
        pending = [:]
        for (stage, masks) in work {
            var tables = stages[stage] ?? [:]
            for (mask, change) in masks {
                tables[mask] = change.applied(to: tables[mask], mask, names)
            }
            stages[stage] = tables.isEmpty ? nil : tables
        }
        return Set(work.keys)
    }

    /// A table of classifiers, with those of stages that didn't change taken over.
    fileprivate func renewed(_ changed: Set<Stage>) -> ScopeTable {
        let old = Dictionary(
            uniqueKeysWithValues: table.classifiers.map { ($0.stage, $0.classifier) })
        let list = stages.keys.sorted().map { stage in
            let kept = changed.contains(stage) ? nil : old[stage]
            return (
                stage: stage,
                classifier: kept ?? Classifier(Array((stages[stage] ?? [:]).values))
            )
        }
        return ScopeTable(list)
    }
}

extension ScopeRegistry.Pending {
    fileprivate func applied(
        to table: Subtable?, _ mask: MaskIndex, _ names: NameRegistry
    ) -> Subtable? {
        Subtable(names.mask(mask), table, removing: removed, adding: added)
    }
}

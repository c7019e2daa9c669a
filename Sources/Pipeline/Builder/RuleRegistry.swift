// The installed flows, by place and by identifier, and what is to be said about them at the next commit.

/// An installed flow.
struct InstalledRule {
    let index: UInt32
    let scope: UInt32
    let id: RowIdentifier
    let match: MatchRegistry.Entry
    let program: ProgramRegistry.Entry
    let priority: UInt16
    let stage: Stage

    var rank: Rank { Rank(priority: priority, id: id) }

    /// Keeps alive what lookups reach through the flow.
    fileprivate var owner: AnyObject {
        guard let residual = match.compiled.residual else { return program.program }
        return RuleOwner(program.program, residual)
    }
}

private final class RuleOwner {
    let program: ActionProgram
    let residual: ResidualProgram

    init(_ program: ActionProgram, _ residual: ResidualProgram) {
        self.program = program
        self.residual = residual
    }
}

struct RuleRegistry {
    private var installed: [InstalledRule?] = []
    private var places = HashIndex()
    private var free: [UInt32] = []
    private var released: [UInt32] = []
    private var table = PersistentTable<RuleEntry>(vacant: .vacant)
    private var changes = RuleChanges()

    subscript(index: UInt32) -> InstalledRule? { installed[Int(index)] }

    var count: Int { places.count }

    mutating func add(
        _ flow: FlowRecord, _ match: MatchRegistry.Entry, _ program: ProgramRegistry.Entry,
        _ scope: UInt32
    ) -> InstalledRule {
        let index = free.popLast() ?? UInt32(installed.count)
        if index == installed.count { installed.append(nil) }
        let rule = InstalledRule(
            index: index, scope: scope, id: flow.id, match: match, program: program,
            priority: flow.priority, stage: flow.stage)
        installed[Int(index)] = rule
        places.insert(index, flow.id.indexHash)
        match.use(by: index)
        changes[index] = RuleChanges.Entry(rule: rule, old: nil)
        table.set(
            index,
            RuleEntry(
                idHigh: flow.id.high, idLow: flow.id.low, priority: flow.priority,
                stage: flow.stage.index,
                program: Unmanaged.passUnretained(program.program)),
            owner: rule.owner)
        return rule
    }

    mutating func remove(_ id: RowIdentifier) -> InstalledRule? {
        let place = places.first(id.indexHash) { installed[Int($0)]?.id == id }
        guard let index = place, let rule = installed[Int(index)] else { return nil }
        places.remove(index, id.indexHash)
        installed[Int(index)] = nil
        table.set(index, .vacant)
        released.append(index)
        var change = changes[index] ?? RuleChanges.Entry(rule: rule, old: rule.match.compiled)
        change.isGone = true
        change.narrowing = nil
        changes[index] = change
        return rule
    }

    /// The flow's match was compiled again.
    mutating func note(_ rule: InstalledRule, was old: CompiledMatch) {
        table.set(rule.index, table[rule.index], owner: rule.owner)
        guard changes[rule.index] == nil else {
            changes[rule.index]?.narrowing = nil
            return
        }
        changes[rule.index] = RuleChanges.Entry(rule: rule, old: old)
    }

    /// The flows of these matches look into tables that changed.
    mutating func note(touched: [(entry: MatchRegistry.Entry, narrowing: [Narrowing]?)]) {
        for (entry, narrowing) in touched {
            for index in entry.rules where changes[index] == nil {
                guard let rule = installed[Int(index)] else { continue }
                changes[index] = RuleChanges.Entry(
                    rule: rule, old: entry.compiled, narrowing: narrowing)
            }
        }
    }

    /// What happened since the last time, by stage; nil if it is too much to be told one by one.
    mutating func takeChanges() -> [Stage: [RuleChange]]? {
        defer { changes = RuleChanges() }
        return changes.byStage
    }

    /// Lets the places of flows that are gone be used again.
    mutating func collect() {
        free += released
        released = []
    }

    mutating func publish() -> PublishedTable<RuleEntry> { table.publish() }
}

/// What happened to flows since the last commit, by place. Of more than `PipelineLimits.changedFlows`
/// nothing is kept, as everything counts as changed then.
private struct RuleChanges {
    /// What happened to one flow.
    struct Entry {
        let rule: InstalledRule
        /// The match at the last commit; nil if the flow is new.
        var old: CompiledMatch?
        var isGone = false
        /// Nil if all packets may see a difference.
        var narrowing: [Narrowing]?
    }

    private var entries: [UInt32: Entry] = [:]
    private var isOverfull = false

    subscript(index: UInt32) -> Entry? {
        get { entries[index] }
        set {
            if isOverfull { return }
            entries[index] = newValue
            if entries.count > PipelineLimits.changedFlows {
                entries = [:]
                isOverfull = true
            }
        }
    }

    /// Nil if there were too many.
    var byStage: [Stage: [RuleChange]]? {
        if isOverfull { return nil }
        var result: [Stage: [RuleChange]] = [:]
        for change in entries.values.sorted(by: { $0.rule.id < $1.rule.id }) {
            let new = change.isGone ? nil : change.rule.match.compiled
            guard change.old != nil || new != nil else { continue }
            result[change.rule.stage, default: []].append(
                RuleChange(
                    scope: change.rule.scope, id: change.rule.id, old: change.old, new: new,
                    narrowing: change.narrowing))
        }
        return result
    }
}

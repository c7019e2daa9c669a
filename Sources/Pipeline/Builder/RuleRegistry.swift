// The installed flows, by place and by identifier, and what is to be said about them at the next commit.

/// An installed flow.
struct InstalledRule {
    let index: UInt32
    let id: RowIdentifier
    let stage: Stage
    let rank: Rank
    let scope: UInt32
    let match: MatchRegistry.Entry
    /// Under which the program of the actions is found.
    let text: ProgramText
}

/// Keeps alive what lookups reach through a flow.
private final class RuleOwner {
    let program: ActionProgram
    let match: CompiledMatch

    init(_ program: ActionProgram, _ match: CompiledMatch) {
        self.program = program
        self.match = match
    }
}

struct RuleRegistry {
    private var installed: [InstalledRule?] = []
    private var places: [RowIdentifier: UInt32] = [:]
    private var free: [UInt32] = []
    private var released: [UInt32] = []
    private var table = PersistentTable<RuleEntry>(vacant: .vacant)
    private var changes: [UInt32: Change] = [:]

    /// What happened to the flow at a place.
    private struct Change {
        let rule: InstalledRule
        /// The match at the last commit; nil if the flow is new.
        var old: CompiledMatch?
        var isGone = false
        /// Nil if all packets may see a difference.
        var narrowing: [Narrowing]?
    }

    subscript(index: UInt32) -> InstalledRule? { installed[Int(index)] }

    var count: Int { places.count }

    mutating func add(
        _ flow: FlowRecord, _ match: MatchRegistry.Entry, _ program: ActionProgram,
        _ scope: UInt32
    ) -> InstalledRule {
        let index = free.popLast() ?? UInt32(installed.count)
        if index == installed.count { installed.append(nil) }
        let rule = InstalledRule(
            index: index, id: flow.id, stage: flow.stage,
            rank: Rank(priority: flow.priority, id: flow.id), scope: scope, match: match,
            text: flow.program)
        installed[Int(index)] = rule
        places[flow.id] = index
        match.use(by: index)
        changes[index] = Change(rule: rule, old: nil)
        table.set(
            index,
            RuleEntry(
                idHigh: flow.id.high, idLow: flow.id.low, priority: flow.priority,
                stage: flow.stage.index, program: Unmanaged.passUnretained(program)),
            owner: RuleOwner(program, match.compiled))
        return rule
    }

    mutating func remove(_ id: RowIdentifier) -> InstalledRule? {
        guard let index = places.removeValue(forKey: id), let rule = installed[Int(index)] else {
            return nil
        }
        installed[Int(index)] = nil
        table.set(index, .vacant)
        released.append(index)
        var change = changes[index] ?? Change(rule: rule, old: rule.match.compiled)
        change.isGone = true
        change.narrowing = nil
        changes[index] = change
        return rule
    }

    /// The flow's match was compiled again.
    mutating func note(_ rule: InstalledRule, was old: CompiledMatch) {
        let entry = table[rule.index]
        if let program = entry.program?.takeUnretainedValue() {
            table.set(rule.index, entry, owner: RuleOwner(program, rule.match.compiled))
        }
        guard changes[rule.index] == nil else {
            changes[rule.index]?.narrowing = nil
            return
        }
        changes[rule.index] = Change(rule: rule, old: old)
    }

    /// The flows of these matches look into tables that changed.
    mutating func note(touched: [(entry: MatchRegistry.Entry, narrowing: [Narrowing]?)]) {
        for (entry, narrowing) in touched {
            for index in entry.rules where changes[index] == nil {
                guard let rule = installed[Int(index)] else { continue }
                changes[index] = Change(rule: rule, old: entry.compiled, narrowing: narrowing)
            }
        }
    }

    mutating func takeChanges() -> [Stage: [RuleChange]] {
        var result: [Stage: [RuleChange]] = [:]
        for change in changes.values.sorted(by: { $0.rule.id < $1.rule.id }) {
            let new = change.isGone ? nil : change.rule.match.compiled
            guard change.old != nil || new != nil else { continue }
            result[change.rule.stage, default: []].append(
                RuleChange(
                    scope: change.rule.scope, id: change.rule.id, old: change.old, new: new,
                    narrowing: change.narrowing))
        }
        changes = [:]
        return result
    }

    /// Lets the places of flows that are gone be used again.
    mutating func collect() {
        free += released
        released = []
    }

    mutating func publish() -> PublishedTable<RuleEntry> { table.publish() }
}

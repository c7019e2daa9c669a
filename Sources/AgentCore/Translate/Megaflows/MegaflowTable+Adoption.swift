import Datapath
import Pipeline

// After a restart the kernel still has the flows of the run before. Each is judged by translating
// its key: it stays if it does the right thing and compares enough. Until the agent knows the whole
// configuration nothing is judged, so that no working flow is lost to a half-read database.

extension MegaflowTable {
    /// Takes over a flow of an earlier run, given a translation of its key under the table's
    /// snapshot; returns what has to be done with it, nil if it is right as it is. Its mask counts, also
    /// beyond the budget.
    package mutating func adopt(
        _ flow: Megaflow, _ translation: Translation, now: UInt64
    ) -> FlowCommand? {
        guard let id = flow.id, entries[id] == nil else { return nil }
        guard translation.isCacheable, flow.mask.isSuperset(of: translation.mask) else {
            return .delete(id)
        }
        var adopted = flow
        adopted.actions = translation.actions
        insert(
            adopted, masks.use(adopted.mask, for: adopted.key), translation, created: now,
            used: flow.statistics.used ?? now)
        if translation.hasLessons(beyond: []) { owe(id) }
        return flow.actions == translation.actions ? nil : .modify(id, translation.actions)
    }
}

extension DatapathAction {
    /// The recirculation numbers that it names.
    package var recirculations: Set<UInt32> {
        switch self {
        case .recirculate(let number): [number]
        case .clone(let actions), .sample(_, let actions), .decrementTTL(let actions):
            actions.recirculations
        case .checkLength(_, let greater, let lessOrEqual):
            greater.recirculations.union(lessOrEqual.recirculations)
        default: []
        }
    }
}

extension [DatapathAction] {
    package var recirculations: Set<UInt32> {
        reduce(into: []) { $0.formUnion($1.recirculations) }
    }
}

extension Megaflow {
    /// The recirculation numbers that it mentions: that of its packets, and those that it gives them.
    package var recirculations: Set<UInt32> {
        var result = actions.recirculations
        let own = UInt32(truncatingIfNeeded: key[.recirculationID])
        if own != 0 { result.insert(own) }
        return result
    }
}

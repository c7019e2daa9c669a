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
        return flow.actions == translation.actions ? nil : .modify(id, translation.actions)
    }

    /// The largest recirculation number that flows mention; new numbers must be larger.
    package static func highestRecirculation(in flows: [Megaflow]) -> UInt32 {
        flows.reduce(0) { highest, flow in
            max(
                highest, UInt32(flow.key[.recirculationID]),
                flow.actions.reduce(0) { max($0, $1.highestRecirculation) })
        }
    }
}

extension DatapathAction {
    fileprivate var highestRecirculation: UInt32 {
        let inner: [DatapathAction]
        switch self {
        case .recirculate(let number): return number
        case .clone(let actions), .sample(_, let actions), .decrementTTL(let actions):
            inner = actions
        case .checkLength(_, let greater, let lessOrEqual): inner = greater + lessOrEqual
        default: return 0
        }
        return inner.reduce(0) { max($0, $1.highestRecirculation) }
    }
}

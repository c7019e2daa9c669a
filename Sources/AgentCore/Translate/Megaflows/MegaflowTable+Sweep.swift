import Datapath

// The self-check's view of the table: a flow in the kernel that is not as it was put.

extension MegaflowTable {
    /// What is to be done with a flow of this run that the kernel has; nil if it is as it was put.
    ///
    /// The kernel was given a whole packet's key, and compares more than it was asked to: that it
    /// compares enough, and nothing else than the table says, is what counts.
    ///
    /// - Parameter found: as the kernel tells it.
    /// - Parameter expressed: what the kernel keeps of actions; nil if it can't be told.
    package func correction(
        of found: Megaflow, expressed: ([DatapathAction]) -> [DatapathAction]?
    ) -> FlowCommand? {
        guard let id = found.id, let wanted = entries[id]?.flow else { return nil }
        guard found.mask.isSuperset(of: wanted.mask),
            wanted.key.masked(by: found.mask) == found.key.masked(by: wanted.mask)
        else { return .delete(id) }
        guard found.actions != wanted.actions, let actions = expressed(wanted.actions),
            found.actions != actions
        else { return nil }
        return .modify(id, wanted.actions)
    }

    /// A correction as the table knows it from then on.
    package mutating func correct(_ command: FlowCommand) -> FlowCommand {
        guard case .delete(let id) = command else { return command }
        return delete(id)
    }

    /// Forgets what a whole list of the kernel's flows does not have, after commands of which nobody knows
    /// whether they were executed. What was counted last of a flow that is gone is lost.
    package mutating func keep(only present: Set<FlowID>) {
        for id in entries.keys where !present.contains(id) { forget(id) }
        dying = dying.filter { present.contains($0.key) }
    }

    /// Every flow that the kernel had is gone; they are made anew as packets come.
    package mutating func forgetAll() {
        for id in Array(entries.keys) { forget(id) }
        dying = [:]
        evicted = []
    }
}

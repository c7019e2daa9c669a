import AgentCore
import BPF
import Linux
import LogicalFlow

// What eBPF does for VIFs, as the control thread keeps it.

extension ControlThread {
    /// After a complete snapshot: the rules are known.
    func followGuards(_ system: LocalSystem, _ view: PhysicalView) {
        let plan = SecurityPlan(
            view, driver.ports, after: guards.plan, isInternal: driver.isInternal)
        let vports = Set(plan.ports.map(\.vport))
        let limits = Dictionary(
            uniqueKeysWithValues: vports.map { ($0, view.limits.misses(of: $0)) })
        let held = guards.follow(
            plan, budgets: limits,
            devices: driver.ports.interfaces.values.sorted { $0.name < $1.name },
            isEnabled: system.configuration.usesEBPF)
        if held != heldBudgets {
            heldBudgets = held
            worker.leaveMisses(of: held)
        }
        let state = guards.absence.map { "not active: \($0)" } ?? "active"
        guard state != toldGuards else { return }
        toldGuards = state
        log.info("eBPF on VIFs: \(state)")
    }

    /// Hands packets that the filters have refused to the counters of their flow.
    func countRefused() {
        let refused = guards.filters?.takeRefused() ?? []
        let misses = guards.budgets?.takeRefused() ?? [:]
        if !refused.isEmpty || !misses.isEmpty {
            worker.count(refused: refused, missesBeyondBudget: misses)
        }
    }

    func reviewGuards() {
        let found = guards.filters?.review(now: .now()) ?? []
        diverged(found.map { Divergence(.filterGone, $0) })
        countRefused()
    }

    /// `bpf/show`.
    var guardText: String {
        if let absence = guards.absence { return "not active: \(absence)" }
        guard let filters = guards.filters, let budgets = guards.budgets else { return "" }
        var lines = [
            "active: port security (program \(filters.programNumber)), "
                + "miss budget (program \(budgets.programNumber))"
        ]
        for port in guards.plan.ports {
            lines.append("\(port.name) (\(port.device))")
            lines.append("  port security: \(securityText(port, filters))")
            lines.append("  misses: \(budgetText(port, budgets))")
        }
        return lines.joined(separator: "\n")
    }

    private func securityText(_ port: SecurityPlan.Port, _ filters: SecurityFilters) -> String {
        guard filters.isGuarded(port.device) else {
            let reason = filters.failures[port.device] ?? port.omission?.rawValue ?? "not yet"
            return "not active: \(reason)"
        }
        let refused = filters.refused(port.device)
        let reasons = SecurityReason.allCases.compactMap { reason in
            refused[reason].map { "\(reason.text) \($0)" }
        }
        let total = refused.values.reduce(0, +)
        return "active, \(total) dropped"
            + (reasons.isEmpty ? "" : " (\(reasons.joined(separator: ", ")))")
    }

    private func budgetText(_ port: SecurityPlan.Port, _ budgets: MissBudgets) -> String {
        guard let (limit, counts) = budgets.budget(port.vport) else {
            return "not active: \(budgets.failures[port.vport] ?? "not yet")"
        }
        return "\(limit.perSecond) per second, \(limit.burst) at once; "
            + "\(counts.admitted) admitted, \(counts.refused) dropped"
    }
}

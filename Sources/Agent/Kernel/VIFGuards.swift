// What eBPF does for this agent's VIFs, if the kernel and the administrator let it: port security
// before the datapath (`SecurityFilters`) and budgets of misses (`MissBudgets`). Without it both are
// the datapath thread's, with the same outcome.

import AgentCore
import BPF
import Linux
import LogicalFlow

final class VIFGuards {
    /// Nil until the programs are loaded.
    private(set) var filters: SecurityFilters?
    private(set) var budgets: MissBudgets?
    private(set) var plan = SecurityPlan()
    /// Why the programs could not be loaded.
    private var failure: String?
    private var wasTried = false
    private var isEnabled = true
    /// Kernel ports of this agent, for programs that are loaded later.
    private var ports: [UInt32: UpcallPort] = [:]

    /// Why nothing is done; nil if it is.
    var absence: String? {
        if !isEnabled { return "switched off by external_ids:ovn-ebpf" }
        return wasTried ? failure : "the Southbound database is not known yet"
    }

    func change(_ changes: PortChanges) {
        for vport in changes.removed { ports[vport] = nil }
        for port in changes.added { ports[port.vport] = port }
        budgets?.change(changes)
    }

    /// What the plan and the limits say, or nothing if the administrator wants none of it.
    ///
    /// - Returns: the kernel ports whose misses are counted in the kernel.
    func follow(
        _ plan: SecurityPlan, budgets limits: [UInt32: ControlLimits.Limit],
        devices: some Sequence<KernelInterface>, isEnabled: Bool
    ) -> Set<UInt32> {
        self.plan = plan
        self.isEnabled = isEnabled
        load()
        filters?.follow(isEnabled ? plan : SecurityPlan(), devices: devices, now: .now())
        return budgets?.follow(isEnabled ? limits : [:]) ?? []
    }

    /// Once, also where the programs are not wanted: what an earlier run has left is to be removed.
    private func load() {
        guard !wasTried else { return }
        wasTried = true
        do {
            let programs = try VIFPrograms()
            filters = SecurityFilters(programs)
            let budgets = MissBudgets(programs)
            budgets.change(PortChanges(added: ports.values.sorted { $0.vport < $1.vport }))
            self.budgets = budgets
        } catch {
            failure = "\(error)"
        }
    }
}

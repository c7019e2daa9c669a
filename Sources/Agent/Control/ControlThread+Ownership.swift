// One program at a time carries out what a local database says, and one serves the kernel's datapath.
// ovs-vswitchd asks its database for a lock and stands back while another has it; the agent asks for the
// same one, so that neither works against the other, or against a second agent.

import AgentCore
import Linux

extension ControlThread {
    /// The lock's name in ovs-vswitchd.
    static let switchLock = "ovs_vswitchd"

    /// How long another may have the lock that was held before, until this process ends. A connection that
    /// broke may have it for a moment.
    private static let patience: Duration = .seconds(5)
    private static let claimInterval: Milliseconds = 1000

    /// True if this process may change the kernel and the rows that tell of it; what is against it is a
    /// standing problem.
    func ownsSwitch() -> Bool {
        guard local.hasLock else { return false }
        do {
            try driver.claim()
            stand(.ownership, [])
        } catch {
            stand(.ownership, ["kernel datapath: \(error)"])
            evaluate(at: Clock.monotonicMilliseconds + Self.claimInterval)
            return false
        }
        return true
    }

    func followLock() {
        switch local.lockStates[Self.switchLock] {
        case .held: evaluateSoon()
        case .waiting:
            stand(.ownership, ["\(contention); nothing is changed until it goes away"])
            if driver.isOwner { endUnlessLocked() }
        case .requested?, .some(.none), nil: break
        }
    }

    private func endUnlessLocked() {
        loop.schedule(after: Self.patience) { [weak self] in
            guard let self, local.lockStates[Self.switchLock] == .waiting else { return }
            whenReplaced("\(contention) now")
        }
    }

    private var contention: String {
        "\(configuration.database): another ovn-controller or ovs-vswitchd holds lock \(Self.switchLock)"
    }
}

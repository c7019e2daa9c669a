import AgentCore
import Linux

extension ControlThread {
    /// Reads the devices' counters as often as Open_vSwitch.other_config:stats-update-interval
    /// says; the evaluation that follows writes what has changed.
    func keepStatistics() {
        let interval = system?.statisticsInterval ?? LocalSystem.shortestStatisticsInterval
        loop.schedule(after: .milliseconds(interval)) { [weak self] in
            self?.refreshStatistics()
            self?.keepStatistics()
        }
    }

    private func refreshStatistics() {
        do {
            if try driver.refreshCounters() { evaluateSoon() }
        } catch {
            report("interface statistics: \(error)")
        }
    }

    static let host: HostDescription = {
        let release = SystemRelease.current
        return HostDescription(
            version: SoftwareVersion.number, systemType: release.name,
            systemVersion: release.version)
    }()
}

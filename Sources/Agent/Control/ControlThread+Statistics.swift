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
        let control = OwnerBound(self, loop: loop)
        let loop = self.loop
        worker.patchTraffic { traffic in
            loop.post { control.value.heard(traffic) }
        }
    }

    private func heard(_ traffic: PatchTraffic) {
        guard traffic != patchTraffic else { return }
        patchTraffic = traffic
        evaluateSoon()
    }

    /// Of devices and patch ports, by name.
    func interfaceCounters(_ system: LocalSystem) -> [String: InterfaceCounters] {
        let bridge = system.configuration.integrationBridge
        return driver.counters.merging(patchTraffic.counters(integrationBridge: bridge)) {
            device, _ in device
        }
    }

    static let host: HostDescription = {
        let release = SystemRelease.current
        return HostDescription(
            version: SoftwareVersion.number, systemType: release.name,
            systemVersion: release.version)
    }()
}

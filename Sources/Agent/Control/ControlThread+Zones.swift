import AgentCore
import OVSDBModel

// Conntrack zones: who has which, flushed before they are used.

extension ControlThread {
    /// The zones of local ports and datapaths.
    func updateZones(
        _ system: LocalSystem, _ inputs: PhysicalInputs, isComplete: Bool
    ) -> ZoneNumbers {
        let pass = ZonePass(
            inputs, range: system.configuration.zoneRange, isComplete: isComplete)
        var allocator =
            zones
            ?? ZoneAllocator(restoring: system.integrationBridge?.row.externalIDs ?? [:])
        let before = zones?.assigned
        let flushed = allocator.update(pass.demand)
        zones = allocator
        if !flushed.isEmpty {
            do {
                try driver.flush(zones: flushed)
            } catch {
                report("conntrack zones: \(error)")
            }
        }
        for user in allocator.unserved { report("no conntrack zone is left for \(user)") }
        if allocator.assigned != before { evaluateSoon() }
        return pass.numbers(allocator)
    }

    /// `ct-zone-list`: a line for each zone.
    var zoneList: String {
        (zones?.assigned ?? [:]).sorted { $0.key < $1.key }
            .map { "\($0.key) \($0.value)" }.joined(separator: "\n")
    }
}

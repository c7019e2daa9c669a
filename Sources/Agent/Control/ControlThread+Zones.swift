import AgentCore
import OVSDBModel
import OVSDBSession
import Schemas

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

    /// Connections that an access list has let in last as long as the list is there
    /// (ovn-nb(5), `persist-established`): they carry its number in their label.
    func forgetConnections(_ changes: [TableChange]) {
        var gone: Set<UInt128> = []
        for change in changes.of(SB.ACLID.self) {
            guard let old = change.old, change.new == nil else { continue }
            gone.insert(UInt128(truncatingIfNeeded: old.id))
        }
        guard !gone.isEmpty else { return }
        do {
            try driver.flush(labels: gone)
        } catch {
            report("connections of access lists: \(error)")
        }
    }

    /// `ct-zone-list`: a line for each zone.
    var zoneList: String {
        (zones?.assigned ?? [:]).sorted { $0.key < $1.key }
            .map { "\($0.key) \($0.value)" }.joined(separator: "\n")
    }
}

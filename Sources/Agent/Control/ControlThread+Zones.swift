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
        _ = allocator.update(pass.demand)
        if !allocator.unflushed.isEmpty {
            do {
                try driver.flush(zones: allocator.unflushed)
                allocator.confirmFlush()
            } catch {
                report("conntrack zones: \(error)")
                derived.isViewUncertain = true
            }
        }
        zones = allocator
        stand(.zones, allocator.unserved.map { "no conntrack zone is left for \($0)" })
        if allocator.assigned != before { evaluateSoon() }
        limitZones(pass.limits(allocator), among: Set(allocator.assigned.values))
        return pass.numbers(allocator)
    }

    /// Zones that are nobody's keep what limits they have.
    private func limitZones(_ wanted: [UInt16: UInt32], among zones: Set<UInt16>) {
        guard zoneLimits != wanted else { return }
        do {
            let known = try zoneLimits ?? driver.zoneLimits().filter { zones.contains($0.key) }
            try driver.limit(zones: wanted, known: known)
            zoneLimits = wanted
        } catch {
            report("conntrack limits: \(error)")
            derived.isViewUncertain = true
        }
    }

    /// Another program may have changed a limit that is configured. Limits of other zones are nobody's
    /// but its own (`dpctl/ct-set-limits`).
    func reviewZoneLimits() {
        guard let wanted = zoneLimits, !wanted.isEmpty else { return }
        do {
            let known = try driver.zoneLimits().filter { wanted[$0.key] != nil }
            guard known != wanted else { return }
            try driver.limit(zones: wanted, known: known)
            let altered = wanted.filter { known[$0.key] != $0.value }.keys.sorted()
            diverged(altered.map { Divergence(.zoneLimitAltered, "zone \($0)") })
        } catch {
            report("conntrack limits: \(error)")
        }
    }

    /// Notes access lists whose connections are to be cut. While a flow of theirs is in force, a
    /// packet of such a connection would begin it anew.
    func noteLostAccessLists(_ changes: [TableChange]) {
        for change in changes.of(SB.ACLID.self) {
            guard let old = change.old, change.new == nil else { continue }
            lost.accessLists.insert(UInt128(truncatingIfNeeded: old.id))
            lost.revision = revision + 1
        }
    }

    /// Notes backends whose connections are to be cut.
    func noteLostBackends(_ changes: [TableChange]) {
        for change in changes.of(SB.LoadBalancer.self) {
            guard let old = change.old else { continue }
            let gone = LostBackend.all(from: old, to: change.new)
            guard !gone.isEmpty else { continue }
            lost.backends.formUnion(gone)
            lost.revision = revision + 1
        }
    }

    /// Notes next hops whose connections are to be cut. What is published next is without them.
    func noteLostNextHops(_ rows: [Identified<SB.ECMPNexthop>], _ zones: ZoneNumbers) {
        let gone = nextHops.update(rows.map(\.row), zones)
        lost.nextHops.subtract(nextHops.known)
        guard !gone.isEmpty else { return }
        lost.nextHops.formUnion(gone)
        lost.revision = revision + 1
    }

    /// Cuts connections that no flow makes any more.
    ///
    /// - Parameter forwarding: the revision that all flows are of now.
    func cutLostConnections(forwarding: UInt64) {
        guard !lost.isEmpty, forwarding >= lost.revision else { return }
        do {
            try driver.cut(lost)
        } catch {
            report("connections of load balancers, next hops and access lists: \(error)")
        }
        lost = LostConnections()
    }

    /// `ct-zone-list`: a line for each zone.
    var zoneList: String {
        (zones?.assigned ?? [:]).sorted { $0.key < $1.key }
            .map { "\($0.key) \($0.value)" }.joined(separator: "\n")
    }
}

// Which tunnels lead to each other chassis: those of the best encapsulation that both have, to
// each of the other's addresses, the one that it marks as default first.

import OVSDBModel
import Schemas
import Wire

package struct TunnelChoice {
    /// By chassis row; a chassis that can't be reached is absent.
    package private(set) var endpoints: [RowUUID: [TunnelEndpoint]] = [:]

    package init(_ inputs: PhysicalInputs) {
        for (uuid, chassis) in inputs.chassis where uuid != inputs.ownChassis {
            guard Self.sharesZone(chassis.transportZones, inputs.transportZones) else { continue }
            let found = Self.endpoints(of: chassis, inputs)
            if !found.isEmpty { endpoints[uuid] = found }
        }
    }

    /// Both without zones, or one in common.
    private static func sharesZone(_ left: [String], _ right: [String]) -> Bool {
        if left.isEmpty && right.isEmpty { return true }
        return left.contains { right.contains($0) }
    }

    private static func endpoints(
        of chassis: SB.Chassis, _ inputs: PhysicalInputs
    ) -> [TunnelEndpoint] {
        let rows = chassis.encaps.compactMap { inputs.encaps[$0] }
        for kind in EncapsulationType.allCases.sorted(by: >) {
            guard let device = inputs.devices[kind] else { continue }
            let ways = rows.filter { $0.type == kind.rawValue }
                .sorted {
                    ($0.options["is_default"] == "true" ? 0 : 1, $0.ip)
                        < ($1.options["is_default"] == "true" ? 0 : 1, $1.ip)
                }
                .compactMap { endpoint(kind, device, $0, isVTEP: chassis.isVTEP) }
            if !ways.isEmpty { return ways }
        }
        return []
    }

    private static func endpoint(
        _ kind: EncapsulationType, _ device: TunnelDevice, _ row: SB.Encap, isVTEP: Bool
    ) -> TunnelEndpoint? {
        guard let remote = IPAddress(parsing: row.ip) else { return nil }
        let local = device.localAddresses.first { ($0.v4 == nil) == (remote.v4 == nil) }
        guard let local else { return nil }
        return TunnelEndpoint(
            encapsulation: kind, vport: device.vport, remote: remote, local: local,
            hasChecksum: row.options["csum"] != "false",
            doesNotFragment: device.doesNotFragment, service: device.service, isVTEP: isVTEP)
    }
}

extension SB.Chassis {
    /// A switch that ovn-controller-vtep stands for.
    package var isVTEP: Bool { otherConfig["is-vtep"] == "true" }

    /// One of another availability zone, whose row an interconnection daemon has written.
    package var isOfOtherZone: Bool { otherConfig["is-remote"] == "true" }
}

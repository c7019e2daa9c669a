// Who needs a conntrack zone on this chassis, and what the physical view has of them.

import OVSDBModel
import Schemas

/// The zones by logical port name, and by datapath row.
package struct ZoneNumbers: Hashable, Sendable {
    package var ports: [String: UInt16] = [:]
    package var datapaths: [RowUUID: DatapathZones] = [:]

    package init() {}
}

package struct ZonePass {
    /// A datapath asks for the zone of its source translations by number.
    private static let requestKey = "snat-ct-zone"

    private static let limitKey = "ct-zone-limit"

    package let demand: ZoneAllocator.Demand
    private let inputs: PhysicalInputs

    package init(_ inputs: PhysicalInputs, range: ClosedRange<UInt16>, isComplete: Bool) {
        var demand = ZoneAllocator.Demand()
        demand.range = range
        demand.isComplete = isComplete
        for (uuid, port) in inputs.ports where Self.needsZone(uuid, port, inputs) {
            demand.users.insert(port.logicalPort)
        }
        for (uuid, row) in inputs.datapaths {
            demand.users.insert(Self.user(uuid, row, "dnat"))
            demand.users.insert(Self.user(uuid, row, "snat"))
            if let zone = Self.requested(row) {
                demand.requested[Self.user(uuid, row, "snat")] = zone
            }
        }
        self.demand = demand
        self.inputs = inputs
    }

    private static func needsZone(
        _ uuid: RowUUID, _ port: SB.PortBinding, _ inputs: PhysicalInputs
    ) -> Bool {
        if inputs.claims[uuid] != nil { return true }
        if port.type == "localport" {
            return inputs.interfaces.byLogicalPort[port.logicalPort] != nil
        }
        return port.type == "localnet" || port.options["enable_router_port_acl"] == "true"
    }

    private static func user(
        _ uuid: RowUUID, _ row: SB.DatapathBinding, _ kind: String
    ) -> String {
        "\(row.externalIDs["name"] ?? uuid.description)_\(kind)"
    }

    private static func requested(_ row: SB.DatapathBinding) -> UInt16? {
        row.externalIDs[requestKey].flatMap { UInt16($0) }
    }

    /// How many connections zones may have, where somebody says so: a datapath for its own zones and
    /// those of its ports, a port for its own (`ct-zone-limit`).
    package func limits(_ allocator: ZoneAllocator) -> [UInt16: UInt32] {
        var limits: [UInt16: UInt32] = [:]
        for (_, port) in inputs.ports {
            let datapath = inputs.datapaths[port.datapath]?.externalIDs ?? [:]
            limits[allocator.assigned[port.logicalPort] ?? 0] =
                Self.limit(port.options) ?? Self.limit(datapath)
        }
        for (uuid, row) in inputs.datapaths {
            for kind in ["dnat", "snat"] {
                limits[allocator.assigned[Self.user(uuid, row, kind)] ?? 0] =
                    Self.limit(row.externalIDs)
            }
        }
        limits[0] = nil
        return limits
    }

    private static func limit(_ options: [String: String]) -> UInt32? {
        options[limitKey].flatMap { UInt32($0) }.flatMap { $0 > 0 ? $0 : nil }
    }

    /// The numbers that the users of the demand have.
    package func numbers(_ allocator: ZoneAllocator) -> ZoneNumbers {
        var numbers = ZoneNumbers()
        for (_, port) in inputs.ports {
            numbers.ports[port.logicalPort] = allocator.assigned[port.logicalPort]
        }
        for (uuid, row) in inputs.datapaths {
            numbers.datapaths[uuid] = DatapathZones(
                dnat: allocator.assigned[Self.user(uuid, row, "dnat")] ?? 0,
                snat: allocator.assigned[Self.user(uuid, row, "snat")] ?? 0,
                hasRequestedZone: Self.requested(row) != nil)
        }
        return numbers
    }
}

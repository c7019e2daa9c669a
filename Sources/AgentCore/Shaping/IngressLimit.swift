// What a workload may send, by its interface in the local database (ovs-vswitchd.conf.db(5), table
// Interface, "Ingress Policing"): what exceeds the rate is dropped where it comes in.

import OVSDBModel
import OVSDBSession
import Schemas

package struct IngressLimit: Hashable, Sendable {
    /// So many units per second, and as many at once after a silence.
    package struct Rate: Hashable, Sendable {
        package let perSecond: UInt64
        package let burst: UInt64

        package init(perSecond: UInt64, burst: UInt64) {
            self.perSecond = perSecond
            self.burst = burst
        }

        /// Nil for no limit.
        fileprivate init?(_ rate: Int, burst: Int, standardBurst: Int, unit: UInt64) {
            guard rate > 0 else { return nil }
            let scaled = { (value: Int) in
                UInt64(clamping: value).multipliedReportingOverflow(by: unit)
            }
            let (rate, burst) = (scaled(rate), scaled(burst > 0 ? burst : standardBurst))
            guard !rate.overflow, !burst.overflow else { return nil }
            self.init(perSecond: rate.partialValue, burst: burst.partialValue)
        }
    }

    package let bytes: Rate?
    package let packets: Rate?

    package init(bytes: Rate?, packets: Rate?) {
        self.bytes = bytes
        self.packets = packets
    }

    /// Bursts of ovs-vswitchd.conf.db(5) where none is configured, kilobits and thousands of packets.
    private static let standardBurst = (kilobits: 8000, kilopackets: 16)
    private static let bytesPerKilobit: UInt64 = 125

    /// - Returns: nil if the interface has no limit.
    package init?(_ row: OVS.Interface) {
        bytes = Rate(
            row.ingressPolicingRate, burst: row.ingressPolicingBurst,
            standardBurst: Self.standardBurst.kilobits, unit: Self.bytesPerKilobit)
        packets = Rate(
            row.ingressPolicingKpktsRate, burst: row.ingressPolicingKpktsBurst,
            standardBurst: Self.standardBurst.kilopackets, unit: 1000)
        if bytes == nil, packets == nil { return nil }
    }
}

extension LocalSystem {
    /// The limits of devices that are ports of bridges here, by name.
    package func ingressLimits(_ replica: Replica) -> [String: IngressLimit] {
        var result: [String: IngressLimit] = [:]
        for planned in plan.interfaces where planned.kind == .device {
            result[planned.name] = replica[OVS.Interface.self, planned.row]
                .flatMap(IngressLimit.init)
        }
        return result
    }
}

import CBPF

/// Why a packet of a workload was refused (`enum vif_reason`).
package enum SecurityReason: UInt32, CaseIterable, Hashable, Sendable {
    case sourceMAC
    case arp
    case sourceIPv4
    case sourceIPv6
    case neighbour
    case proto

    /// What operators read.
    package var text: String {
        switch self {
        case .sourceMAC: "eth.src"
        case .arp: "arp"
        case .sourceIPv4: "ip4.src"
        case .sourceIPv6: "ip6.src"
        case .neighbour: "nd"
        case .proto: "eth.type"
        }
    }
}

extension VIFPrograms {
    /// Packets of a port that were refused since it got its first policy.
    package func refused(_ port: UInt32) -> [SecurityReason: UInt64] {
        var total: [SecurityReason: UInt64] = [:]
        for value in drops.values(port) {
            withUnsafeBytes(of: value) { bytes in
                for reason in SecurityReason.allCases {
                    let count = bytes.load(
                        fromByteOffset: 8 * Int(reason.rawValue), as: UInt64.self)
                    if count > 0 { total[reason, default: 0] += count }
                }
            }
        }
        return total
    }

    /// Forgets the counters of a port whose packets are not judged any more.
    package func forgetCounters(_ port: UInt32) { drops.remove(port) }
}

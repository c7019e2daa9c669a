// Patch ports have no device, and packets that cross them never leave the kernel's flows. What their
// Interface rows count is therefore counted as ovs-vswitchd does it: each translation says which patch
// ports the packet crossed, and the packets of its flow count for them.

/// A packet's way through a pair of patch ports.
package enum PatchCrossing: Hashable, Sendable {
    /// From the integration bridge to the bridge that a logical port stands for, by the port's name.
    case outward(String)
    /// From such a bridge in at the logical port.
    case inward(String)
    /// From one provider bridge to another, by the names of the patch ports.
    case across(from: String, to: String)

    /// The ports that send and receive it.
    package func ports(integrationBridge: String) -> (sender: String, receiver: String) {
        switch self {
        case .outward(let port):
            let names = PatchPair.names(integrationBridge, port)
            return (names.inside, names.outside)
        case .inward(let port):
            let names = PatchPair.names(integrationBridge, port)
            return (names.outside, names.inside)
        case .across(let from, let to): return (from, to)
        }
    }
}

/// What has crossed patch ports.
package typealias PatchTraffic = [PatchCrossing: PacketCount]

extension PatchTraffic {
    package mutating func add(_ crossings: [PatchCrossing], _ count: PacketCount) {
        for crossing in crossings { self[crossing, default: PacketCount()] += count }
    }

    /// By the names of patch ports.
    package func counters(integrationBridge: String) -> [String: InterfaceCounters] {
        var counters: [String: InterfaceCounters] = [:]
        for (crossing, count) in self {
            let ports = crossing.ports(integrationBridge: integrationBridge)
            counters[ports.sender, default: InterfaceCounters()].sentPackets += count.packets
            counters[ports.sender, default: InterfaceCounters()].sentBytes += count.bytes
            counters[ports.receiver, default: InterfaceCounters()].receivedPackets += count.packets
            counters[ports.receiver, default: InterfaceCounters()].receivedBytes += count.bytes
        }
        return counters
    }
}

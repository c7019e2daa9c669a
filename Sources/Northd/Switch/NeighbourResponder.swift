// ARP (RFC 826) and neighbour discovery (RFC 4861 §7.2) answered by the switch on behalf of the
// stations that it knows, so that requests don't cross the network.

import LogicalFlow
import Wire

package struct NeighbourResponder: SwitchFeature {
    package let port: SwitchPort
    package let stations: [StationAddress]
    /// The switch has a port to a physical network. What comes in there is answered only where
    /// the port is bound, or every chassis would answer.
    package let hasLocalnet: Bool
    /// Somebody answers for whole networks on the switch; what is sent to a known station is to
    /// reach it.
    package let hasProxy: Bool

    package init(
        port: SwitchPort, stations: [StationAddress], hasLocalnet: Bool = false,
        hasProxy: Bool = false
    ) {
        self.port = port
        self.stations = stations
        self.hasLocalnet = hasLocalnet
        self.hasProxy = hasProxy
    }

    package func emit(into flows: inout SwitchFlows) {
        for station in stations {
            for address in station.addresses {
                switch address {
                case .v4(let address): arp(address, station.mac, &flows)
                case .v6(let address): solicitation(address, station.mac, &flows)
                }
                if hasProxy { pass(address, station.mac, &flows) }
            }
        }
    }

    /// Requests that are sent to the station itself.
    private func pass(
        _ address: IPAddress, _ mac: MACAddress, _ flows: inout SwitchFlows
    ) {
        let request: Match
        switch address {
        case .v4(let address):
            request = .both(
                .equal(.arpTPA, .ip4(address)), .equal(.arpOp, 1),
                .equal(.ethDst, .ethernet(mac)))
        case .v6(let address):
            request = .both(
                .symbol(.ndNS), .equal(.ip6Dst, .ip6(address)),
                .equal(.ndTarget, .ip6(address)))
        }
        flows.add(.inNeighbourResponse, 50, request, [.next])
    }

    private var fromHere: [Match] {
        guard hasLocalnet else { return [] }
        return [
            .either(
                .both(.equal(.flagsLocalnet, 1), .isChassisResident(port.name)),
                .equal(.flagsLocalnet, 0))
        ]
    }

    private func arp(
        _ address: IPv4Address, _ mac: MACAddress, _ flows: inout SwitchFlows
    ) {
        let request: [Match] = [
            .equal(.arpTPA, .ip4(address)), .equal(.arpOp, 1),
            .equal(.ethDst, .ethernet(.broadcast)),
        ]
        flows.add(
            .inNeighbourResponse, 50, .all(request + fromHere),
            ActionList(NeighbourResponder.arpReply(address, mac)))
        flows.add(
            .inNeighbourResponse, 100, .all(request + [.inport(port.name)]), [.next],
            port: port.name)
    }

    static func arpReply(_ address: IPv4Address, _ mac: MACAddress) -> [Action] {
        [
            .move(.ethDst, from: .ethSrc), .load(.ethSrc, mac),
            .load(.arpOp, 2),
            .move(.arpTHA, from: .arpSHA), .load(.arpSHA, mac),
            .move(.arpTPA, from: .arpSPA), .load(.arpSPA, address),
        ] + Action.reflect
    }

    private func solicitation(
        _ address: IPv6Address, _ mac: MACAddress, _ flows: inout SwitchFlows
    ) {
        let request: [Match] = [
            .symbol(.ndNSMcast), .equal(.ip6Dst, .ip6(address.solicitedNodeMulticast)),
            .equal(.ndTarget, .ip6(address)),
        ]
        let reply: [Action] =
            [
                .load(.ethSrc, mac), .load(.ip6Src, address), .load(.ndTarget, address),
                .load(.ndTLL, mac),
            ] + Action.reflect
        flows.add(
            .inNeighbourResponse, 50, .all(request + fromHere),
            [.generate(port.kind.isRouter ? .ndNARouter : .ndNA, reply)])
        flows.add(
            .inNeighbourResponse, 100, .all(request + [.inport(port.name)]), [.next],
            port: port.name)
    }
}

// options:mcast_relay: a router forwards multicast to where somebody has asked for it, and ports
// with options:mcast_flood get all of it.

import LogicalFlow
import Wire

extension SharedRouterFlows {
    /// To static ports. Reports and queries (RFC 3376, RFC 3810) have a hop count of one, and it
    /// stays.
    func floodingMulticast(_ flows: inout RouterFlows) {
        let listening = Match.either(.symbol(.mldv1), .symbol(.mldv2))
        for match in [Match.symbol(.igmp), listening] {
            flows.add(.inIPInput, 120, .both(match, .equal(.ipTTL, 1)), [.next])
            flows.add(
                .inRouting, 10460, match,
                [.clone([.outport(MulticastGroup.static.name), .next])])
        }
        flows.add(
            .inRouting, 10450, .multicast,
            [.clone([.outport(MulticastGroup.static.name), .decrementTTL, .next])])
    }
}

/// Relayed packets leave a port with its Ethernet address. What a router flooded itself and gets
/// back is dropped.
package struct MulticastRelayPort: RouterFeature {
    package let port: RouterPort
    /// Some port of the router gets everything.
    package let routerFloods: Bool

    package init(port: RouterPort, routerFloods: Bool) {
        self.port = port
        self.routerFloods = routerFloods
    }

    package func emit(into flows: inout RouterFlows) {
        if port.isEnabled {
            flows.add(
                .outDelivery, 110, .both(.multicast, .outport(port.name)),
                [.load(.ethSrc, port.mac), .output], port: port.name)
        }
        guard routerFloods else { return }
        let isOwn = Match.equal(.ethSrc, .ethernet(port.mac))
        flows.drop(.inRouting, 10550, .both(isOwn, .symbol(.igmp)), because: .ownReport)
        flows.drop(
            .inRouting, 10550, .both(isOwn, .either(.symbol(.mldv1), .symbol(.mldv2))),
            because: .ownReport)
    }
}

/// The way of an address through a relaying router.
package struct RelayedAddress: RouterFeature {
    package let address: IPAddress
    /// The address as chassis report it, which names the group.
    package let group: String
    /// Some port of the router gets everything.
    package let hasStaticPorts: Bool

    package func emit(into flows: inout RouterFlows) {
        let isIPv4 = address.v4 != nil
        var actions: [Action] = []
        if hasStaticPorts {
            actions.append(.clone([.outport(MulticastGroup.static.name), .decrementTTL, .next]))
        }
        flows.add(
            .inRouting, 10500,
            .both(
                .symbol(isIPv4 ? .ip4 : .ip6), .equal(isIPv4 ? .ip4Dst : .ip6Dst, .ip(address))),
            ActionList(actions + [.outport(group), .decrementTTL, .next]))
    }
}

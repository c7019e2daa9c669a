// options:mcast_relay: a router forwards multicast, and ports with options:mcast_flood get what
// nobody has asked for.

import LogicalFlow

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

/// What a router flooded itself and gets back is dropped.
package struct MulticastEcho: RouterFeature {
    package let port: RouterPort

    package init(port: RouterPort) { self.port = port }

    package func emit(into flows: inout RouterFlows) {
        let isOwn = Match.equal(.ethSrc, .ethernet(port.mac))
        flows.add(.inRouting, 10550, .both(isOwn, .symbol(.igmp)), .drop)
        flows.add(
            .inRouting, 10550, .both(isOwn, .either(.symbol(.mldv1), .symbol(.mldv2))), .drop)
    }
}

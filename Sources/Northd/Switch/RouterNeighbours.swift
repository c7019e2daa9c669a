// A router on a switch: requests for its addresses go to it alone, and what it asks for goes to
// everyone but the other routers, who know each other from the configuration.

import LogicalFlow
import Wire

package struct RouterNeighbours: SwitchFeature {
    package let port: SwitchPort
    package let router: RouterPort
    /// Somebody on the switch may have addresses that nobody knows of.
    package let switchFloodsUnknown: Bool

    package init(port: SwitchPort, router: RouterPort, switchFloodsUnknown: Bool = false) {
        self.port = port
        self.router = router
        self.switchFloodsUnknown = switchFloodsUnknown
    }

    package func emit(into flows: inout SwitchFlows) {
        guard router.isEnabled else { return }
        let deliver = toRouter
        for network in router.networks4 { arp(network.address, deliver, &flows) }
        for network in router.networks6 { solicitation(network.address, deliver, &flows) }
        flows.add(
            .inL2Lookup, 75,
            .both(
                .equal(.ethSrc, .ethernet(router.mac)),
                .equal(.ethDst, .ethernet(.broadcast)),
                .either(.equal(.arpOp, 1), .equal(.rarpOp, 3), .symbol(.ndNS))),
            ActionList(Action.output(to: MulticastGroup.floodL2.name)))
    }

    private var toRouter: ActionList {
        let output = Action.output(to: port.name)
        guard switchFloodsUnknown else { return ActionList(output) }
        return ActionList([.clone(output)] + Action.output(to: MulticastGroup.unknown.name))
    }

    private func arp(
        _ address: IPv4Address, _ deliver: ActionList, _ flows: inout SwitchFlows
    ) {
        let request: [Match] = [
            .equal(SwitchCell.isFromVTEP, 0), .equal(.ethDst, .ethernet(.broadcast)),
            .equal(.arpOp, 1), .equal(.arpTPA, .ip4(address)),
        ]
        flows.add(.inL2Lookup, 80, .all(request), deliver)
        flows.add(
            .inL2Lookup, 90, .all(request + [.equal(.arpSPA, .ip4(address))]),
            ActionList(Action.output(to: MulticastGroup.floodL2.name)))
    }

    private func solicitation(
        _ address: IPv6Address, _ deliver: ActionList, _ flows: inout SwitchFlows
    ) {
        flows.add(
            .inL2Lookup, 80,
            .both(
                .equal(SwitchCell.isFromVTEP, 0), .symbol(.ethMcast), .symbol(.ndNS),
                .equal(.ndTarget, .ip6(address))),
            deliver)
    }
}

// A router on a switch: requests for its addresses go to it alone, and what it asks for goes to
// everyone but the other routers, who know each other from the configuration. Where there is nobody
// but routers, they get it nevertheless: one of them may be led to the address by its own ways.

import LogicalFlow
import Wire

package struct RouterNeighbours: SwitchFeature {
    package let port: SwitchPort
    package let router: RouterPort
    /// The switch has ports that are no router's and get what is flooded.
    package let switchHasHosts: Bool
    /// Somebody on the switch may have addresses that nobody knows of.
    package let switchFloodsUnknown: Bool
    package let place: RouterPlace
    /// Ethernet addresses of translations, besides the router's own.
    package let translated: [MACAddress]

    package init(
        port: SwitchPort, router: RouterPort, switchHasHosts: Bool = true,
        switchFloodsUnknown: Bool = false, place: RouterPlace = .anywhere,
        translated: [MACAddress] = []
    ) {
        self.port = port
        self.router = router
        self.switchHasHosts = switchHasHosts
        self.switchFloodsUnknown = switchFloodsUnknown
        self.place = place
        self.translated = translated
    }

    package func emit(into flows: inout SwitchFlows) {
        guard router.isEnabled else { return }
        for address in router.addresses { requests.add(for: address, &flows) }
        guard switchHasHosts else { return }
        flows.add(
            .inL2Lookup, 75,
            .both(
                .equal(.ethSrc, ([router.mac] + translated).map(Constant.ethernet)),
                .equal(.ethDst, .ethernet(.broadcast)),
                .either(.equal(.arpOp, 1), .equal(.rarpOp, 3), .symbol(.ndNS))),
            ActionList(Action.output(to: MulticastGroup.floodL2.name)))
    }

    private var requests: RequestsToRouter {
        RequestsToRouter(
            port: port.name, redirect: place.gateway?.peerRedirect,
            switchHasHosts: switchHasHosts, switchFloodsUnknown: switchFloodsUnknown)
    }
}

/// Where requests for an address of a router go.
package struct RequestsToRouter: Hashable, Sendable {
    package let port: String
    /// Stands for the port on the router's gateway chassis.
    package let redirect: String?
    package let switchHasHosts: Bool
    package let switchFloodsUnknown: Bool

    package init(
        port: String, redirect: String?, switchHasHosts: Bool, switchFloodsUnknown: Bool
    ) {
        self.port = port
        self.redirect = redirect
        self.switchHasHosts = switchHasHosts
        self.switchFloodsUnknown = switchFloodsUnknown
    }

    package func add(for address: IPAddress, _ flows: inout SwitchFlows) {
        let request: [Match]
        switch address {
        case .v4(let address):
            request = [
                .equal(SwitchCell.isFromVTEP, 0), .equal(.ethDst, .ethernet(.broadcast)),
                .equal(.arpOp, 1), .equal(.arpTPA, .ip4(address)),
            ]
        case .v6(let address):
            request = [
                .equal(SwitchCell.isFromVTEP, 0), .symbol(.ethMcast), .symbol(.ndNS),
                .equal(.ndTarget, .ip6(address)),
            ]
        }
        flows.add(
            .inL2Lookup, 80, .all(request + [.resident(redirect)]), deliver(to: port))
        // What a router announces of itself: news for hosts.
        if switchHasHosts, case .v4(let address) = address {
            flows.add(
                .inL2Lookup, 90, .all(request + [.equal(.arpSPA, .ip4(address))]),
                ActionList(Action.output(to: MulticastGroup.floodL2.name)))
        }
        if let redirect {
            flows.add(
                .inL2Lookup, 80, .all(request + [.not(.isChassisResident(redirect))]),
                deliver(to: redirect))
        }
    }

    private func deliver(to port: String) -> ActionList {
        let output = Action.output(to: port)
        guard switchFloodsUnknown else { return ActionList(output) }
        return ActionList([.clone(output)] + Action.output(to: MulticastGroup.unknown.name))
    }
}

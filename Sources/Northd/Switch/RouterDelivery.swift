// Delivery to the router at the other side of a switch port: where the router says so, only on
// the chassis that has its gateway port, and from elsewhere by way of that chassis.

import LogicalFlow
import Wire

package struct RouterDelivery: SwitchFeature {
    package let port: SwitchPort
    package let router: RouterPort
    package let place: RouterPlace
    /// Another Ethernet address that the switch answers requests with.
    package let proxy: MACAddress?

    package init(
        port: SwitchPort, router: RouterPort, place: RouterPlace = .anywhere,
        proxy: MACAddress? = nil
    ) {
        self.port = port
        self.router = router
        self.place = place
        self.proxy = proxy
    }

    package func emit(into flows: inout SwitchFlows) {
        let addresses = (proxy.map { [$0] } ?? []) + [router.mac]
        let toRouter = Match.equal(.ethDst, addresses.map(Constant.ethernet))
        let redirect = place.gateway?.peerRedirect
        if let answering = place.answering {
            add(.both(toRouter, .isChassisResident(answering)), to: port.name, &flows)
        } else if let redirect {
            add(
                .both(
                    .equal(.ethDst, .ethernet(router.mac)), .not(.isChassisResident(redirect))),
                to: redirect, &flows)
            add(.both(toRouter, .isChassisResident(redirect)), to: port.name, &flows)
        } else {
            add(toRouter, to: port.name, &flows)
        }
        if !port.isEnabled {
            flows.drop(.inL2Unknown, 50, .outport(port.name), because: .disabledPort)
        }
    }

    private func add(_ match: Match, to port: String, _ flows: inout SwitchFlows) {
        flows.add(
            .inL2Lookup, 50, match,
            self.port.isEnabled ? ActionList(Action.output(to: port)) : .drop,
            ifDropped: .disabledPort)
    }
}

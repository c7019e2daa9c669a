import LogicalFlow
import Wire

/// What may enter a switch from a port: nothing while it is disabled, anything from a router, from
/// others what port security lets through (which chassis evaluate from Port_Binding).
package struct SwitchPortAdmission: SwitchFeature {
    package let port: SwitchPort
    /// The Ethernet address of the router port at the other side.
    package let router: MACAddress?
    package let routerIsGateway: Bool

    package init(port: SwitchPort, router: MACAddress? = nil, routerIsGateway: Bool = false) {
        self.port = port
        self.router = router
        self.routerIsGateway = routerIsGateway
    }

    package func emit(into flows: inout SwitchFlows) {
        if !port.isEnabled {
            flows.add(
                .inCheckPortSecurity, 100, .inport(port.name),
                [.load(SwitchCell.isRefused, flag: true), .next], port: port.name)
        }
        switch port.kind {
        case .router: fromRouter(&flows)
        case .vif, .virtual, .external: pathMessages(&flows)
        case .switch, .localnet, .localport, .l2gateway, .vtep, .remote, .unknown: break
        }
    }

    private func fromRouter(_ flows: inout SwitchFlows) {
        flows.add(
            .inCheckPortSecurity, 70, .inport(port.name),
            [.load(SwitchCell.isFromRouter, flag: true), .next], port: port.name)
        if let router, routerIsGateway {
            flows.add(
                .inCheckPortSecurity, 120,
                .both(
                    .isTooBigMessage, .equal(.ethSrc, .ethernet(router)), .outport(port.name),
                    .equal(.flagsTunnelRx, 1)),
                [.exchange(.outport, .inport), .next])
        } else if let router {
            flows.add(
                .inCheckPortSecurity, 120,
                .both(
                    .isTooBigMessage, .equal(.ethDst, .ethernet(router)),
                    .equal(.flagsTunnelRx, 1)),
                [.exchange(.outport, .inport), SwitchStage.inL2Lookup.jump])
        }
    }

    /// A tunnel's path may say that a packet was too big; the message goes back to the sender,
    /// wherever it is.
    private func pathMessages(_ flows: inout SwitchFlows) {
        for station in port.stations {
            flows.add(
                .inCheckPortSecurity, 110,
                .both(
                    .isTooBigMessage, .equal(.ethSrc, .ethernet(station.mac)),
                    .outport(port.name), .not(.isChassisResident(port.name)),
                    .equal(.flagsTunnelRx, 1)),
                [.exchange(.outport, .inport), .next])
        }
    }
}

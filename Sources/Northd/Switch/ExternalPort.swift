import LogicalFlow
import Wire

/// A station outside of the deployment that is served like one inside
/// (Logical_Switch_Port of type `external`). What it sends comes in by the physical network on every
/// chassis; for the routers only the chassis that hosts the port takes it.
package struct ExternalPort: SwitchFeature {
    package let port: SwitchPort
    /// Ports to the physical network.
    package let localnets: [String]
    package let routers: [StationAddress]

    package func emit(into flows: inout SwitchFlows) {
        for localnet in localnets {
            for station in port.stations {
                let elsewhere = Match.both(
                    .inport(localnet), .equal(.ethSrc, .ethernet(station.mac)),
                    .not(.isChassisResident(port.name)))
                for router in routers { ignore(elsewhere, router, localnet, &flows) }
            }
        }
    }

    private func ignore(
        _ elsewhere: Match, _ router: StationAddress, _ localnet: String,
        _ flows: inout SwitchFlows
    ) {
        for address in router.addresses {
            let request: Match
            switch address {
            case .v4(let address):
                request = .both(.equal(.arpTPA, .ip4(address)), .equal(.arpOp, 1))
            case .v6(let address):
                request = .both(
                    .symbol(.ndNS),
                    .equal(.ip6Dst, [.ip6(address), .ip6(address.solicitedNodeMulticast)]),
                    .equal(.ndTarget, .ip6(address)))
            }
            flows.drop(
                .inExternalPort, 100, .both(elsewhere, request), because: .externalElsewhere,
                port: localnet)
        }
        flows.drop(
            .inExternalPort, 100, .both(elsewhere, .equal(.ethDst, .ethernet(router.mac))),
            because: .externalElsewhere, port: localnet)
    }
}

import LogicalFlow
import Wire

/// Health checks come from an address that nobody has: whoever is probed may ask for it, and is
/// told the address of the monitor.
package struct HealthCheckSource: SwitchFeature {
    package let address: IPAddress
    package let monitor: MACAddress

    package func emit(into flows: inout SwitchFlows) {
        switch address {
        case .v4(let address):
            flows.add(
                .inNeighbourResponse, 110,
                .both(.equal(.arpTPA, .ip4(address)), .equal(.arpOp, 1)),
                ActionList(NeighbourResponder.arpReply(address, monitor)))
        case .v6(let address):
            flows.add(
                .inNeighbourResponse, 110,
                .both(.symbol(.ndNS), .equal(.ndTarget, .ip6(address))),
                [
                    .generate(
                        .ndNA,
                        [
                            .move(.ethDst, from: .ethSrc), .load(.ethSrc, monitor),
                            .load(.ip6Src, address), .load(.ndTarget, address),
                            .load(.ndTLL, monitor),
                        ] + Action.reflect)
                ])
        }
    }
}

/// Health checks that come from a router's address: what answers them is taken out on its way to
/// the router.
package struct HealthCheckAnswer: SwitchFeature {
    package let port: String
    package let backend: IPAddress
    package let backendPort: UInt16
    package let isTCP: Bool
    package let source: IPAddress
    package let router: MACAddress

    package func emit(into flows: inout SwitchFlows) {
        let isIPv4 = backend.v4 != nil
        let answer: Match =
            isTCP
            ? .equal(.tcpSrc, .decimal(UInt64(backendPort)))
            : isIPv4 ? .equal(.icmp4Type, 3) : .equal(.icmp6Type, 1)
        flows.add(
            .inL2Lookup, 110,
            .both(
                .inport(port), .equal(isIPv4 ? .ip4Dst : .ip6Dst, .ip(source)),
                .equal(isIPv4 ? .ip4Src : .ip6Src, .ip(backend)),
                .equal(.ethDst, .ethernet(router)), answer),
            [.handleServiceCheck(port: FieldRange(.inport))])
    }
}

import LogicalFlow
import Wire

/// The answers to probes find their way: the probes' source is answered for, and what comes from a
/// backend to a router's address is taken out before the router sees it.
struct ProbeReplies: SwitchFeature {
    let port: String
    let backend: IPAddress
    let backendPort: Int
    let transport: String
    let source: IPAddress
    /// The Ethernet address of the router port that has the source.
    let router: MACAddress?
    let monitor: MACAddress?

    func emit(into flows: inout SwitchFlows) {
        if let router {
            intercept(router, &flows)
        } else if let monitor {
            answer(monitor, &flows)
        }
    }

    private func answer(_ mac: MACAddress, _ flows: inout SwitchFlows) {
        switch source {
        case .v4(let address):
            flows.add(
                .inNeighbourResponse, 110,
                .both(.equal(.arpTPA, .ip4(address)), .equal(.arpOp, 1)),
                ActionList(NeighbourResponder.arpReply(address, mac)))
        case .v6(let address):
            flows.add(
                .inNeighbourResponse, 110,
                .both(
                    .symbol(.ndNS),
                    .equal(.ip6Dst, [.ip6(address), .ip6(address.solicitedNodeMulticast)]),
                    .equal(.ndTarget, .ip6(address))),
                [
                    .generate(
                        .ndNA,
                        [
                            .load(.ethSrc, mac), .load(.ip6Src, address),
                            .load(.ndTarget, address), .load(.ndTLL, mac),
                        ] + Action.reflect)
                ])
        }
    }

    private func intercept(_ mac: MACAddress, _ flows: inout SwitchFlows) {
        let isIPv4 = backend.v4 != nil
        let base: [Match] = [
            .inport(port),
            .equal(isIPv4 ? .ip4Dst : .ip6Dst, .ip(source)),
            .equal(isIPv4 ? .ip4Src : .ip6Src, .ip(backend)), .equal(.ethDst, .ethernet(mac)),
        ]
        let answer: Match =
            switch transport {
            case "tcp": .equal(.tcpSrc, .decimal(UInt64(backendPort)))
            case "udp": isIPv4 ? .equal(.icmp4Type, 3) : .equal(.icmp6Type, 1)
            default: isIPv4 ? .symbol(.icmp4) : .symbol(.icmp6)
            }
        flows.add(
            .inL2Lookup, 110, .all(base + [answer]),
            [.handleServiceCheck(port: FieldRange(.inport))], port: port)
    }
}

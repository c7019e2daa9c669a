// A routing daemon behind a port of the switch speaks for the router: packets of its protocols to the
// router's addresses go to it (ovn-nb(5), options:routing-protocol-redirect of a router port).

import LogicalFlow
import Wire

package struct RoutingProtocolRedirect: SwitchFeature {
    package enum RoutingProtocol: String, CaseIterable, Hashable, Sendable {
        case bgp = "BGP"
        case bfd = "BFD"
    }

    /// The daemon's port.
    package let target: String
    /// The port that leads to the router.
    package let port: String
    package let addresses: [IPAddress]
    package let protocols: [RoutingProtocol]

    package init(
        target: String, port: String, addresses: [IPAddress], protocols: [RoutingProtocol]
    ) {
        self.target = target
        self.port = port
        self.addresses = addresses
        self.protocols = protocols
    }

    package func emit(into flows: inout SwitchFlows) {
        // The router answers for the addresses; the daemon must not.
        for answer in [Match.equal(.arpOp, 2), .symbol(.ndNA), .symbol(.ndRA)] {
            flows.add(
                .inCheckPortSecurity, 80, .both(.inport(target), answer),
                [.load(SwitchCell.isRefused, flag: true), .next])
        }
        for address in addresses { redirect(address, &flows) }
    }

    private func redirect(_ address: IPAddress, _ flows: inout SwitchFlows) {
        let isIPv4 = address.v4 != nil
        let toRouter = Match.equal(isIPv4 ? .ip4Dst : .ip6Dst, .ip(address))
        let toDaemon = ActionList(Action.output(to: target))
        for match in protocols.flatMap(matches) {
            flows.add(.inL2Lookup, 100, .both(toRouter, match), toDaemon)
        }
        let answer =
            isIPv4
            ? Match.both(.equal(.arpOp, 2), .equal(.arpTPA, .ip(address)))
            : .both(toRouter, .symbol(.ndNA))
        flows.add(
            .inL2Lookup, 100, answer,
            ActionList([.clone(Action.output(to: target))] + Action.output(to: port)))
    }

    /// Either end may have opened the connection.
    private func matches(_ name: RoutingProtocol) -> [Match] {
        switch name {
        case .bgp: [.equal(.tcpDst, 179), .equal(.tcpSrc, 179)]
        case .bfd: [.equal(.udpDst, 3784), .equal(.udpSrc, 3784)]
        }
    }
}

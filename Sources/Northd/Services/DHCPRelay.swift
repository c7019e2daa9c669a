// DHCPv4 requests passed on to a server elsewhere (RFC 1542 §4, RFC 2131): the switch hands them to
// the router port with the relay, the router rewrites them on the chassis of the client.

import LogicalFlow
import OVSDBModel
import Schemas
import Wire

/// The relay of a router port.
package struct DHCPRelay: Hashable, Sendable {
    package let server: IPv4Address
    /// The port's address and network: the relay's address, which tells the server the subnet.
    package let network: IPv4Prefix

    package init?(
        _ row: NB.DHCPRelay, _ port: NB.LogicalRouterPort,
        report: (_ column: String, _ reason: String) -> Void
    ) {
        guard let server = row.servers.flatMap({ IPv4Address(parsing: $0) }) else {
            report("dhcp_relay", "\"\(row.name)\" has no server's IPv4 address")
            return nil
        }
        let networks = port.networks.compactMap { IPv4Prefix(parsing: $0) }
        let primary = port.options["dhcpv4_primary_ip"].flatMap { IPv4Address(parsing: $0) }
        guard let network = networks.first(where: { $0.address == primary }) ?? networks.min()
        else {
            report("dhcp_relay", "the port has no IPv4 network")
            return nil
        }
        self.server = server
        self.network = network
    }

    var anyClient: [Constant] { [.ip4(IPv4Address(0)), .ip4(network)] }
}

package struct RouterRelay: RouterFeature {
    package let port: RouterPort
    package let relay: DHCPRelay
    package let meter: String?

    package func emit(into flows: inout RouterFlows) {
        requests(&flows)
        responses(&flows)
    }

    private var own: IPv4Address { relay.network.address }

    private func requests(_ flows: inout RouterFlows) {
        let addresses: [Match] = [
            .inport(port.name), .equal(.ip4Src, relay.anyClient),
            .equal(.ip4Dst, .ip4(IPv4Address(0xffff_ffff))),
        ]
        let ports: [Match] = [.equal(.udpSrc, 68), .equal(.udpDst, 67)]
        flows.add(
            .inIPInput, 110, .all(addresses + [.equal(.ipFrag, 0)] + ports),
            [
                .evaluate(
                    RouterCell.isRelayRequest,
                    .checkDHCPRelayRequest(relay: own, server: relay.server)), .next,
            ],
            port: port.name, meter: meter)
        flows.add(
            .inDHCPRelayRequest, 100,
            .all(addresses + ports + [.test(RouterCell.isRelayRequest)]),
            [
                .load(.ip4Src, own), .load(.ip4Dst, relay.server), .load(.udpSrc, 67), .next,
            ],
            port: port.name)
        flows.drop(
            .inDHCPRelayRequest, 1,
            .all(addresses + ports + [.equal(RouterCell.isRelayRequest, 0)]),
            because: .invalidRelay, port: port.name)
    }

    private func responses(_ flows: inout RouterFlows) {
        let source = Match.equal(.ip4Src, .ip4(relay.server))
        let ports: [Match] = [.equal(.udpSrc, 67), .equal(.udpDst, 67)]
        let toRelay = Match.equal(.ip4Dst, .ip4(own))
        flows.add(
            .inIPInput, 110, .all([source, toRelay, .equal(.ipFrag, 0)] + ports), [.next])
        flows.add(
            .inDHCPRelayResponseCheck, 100, .all([source, toRelay] + ports),
            [
                .move(RouterCell.relayDestination, from: .ip4Dst),
                .evaluate(
                    RouterCell.isRelayResponse,
                    .checkDHCPRelayResponse(relay: own, server: relay.server)), .next,
            ],
            meter: meter)
        let checked = [source, .equal(RouterCell.relayDestination, .ip4(own))] + ports
        flows.add(
            .inDHCPRelayResponse, 100, .all(checked + [.test(RouterCell.isRelayResponse)]),
            ActionList(
                [.load(.ip4Src, own), .load(.udpDst, 68)] + Action.output(to: port.name)))
        flows.drop(
            .inDHCPRelayResponse, 1, .all(checked + [.equal(RouterCell.isRelayResponse, 0)]),
            because: .invalidRelay)
    }
}

package struct SwitchRelay: SwitchFeature {
    package let port: SwitchPort
    package let mac: MACAddress
    /// The switch port that leads to the router.
    package let routerPort: String
    package let router: RouterPort
    package let network: IPv4Prefix

    package func emit(into flows: inout SwitchFlows) {
        flows.add(
            .inL2Lookup, 100,
            .both(
                .inport(port.name), .equal(.ethSrc, .ethernet(mac)),
                .equal(.ip4Src, [.ip4(IPv4Address(0)), .ip4(network)]),
                .equal(.ip4Dst, .ip4(IPv4Address(0xffff_ffff))), .equal(.udpSrc, 68),
                .equal(.udpDst, 67)),
            [.load(.ethDst, router.mac), .outport(routerPort), .next], port: port.name)
    }
}

// DHCPv6 requests of a port, answered on the chassis where it is (RFC 8415).

import LogicalFlow
import Wire

package struct DHCPv6Responder: SwitchFeature {
    package let port: DHCPClient
    package let server: DHCPv6Server
    /// The address that the client gets; a stateless server gives none.
    package let offer: IPv6Address
    package let meter: String?

    package func emit(into flows: inout SwitchFlows) {
        let request: [Match] =
            port.match + [
                .equal(.ip6Dst, .ip6(.allDHCPAgents)), .equal(.udpSrc, 546), .equal(.udpDst, 547),
            ]
        flows.add(
            .inDHCPOptions, 100, .all(request + port.residence),
            [.evaluate(SwitchCell.isDHCPReply, .putDHCPv6Options(options)), .next],
            port: port.inport, meter: meter)
        flows.add(
            .inDHCPResponse, 100,
            .all(request + [.test(SwitchCell.isDHCPReply)] + port.residence),
            ActionList(
                [
                    .move(.ethDst, from: .ethSrc), .load(.ethSrc, server.mac),
                    .move(.ip6Dst, from: .ip6Src), .load(.ip6Src, source), .load(.udpSrc, 547),
                    .load(.udpDst, 546),
                ] + Action.reflect),
            port: port.inport)
        flows.add(
            .outACLEval, 34000,
            .both(
                .outport(port.name), .equal(.ethSrc, .ethernet(server.mac)),
                .equal(.ip6Src, .ip6(source)), .symbol(.udp), .equal(.udpSrc, 547),
                .equal(.udpDst, 546)),
            port.admission, port: port.name)
    }

    private var source: IPv6Address { IPv6Address(linkLocal: server.mac) }

    private var options: [Action.Option] {
        server.isStateless
            ? server.options : [Action.Option("ia_addr", [.ip6(offer)])] + server.options
    }
}

extension IPv6Address {
    /// All_DHCP_Relay_Agents_and_Servers (RFC 8415 §7.1).
    static let allDHCPAgents = IPv6Address(high: 0xff02 << 48, low: 0x1_0002)
}

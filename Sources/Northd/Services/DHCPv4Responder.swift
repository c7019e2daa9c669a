// DHCPv4 requests of a port, answered on the chassis where it is (RFC 2131). One stage turns the
// request into a reply as far as options go, the next sends it back.

import LogicalFlow
import Wire

package struct DHCPv4Responder: SwitchFeature {
    package let port: DHCPClient
    package let server: DHCPv4Server
    /// The address that the client gets.
    package let offer: IPv4Address
    /// Option 12, if the port has one of its own.
    package let hostname: String?
    package let meter: String?

    package func emit(into flows: inout SwitchFlows) {
        let broadcast: [Constant] = [
            .ip4(server.address), .ip4(IPv4Address(0xffff_ffff)),
        ]
        flows.add(
            .inDHCPOptions, 100,
            .all(
                port.match + [
                    .equal(.ip4Src, [.ip4(offer), .ip4(IPv4Address(0))]),
                    .equal(.ip4Dst, broadcast), .equal(.udpSrc, 68), .equal(.udpDst, 67),
                ] + port.residence),
            [.evaluate(SwitchCell.isDHCPReply, .putDHCPOptions(options)), .next],
            port: port.inport, meter: meter)
        flows.add(
            .inDHCPResponse, 100,
            .all(
                port.match + [
                    .symbol(.ip4), .equal(.udpSrc, 68), .equal(.udpDst, 67),
                    .test(SwitchCell.isDHCPReply),
                ] + port.residence),
            ActionList(
                [
                    .move(.ethDst, from: .ethSrc), .load(.ethSrc, server.mac),
                    .load(.ip4Src, server.address), .load(.udpSrc, 67), .load(.udpDst, 68),
                ] + Action.reflect),
            port: port.inport)
        flows.add(
            .outACLEval, 34000,
            .both(
                .outport(port.name), .equal(.ethSrc, .ethernet(server.mac)),
                .equal(.ip4Src, .ip4(server.address)), .symbol(.udp), .equal(.udpSrc, 67),
                .equal(.udpDst, 68)),
            port.admission, port: port.name)
    }

    private var options: [Action.Option] {
        var options = server.options
        if let hostname {
            options.removeAll { $0.name == "hostname" }
            options.append(Action.Option("hostname", [.string(hostname)]))
            options.sort { $0.name < $1.name }
        }
        return [Action.Option("offerip", [.ip4(offer)])] + options
            + [Action.Option("netmask", [.ip4(server.network.mask)])]
    }
}

/// The port that asks, and how its requests are known.
package struct DHCPClient: Hashable, Sendable {
    package let name: String
    package let mac: MACAddress
    /// Where the requests come in: the port, or the physical network that it is on.
    package let inport: String
    /// The switch commits connections, so a reply that passes its filters is committed too.
    package let isTracked: Bool

    var match: [Match] { [.inport(inport), .equal(.ethSrc, .ethernet(mac))] }

    /// A client on the physical network is answered by one chassis only.
    var residence: [Match] { inport == name ? [] : [.isChassisResident(name)] }

    /// Lets the chassis' own reply pass the filters.
    var admission: ActionList {
        let allow = Action.load(SwitchCell.isAllowed, flag: true)
        return isTracked ? [allow, .ctCommit([]), .next] : [allow, .next]
    }
}

// Answers to ARP requests (RFC 826) and neighbour solicitations (RFC 4861 §7.2) for addresses that
// are behind a router: Logical_Switch_Port.options:arp_proxy of the port to it.

import LogicalFlow
import Wire

package struct NeighbourProxy: SwitchFeature {
    /// The Ethernet address that stands for the others, or nil for the router's own.
    package let mac: MACAddress?
    package let networks4: [IPv4Prefix]
    package let networks6: [IPv6Prefix]
    package var router: MACAddress?
    package var isRouterPort = true

    /// `[MAC] ADDRESS[/LENGTH]...`, separated by spaces or commas; nil without an address.
    package init?(parsing text: String) {
        var words = text.split { $0 == " " || $0 == "," }[...]
        mac = words.first.flatMap { MACAddress(parsing: $0) }
        if mac != nil { words = words.dropFirst() }
        var (four, six): ([IPv4Prefix], [IPv6Prefix]) = ([], [])
        for word in words {
            switch IPPrefix(parsing: word) {
            case .v4(let prefix)?: four.append(prefix)
            case .v6(let prefix)?: six.append(prefix)
            case nil: return nil
            }
        }
        guard !four.isEmpty || !six.isEmpty else { return nil }
        networks4 = four
        networks6 = six
    }

    package func emit(into flows: inout SwitchFlows) {
        guard let mac = mac ?? router else { return }
        let fromStation = Match.equal(SwitchCell.isFromRouter, 0)
        if !networks4.isEmpty {
            flows.add(
                .inNeighbourResponse, 30,
                .both(
                    fromStation, .equal(.arpOp, 1),
                    .equal(.arpTPA, networks4.map { Constant.ip4($0.network) })),
                ActionList(
                    [
                        .move(.ethDst, from: .ethSrc), .load(.ethSrc, mac), .load(.arpOp, 2),
                        .move(.arpTHA, from: .arpSHA), .load(.arpSHA, mac),
                        .exchange(.arpTPA, .arpSPA),
                    ] + Action.reflect))
        }
        if !networks6.isEmpty { advertise(mac, fromStation, &flows) }
    }

    private func advertise(
        _ mac: MACAddress, _ fromStation: Match, _ flows: inout SwitchFlows
    ) {
        let destinations = networks6.flatMap { prefix in
            [
                Constant.ip6(prefix.network),
                .ip6(
                    IPv6Prefix(
                        prefix.address.solicitedNodeMulticast, length: prefix.length
                    ).network),
            ]
        }
        flows.add(
            .inNeighbourResponse, 30,
            .both(
                fromStation, .symbol(.ndNS), .equal(.ip6Dst, destinations),
                .equal(.ndTarget, networks6.map { Constant.ip6($0.network) })),
            [
                .generate(
                    isRouterPort ? .ndNARouter : .ndNA,
                    [
                        .load(.ethSrc, mac), .move(.ip6Src, from: .ndTarget),
                        .move(.ndTarget, from: .ndTarget), .load(.ndTLL, mac),
                    ] + Action.reflect)
            ])
    }
}

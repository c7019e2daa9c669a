// Names answered on the client's chassis (RFC 1035), for switches with DNS records.

import LogicalFlow

package struct DNSResponder: SwitchFeature {
    package let meter: String?
    /// The switch commits connections.
    package let isTracked: Bool

    package func emit(into flows: inout SwitchFlows) {
        flows.add(
            .inDNSLookup, 100, .equal(.udpDst, 53),
            [.evaluate(SwitchCell.isDNSReply, .dnsLookup), .next], meter: meter)
        let isAnswered = Match.both(.equal(.udpDst, 53), .test(SwitchCell.isDNSReply))
        for (family, source, destination) in [
            (Symbol.ip4, Symbol.ip4Src, Symbol.ip4Dst), (.ip6, .ip6Src, .ip6Dst),
        ] {
            flows.add(
                .inDNSResponse, 100, .both(isAnswered, .symbol(family)),
                ActionList(
                    [
                        .exchange(.ethDst, .ethSrc), .exchange(source, destination),
                        .move(.udpDst, from: .udpSrc), .load(.udpSrc, 53),
                    ] + Action.reflect))
        }
        let allow = Action.load(SwitchCell.isAllowed, flag: true)
        flows.add(
            .outACLEval, 34000, .both(.symbol(.flagsFromCtrl), .equal(.udpSrc, 53)),
            isTracked ? [allow, .ctCommit([]), .next] : [allow, .next])
    }
}

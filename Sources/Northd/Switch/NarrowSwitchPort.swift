import LogicalFlow

/// A port that takes shorter packets than its switch carries: Logical_Switch_Port.options:mtu, an
/// extension. A switch has no address to answer from, so the answer comes from the station that the
/// packet was for, as from a tunnel's end (RFC 1191 §3, RFC 4443 §3.2).
package struct NarrowSwitchPort: SwitchFeature {
    package enum Limits {
        /// Length of an Ethernet header without a tag.
        package static let header = 14
    }

    package let port: SwitchPort
    package let mtu: Int

    package func emit(into flows: inout SwitchFlows) {
        flows.add(
            .outLookupFDB, 50, .both(.outport(port.name), .symbol(.ip)),
            [
                .evaluate(SwitchCell.isTooLong, .checkPacketLarger(mtu + Limits.header)), .next,
            ], port: port.name)
        answer(.ip4, .icmp4Error, [.exchange(.ip4Dst, .ip4Src)], (3, 4), .icmp4FragMTU, &flows)
        answer(.ip6, .icmp6Error, [.exchange(.ip6Dst, .ip6Src)], (2, 0), .icmp6FragMTU, &flows)
    }

    private func answer(
        _ family: Symbol, _ generator: Action.Generator, _ turn: [Action],
        _ kind: (type: UInt64, code: UInt64), _ size: Symbol, _ flows: inout SwitchFlows
    ) {
        let isIPv4 = family == .ip4
        // No network that carries IPv6 has shorter packets (RFC 8200 §5).
        let fitting = isIPv4 ? mtu : max(mtu, NetworkMTU.Limits.minimum6)
        let actions: [Action] =
            [.exchange(.ethDst, .ethSrc)] + turn + [
                .load(.ipTTL, 255),
                .load(isIPv4 ? .icmp4Type : .icmp6Type, .decimal(kind.type)),
                .load(isIPv4 ? .icmp4Code : .icmp6Code, .decimal(kind.code)),
                .load(size, .decimal(UInt64(fitting))),
                .exchange(.outport, .inport), SwitchStage.inL2Lookup.jump,
            ]
        flows.add(
            .outPutFDB, 50,
            .both(.outport(port.name), .symbol(family), .test(SwitchCell.isTooLong)),
            [.generate(generator, actions)], port: port.name)
    }
}

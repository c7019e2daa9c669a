import LogicalFlow

/// What every switch with a load balancer does: all IP packets pass conntrack in both directions,
/// so that replies are translated back, and a backend that reaches itself gets its packets turned
/// around.
package struct BalancedSwitch: SwitchFeature {
    package init() {}

    package func emit(into flows: inout SwitchFlows) {
        for stage in [SwitchStage.inPreLoadBalancer, .outPreLoadBalancer] {
            flows.add(
                stage, 100, .symbol(.ip), [.load(SwitchCell.mustTranslate, flag: true), .next])
        }
        flows.add(
            .inConntrackExtract, 100, .both(.symbol(.ctNew), .symbol(.ip)),
            [
                .evaluate(SwitchCell.connectionProtocol, .connection(.protocol)),
                .evaluate(SwitchCell.connectionPort, .connection(.destinationPort)), .next,
            ])
        fragments(&flows)
        hairpins(&flows)
    }

    /// Later packets of fragmented connections get their first destination from conntrack.
    private func fragments(_ flows: inout SwitchFlows) {
        let families: [(Symbol, FieldRange, Action.ConnectionField)] = [
            (.ip4, SwitchCell.virtual4, .destination4),
            (.ip6, SwitchCell.virtual6, .destination6),
        ]
        for (family, register, field) in families {
            flows.add(
                .inLoadBalancer, 110,
                .both(
                    .symbol(.ctTrk), .symbol(.ctEst), .not(.symbol(.ctRpl)),
                    .equal(SwitchCell.isFragment, 1), .symbol(family)),
                [
                    .evaluate(register, .connection(field)),
                    .evaluate(SwitchCell.virtualPort, .connection(.destinationPort)), .next,
                ])
        }
    }

    private func hairpins(_ flows: inout SwitchFlows) {
        let tracked = Match.both(.symbol(.ip), .symbol(.ctTrk))
        let isHairpin = Match.equal(SwitchCell.isHairpin, 1)
        let isReply = Match.equal(SwitchCell.isHairpinReply, 1)
        flows.add(
            .inPreHairpin, 100, tracked,
            [
                .evaluate(SwitchCell.isHairpin, .check(.loadBalancerHairpin)),
                .evaluate(SwitchCell.isHairpinReply, .check(.loadBalancerHairpinReply)), .next,
            ])
        flows.add(
            .inNATHairpin, 100,
            .both(.symbol(.ip), .symbol(.ctNew), .symbol(.ctTrk), isHairpin),
            [.ctSNATToVIP, .next])
        flows.add(
            .inNATHairpin, 100,
            .both(.symbol(.ip), .symbol(.ctEst), .symbol(.ctTrk), isHairpin),
            [.ctNAT(.snat, nil)])
        flows.add(.inNATHairpin, 90, .both(.symbol(.ip), isReply), [.ctNAT(.snat, nil)])
        flows.add(
            .inHairpin, 1, .either(isHairpin, isReply),
            ActionList([.exchange(.ethDst, .ethSrc)] + Action.reflect))
    }
}

/// A balanced switch whose stateless ACLs let translated packets through as well
/// (other_config:enable-stateless-acl-with-lb): they pass conntrack, new ones uncommitted.
package struct BalancedStatelessSwitch: SwitchFeature {
    package init() {}

    package func emit(into flows: inout SwitchFlows) {
        let isStateless = Match.equal(SwitchCell.isStateless, 1)
        flows.add(
            .outPreLoadBalancer, 115, isStateless,
            [.load(SwitchCell.mustTranslate, flag: true), .next])
        flows.add(.outStateful, 110, .both(isStateless, .symbol(.ctNew)), [.next])
    }
}

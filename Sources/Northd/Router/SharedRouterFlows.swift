// What all routers have in common, and the fallback of every stage.

import LogicalFlow
import Wire

/// The flows of routers with a trait.
package struct SharedRouterFlows: RouterFeature {
    package let trait: RouterTrait

    package init(trait: RouterTrait) { self.trait = trait }

    package func emit(into flows: inout RouterFlows) {
        switch trait {
        case .any:
            admission(&flows)
            NeighbourLearning.learn(&flows)
            input(&flows)
            routing(&flows)
            resolution(&flows)
            egress(&flows)
            fallbacks(&flows)
        case .learnsFromRequests: NeighbourLearning.lookUp(.learnsFromRequests, &flows)
        case .learnsFromReplies: NeighbourLearning.lookUp(.learnsFromReplies, &flows)
        case .relaysMulticast:
            flows.add(.inIPInput, 82, .multicast, [.next])
            flows.drop(.inRouting, 10450, .multicast, because: .noGroupMember)
        case .floodsMulticast:
            flows.add(.inIPInput, 82, .multicast, [.next])
            floodingMulticast(&flows)
        case .dropsMulticast:
            flows.drop(.inIPInput, 82, .multicast, because: .routesNoMulticast)
            flows.drop(.inRouting, 10450, .multicast, because: .routesNoMulticast)
        case .balances: balancing(&flows)
        case .translates: translating(&flows)
        case .tracksReplies: tracking(&flows)
        case .commitsAll: CommitAll().emit(into: &flows)
        }
    }

    private func admission(_ flows: inout RouterFlows) {
        flows.drop(.inAdmission, 110, .isTunnelTooBig, because: .tooBigForTunnel)
        flows.drop(
            .inAdmission, 100, .either(.symbol(.vlanPresent), .test(Symbol.ethSrc[40])),
            because: .taggedOrMulticastSource)
        flows.drop(.inAdmission, 0, .always, because: .notForRouter)
    }

    /// What no router forwards (RFC 1812 §5.3.7) and what none answers.
    private func input(_ flows: inout RouterFlows) {
        let loopback = IPv4Prefix(IPv4Address(0x7f00_0000), length: 8)
        let zero = IPv4Prefix(IPv4Address(0), length: 8)
        flows.drop(
            .inIPInput, 100,
            .either(
                .symbol(.ip4SrcMcast), .equal(.ip4Src, .ip4(IPv4Address(0xffff_ffff))),
                .equal(.ip4Src, .ip4(loopback)), .equal(.ip4Dst, .ip4(loopback)),
                .equal(.ip4Src, .ip4(zero)), .equal(.ip4Dst, .ip4(zero))),
            because: .invalidAddress)
        flows.drop(
            .inIPInput, 85, .either(.symbol(.arp), .symbol(.nd)), because: .unansweredNeighbour)
        flows.add(.inIPInput, 84, .either(.symbol(.ndRS), .symbol(.ndRA)), [.next])
        flows.drop(.inIPInput, 83, .symbol(.ip6McastRsvd), because: .linkLocalMulticast)
        flows.drop(.inIPInput, 50, .symbol(.ethBcast), because: .linkLocalMulticast)
        flows.drop(.inIPInput, 32, .both(.isExpiring, .multicast), because: .expired)
        flows.drop(.inIPInput, 29, .isExpiring, because: .expired)
    }

    private func routing(_ flows: inout RouterFlows) {
        flows.fallback(.inRoutingPre, [.load(RouterCell.routeTable, 0), .next])
        flows.drop(
            .inRouting, 10550, .either(.symbol(.ndRS), .symbol(.ndRA)),
            because: .unansweredNeighbour)
        flows.drop(.inRouting, 0, .always, because: .noRoute)
        let isSingle = Match.equal(RouterCell.ecmpGroup, 0)
        flows.add(.inRoutingECMP, 150, isSingle, [.next])
        flows.drop(.inRoutingECMP, 0, .always, because: .noNextHop)
        flows.fallback(.inPolicy, [.load(RouterCell.ecmpGroup, 0), .next])
        flows.add(.inPolicyECMP, 150, isSingle, [.next])
        flows.drop(.inPolicyECMP, 0, .always, because: .noNextHop)
    }

    private func resolution(_ flows: inout RouterFlows) {
        let port = FieldRange(.outport)
        let isIPv4 = Match.equal(RouterCell.nextHopIsIPv4, 1)
        let isIPv6 = Match.equal(RouterCell.nextHopIsIPv4, 0)
        flows.add(.inNeighbourResolve, 500, .multicast, [.next])
        flows.add(
            .inNeighbourResolve, 1, isIPv4,
            [.getNeighbour(.ip4, port: port, address: FieldRange(RouterCell.nextHop4)), .next])
        flows.add(
            .inNeighbourResolve, 1, isIPv6,
            [.getNeighbour(.ip6, port: port, address: FieldRange(RouterCell.nextHop6)), .next])
        flows.drop(.inNeighbourResolve, 0, .always, because: .unresolved)
        flows.add(.inNetworkID, 105, .always, [.load(.flagsNetworkID, 0), .next])
        let unresolved = Match.equal(.ethDst, .ethernet(.zero))
        flows.add(.inNeighbourRequest, 100, .both(unresolved, isIPv4), [arpRequest, .next])
        flows.add(.inNeighbourRequest, 100, .both(unresolved, isIPv6), [solicitation, .next])
        flows.fallback(.inECMPStatefulEgress, [.output])
    }

    private var arpRequest: Action {
        .generate(
            .arp,
            [
                .load(.ethDst, MACAddress.broadcast), .move(.arpSPA, from: RouterCell.source4),
                .move(.arpTPA, from: RouterCell.nextHop4), .load(.arpOp, 1), .output,
            ])
    }

    private var solicitation: Action {
        .generate(.ndNS, [.move(.ndTarget, from: RouterCell.nextHop6), .output])
    }

    private func egress(_ flows: inout RouterFlows) {
        flows.fallback(
            .outCheckDNATLocal, [.load(RouterCell.isTranslatedHere, flag: false), .next])
        flows.add(.outSNAT, 120, .symbol(.ndNS), [.next])
        flows.add(
            .outSNAT, 120, .both(.equal(.flagsSkipSNATForLB, 1), .symbol(.ip)), [.next])
        flows.drop(.outDelivery, 0, .always, because: .noOutput)
    }

    /// `next` in every stage that says nothing else above.
    private func fallbacks(_ flows: inout RouterFlows) {
        let special: Set<RouterStage> = [
            .inAdmission, .inLookupNeighbour, .inLearnNeighbour, .inRoutingPre, .inRouting,
            .inRoutingECMP, .inPolicy, .inPolicyECMP, .inNeighbourResolve, .inECMPStatefulEgress,
            .outCheckDNATLocal, .outDelivery,
        ]
        for stage in RouterStage.allCases where !special.contains(stage) { flows.fallback(stage) }
    }
}

extension Match {
    static let multicast = Match.either(.symbol(.ip4Mcast), .symbol(.ip6Mcast))
    /// The packet may not be forwarded once more.
    static let isExpiring = Match.equal(.ipTTL, [0, 1])
}

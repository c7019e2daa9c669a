// What rules and load balancers ask of a whole router.

import LogicalFlow

extension SharedRouterFlows {
    /// A gateway router sends every packet through the zone of destination translation on its way
    /// out, so that replies find theirs.
    func translating(_ flows: inout RouterFlows) {
        flows.add(
            .outUnDNAT, 100, .either(.symbol(.nd), .symbol(.ndRS), .symbol(.ndRA)), [.next])
        flows.add(
            .outUnDNAT, 50, .symbol(.ip),
            [.load(.flagsLoopback, flag: true), .ctNAT(.dnat, nil)])
    }

    /// Connections that begin inside are committed too, so that their packets aren't new forever.
    func tracking(_ flows: inout RouterFlows) {
        flows.add(
            .outPostUnDNAT, 50, .both(.symbol(.ip), .symbol(.ctNew)), [.ctCommit([]), .next])
    }

    /// What belongs to a balanced connection, and errors about it.
    func balancing(_ flows: inout RouterFlows) {
        let related = Match.both(
            .symbol(.ctRel), .not(.symbol(.ctEst)), .not(.symbol(.ctNew)), .not(.symbol(.ctRpl)))
        let established = Match.both(
            .symbol(.ctEst), .not(.symbol(.ctRel)), .not(.symbol(.ctNew)),
            .not(.symbol(.ctRpl)), .symbol(.ctMarkNatted))
        for (match, action) in [(related, Action.ctCommitNAT(nil)), (established, .next)] {
            flows.add(
                .inDNAT, 70, .both(match, .equal(.ctMarkSkipSNAT, 1)),
                [.load(.flagsSkipSNATForLB, flag: true), action])
            flows.add(
                .inDNAT, 70, .both(match, .equal(.ctMarkForceSNAT, 1)),
                [.load(.flagsForceSNATForLB, flag: true), action])
            flows.add(.inDNAT, 50, match, [action])
        }
        flows.add(
            .inConntrackExtract, 100, .both(.symbol(.ctNew), .symbol(.ip)),
            [
                .evaluate(RouterCell.protocol, .connection(.protocol)),
                .evaluate(RouterCell.destinationPort, .connection(.destinationPort)), .next,
            ])
    }
}

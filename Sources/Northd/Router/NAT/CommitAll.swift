import LogicalFlow

/// options:ct-commit-all: what no rule translates is committed to both zones too, so that
/// everything in them has a state. On a gateway router everywhere, else at the gateway port.
package struct CommitAll: RouterFeature {
    package let gateway: GatewayPort?

    package init(gateway: GatewayPort? = nil) { self.gateway = gateway }

    package func emit(into flows: inout RouterFlows) {
        let ip = Match.symbol(.ip)
        let new = Match.symbol(.ctNew)
        flows.add(.inDefrag, 10, .both(ip, .isOriginal, enters), [.ctNext(.dnat)])
        flows.add(.inDNAT, 10, .both(ip, new, enters), [.ctCommitToZone(.dnat)])
        // Which state the packet had is lost in the next zone, so it is kept in flags.
        flows.add(
            .inPostUnSNAT, 10, .both(ip, new, enters),
            [.load(.flagsUnsnatNew, flag: true), .next])
        flows.add(
            .inPostUnSNAT, 10, .both(ip, .not(.symbol(.ctTrk)), enters),
            [.load(.flagsUnsnatNotTracked, flag: true), .next])
        flows.add(
            .outPostUnDNAT, 10,
            .both(ip, .isOriginal, .equal(.flagsUnsnatNotTracked, 1), leaves),
            [.ctNext(.snat)])
        flows.add(
            .outPostUnDNAT, 10, .both(ip, .equal(.flagsUnsnatNew, 1), leaves), [.next])
        flows.add(
            .outSNAT, 10, .both(ip, .isOriginal, .equal(.flagsUnsnatNew, 1), leaves),
            [.ctCommitToZone(.snat)])
        flows.add(.outSNAT, 10, .both(ip, new, leaves), [.ctCommitToZone(.snat)])
    }

    private var enters: Match { place { .inport($0) } }
    private var leaves: Match { place { .outport($0) } }

    private func place(_ port: (String) -> Match) -> Match {
        guard let gateway else { return .and([]) }
        return .both(port(gateway.port.name), .isChassisResident(gateway.redirect))
    }
}

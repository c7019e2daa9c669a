// A gateway router's own address as the source of what it has translated or balanced already, so
// that the answer comes back to it and not to another gateway (ovn-nb(5), dnat_force_snat_ip and
// lb_force_snat_ip of Logical_Router.options).

import LogicalFlow
import Wire

/// With fixed addresses.
package struct ForcedSourceTranslation: RouterFeature {
    package let router: Router

    package init(router: Router) { self.router = router }

    package func emit(into flows: inout RouterFlows) {
        force(router.forcedAfterDNAT, .flagsForceSNATForDNAT, &flows)
        force(router.forcedAfterBalancing, .flagsForceSNATForLB, &flows)
    }

    private func force(_ source: ForcedSource, _ flag: Symbol, _ flows: inout RouterFlows) {
        for address in source.addresses {
            let terms = ICMPTerms(address)
            flows.add(
                .inUnSNAT, 110,
                .both(.symbol(terms.family), .equal(terms.destination, .ip(address))),
                [.ctNAT(.snat, nil)])
            flows.add(
                .outSNAT, 100, .both(.equal(flag, 1), .symbol(terms.family)),
                [.ctNAT(.snat, Action.NATTarget(address))])
        }
    }
}

/// With the address of the port that a balanced connection leaves by, on the network of its next
/// hop.
package struct PortSourceTranslation: RouterFeature {
    package let port: RouterPort

    package init(port: RouterPort) { self.port = port }

    package func emit(into flows: inout RouterFlows) {
        force(port.networks4.map { .v4($0.address) }, &flows)
        force(
            port.networks6.filter { !$0.address.isLinkLocal }.map { .v6($0.address) }, &flows)
    }

    private func force(_ addresses: [IPAddress], _ flows: inout RouterFlows) {
        guard let first = addresses.first else { return }
        let terms = ICMPTerms(first)
        let isForced = Match.equal(.flagsForceSNATForLB, 1)
        for (index, address) in addresses.enumerated() {
            flows.add(
                .inUnSNAT, 110,
                .both(.inport(port.name), .equal(terms.destination, .ip(address))),
                [.ctNAT(.snat, nil)])
            if index > 15 { continue }
            flows.add(
                .outSNAT, 110,
                .both(
                    isForced, .equal(.flagsNetworkID, .decimal(port.networkID(index))),
                    .symbol(terms.family), .outport(port.name)),
                [.ctNAT(.snat, Action.NATTarget(address))])
        }
        flows.add(
            .outSNAT, 105, .both(isForced, .symbol(terms.family), .outport(port.name)),
            [.ctNAT(.snat, Action.NATTarget(first))])
    }
}

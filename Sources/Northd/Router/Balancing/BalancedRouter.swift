// Load balancing on routers: stages defrag, ct_extract, lb_aff_*, dnat on the way in, undnat and snat
// on the way out (ovn-nb(5), Load_Balancer).
//
// Property: the flows of a load balancer name no router unless they name its gateway port, so one
// more router costs a membership.

import LogicalFlow
import Wire

/// On every router that has the load balancer.
package struct BalancedConnections: RouterFeature {
    package let balancer: LoadBalancer
    package let services: [BalancedService]

    package func emit(into flows: inout RouterFlows) {
        var seen: Set<IPAddress> = []
        for service in services where seen.insert(service.service.address).inserted {
            let terms = ServiceTerms(balancer: balancer, service: service)
            flows.add(
                .inDefrag, 100, .both(.symbol(.ip), terms.toAddress), [.ctNAT(.dnat, nil)])
        }
    }
}

/// New connections, on routers without gateway ports.
package struct BalancedOpening: RouterFeature {
    package let balancer: LoadBalancer
    package let services: [BalancedService]
    package let origin: BalancedOrigin

    package func emit(into flows: inout RouterFlows) {
        for service in services {
            let terms = ServiceTerms(balancer: balancer, service: service)
            flows.add(
                .inDNAT, terms.port == nil ? 110 : 120, terms.opens, terms.open(origin),
                helper: balancer.options.helper, ifDropped: .noBackends)
        }
    }
}

/// Clients that keep their backend.
package struct BalancedAffinity: RouterFeature {
    package let balancer: LoadBalancer
    package let services: [BalancedService]
    package let origin: BalancedOrigin

    package func emit(into flows: inout RouterFlows) {
        guard let timeout = balancer.options.affinityTimeout else { return }
        for service in services {
            let terms = ServiceTerms(balancer: balancer, service: service)
            flows.add(
                .inAffinityCheck, 100, terms.opens,
                [.evaluate(RouterCell.isKnownSession, .check(.loadBalancerAffinity)), .next])
            for backend in service.service.backends {
                flows.add(
                    .inAffinityLearn, 100, terms.chose(backend), terms.learn(backend, timeout))
                let balance = Action.LoadBalance(
                    .mark, backends: [Action.Backend(backend.address, port: backend.port)],
                    snat: origin.snat)
                flows.add(
                    .inDNAT, 150, terms.returns(to: backend),
                    ActionList(origin.flag + [.ctLoadBalance(balance)]),
                    helper: balancer.options.helper)
            }
        }
    }
}

/// Connections that find nobody are announced in Controller_Event.
package struct BalancedEvents: RouterFeature {
    package let balancer: LoadBalancer
    package let services: [BalancedService]
    /// UUID of the load balancer.
    package let origin: String

    package func emit(into flows: inout RouterFlows) {
        for service in services {
            let terms = ServiceTerms(balancer: balancer, service: service)
            guard !terms.hasBackends else { continue }
            var match: [Match] = [terms.toAddress]
            if let port = terms.port {
                match += [
                    .symbol(terms.transport),
                    .equal(terms.destinationPort, .decimal(UInt64(port))),
                ]
            }
            flows.add(.inDNAT, 130, .all(match), terms.announcement(origin))
        }
    }
}

/// At a gateway port: where it is, and back by the same way.
package struct BalancedGateway: RouterFeature {
    package let balancer: LoadBalancer
    package let services: [BalancedService]
    package let origin: BalancedOrigin
    package let gateway: GatewayPort
    package let sharesZone: Bool

    package func emit(into flows: inout RouterFlows) {
        let isCentral = !balancer.options.isDistributed
        for service in services {
            let terms = ServiceTerms(balancer: balancer, service: service)
            let residence: Match =
                isCentral && (terms.hasBackends || !balancer.options.rejects)
                ? .isChassisResident(gateway.redirect) : .and([])
            flows.add(
                .inDNAT, terms.port == nil ? 110 : 120, .both(terms.opens, residence),
                terms.open(origin), helper: balancer.options.helper, ifDropped: .noBackends)
            if terms.hasBackends { answers(terms, isCentral, &flows) }
        }
    }

    /// Where the destination of a connection is put back.
    private func passes(_ isCentral: Bool) -> Match {
        .both(
            .either(.inport(gateway.port.name), .outport(gateway.port.name)),
            isCentral ? .isChassisResident(gateway.redirect) : .and([]))
    }

    private func answers(
        _ terms: ServiceTerms, _ isCentral: Bool, _ flows: inout RouterFlows
    ) {
        let name = gateway.port.name
        flows.add(
            .inGatewayRedirect, 200, .both(terms.fromBackends, .outport(name)),
            [.outport(isCentral ? gateway.redirect : name), .next])
        let restore: [Action] =
            switch origin {
            case .kept: [.ctNAT(sharesZone ? .dnatInCommonZone : .dnat, nil)]
            case .forced, .skipped: origin.flag + [.next]
            }
        flows.add(
            .outUnDNAT, 120, .both(terms.fromBackends, passes(isCentral)), ActionList(restore))
        // Only the first piece of a datagram has ports, so all pieces from a backend are put together
        // first. After the rules of translation, which know addresses only.
        if case .kept = origin, let pieces = terms.piecesFromBackends {
            flows.add(.outUnDNAT, 90, .both(pieces, passes(isCentral)), ActionList(restore))
        }
    }
}

/// Without state, on routers with several gateway ports: a connection's packets may come in by one
/// and leave by another, so the backend follows from the packet's hash (options:use_stateless_nat).
package struct BalancedByHash: RouterFeature {
    package let balancer: LoadBalancer
    package let services: [BalancedService]

    package func emit(into flows: inout RouterFlows) {
        for service in services {
            let terms = ServiceTerms(balancer: balancer, service: service)
            let match = Match.both(.symbol(.ip), terms.toAddress)
            let count = service.service.backends.count
            guard count > 1 else {
                flows.add(.inConntrackExtract, 120, match, [.next])
                continue
            }
            let members = Action.Selection.Member.numbered(count, from: 0)
            flows.add(
                .inConntrackExtract, 120, match,
                [
                    .select(
                        RouterCell.destinationPort,
                        Action.Selection(members, hashFields: balancer.hashFields))
                ])
        }
    }
}

/// The same at one of the gateway ports.
package struct StatelessGateway: RouterFeature {
    package let balancer: LoadBalancer
    package let services: [BalancedService]
    package let gateway: GatewayPort

    package func emit(into flows: inout RouterFlows) {
        for service in services {
            let terms = ServiceTerms(balancer: balancer, service: service)
            let backends = service.service.backends
            for (index, backend) in backends.enumerated() {
                let chosen: Match =
                    backends.count > 1
                    ? .equal(RouterCell.destinationPort, .decimal(UInt64(index))) : .and([])
                flows.add(
                    .inDNAT, terms.port == nil ? 110 : 120,
                    .both(.isChassisResident(gateway.redirect), terms.toService, chosen),
                    ActionList(
                        rewrite(
                            (terms.destination, backend.address),
                            (terms.destinationPort, backend.port))))
            }
            if terms.hasBackends { answers(terms, &flows) }
        }
    }

    private func answers(_ terms: ServiceTerms, _ flows: inout RouterFlows) {
        let name = gateway.port.name
        flows.add(
            .inGatewayRedirect, 200, .both(terms.fromBackends, .outport(name)),
            [.outport(gateway.redirect), .next])
        let match = Match.both(
            terms.fromBackends, .either(.inport(name), .outport(name)),
            .isChassisResident(gateway.redirect), .symbol(terms.transport))
        flows.add(.outUnDNAT, 120, match, [.next])
        flows.add(
            .outSNAT, 160, match,
            ActionList(rewrite((terms.source, terms.address), (terms.sourcePort, terms.port))))
    }

    private func rewrite(
        _ address: (Symbol, IPAddress), _ port: (Symbol, UInt16?)
    ) -> [Action] {
        let ports: [Action] = port.1.map { [.load(port.0, .decimal(UInt64($0)))] } ?? []
        return [.load(address.0, .ip(address.1))] + ports + [.next]
    }
}

/// A service whose address is also a rule's external address: its packets keep away from the zone
/// of source translation.
package struct ServiceBesideTranslation: RouterFeature {
    package let balancer: LoadBalancer
    package let service: BalancedService

    package func emit(into flows: inout RouterFlows) {
        let terms = ServiceTerms(balancer: balancer, service: service)
        flows.add(.inUnSNAT, 120, terms.toService, [.next])
    }
}

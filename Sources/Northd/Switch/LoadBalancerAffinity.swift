import LogicalFlow
import Wire

/// A client that comes back within the time-out gets the backend that it had
/// (Load_Balancer.options:affinity_timeout): chassis remember the choice and tell it in the
/// registers of the virtual address.
package struct LoadBalancerAffinity: SwitchFeature {
    package let balancer: LoadBalancer
    package let service: VirtualService
    /// Seconds.
    package let timeout: UInt16

    package func emit(into flows: inout SwitchFlows) {
        let address = ServiceMatch(service, balancer.transport)
        let family = Match.symbol(service.address.v4 == nil ? .ip6 : .ip4)
        flows.add(
            .inAffinityCheck, 100, .all([.symbol(.ctNew), family] + address.connection),
            [.evaluate(SwitchCell.isKnownClient, .check(.loadBalancerAffinity)), .next])
        for backend in service.backends {
            learn(backend, family, &flows)
            recall(backend, address, &flows)
        }
    }

    private func learn(
        _ backend: ServiceBackend, _ family: Match, _ flows: inout SwitchFlows
    ) {
        let hasPort = service.port != nil
        let register = ServiceMatch.register(service.address)
        var match: [Match] = [
            .equal(SwitchCell.isKnownClient, 0), .symbol(.ctNew), family,
            .equal(register, .ip(service.address)),
        ]
        if let port = service.port {
            match.append(.equal(SwitchCell.virtualPort, .decimal(UInt64(port))))
        }
        match.append(ServiceMatch.destination(backend.address))
        if let port = backend.port {
            match.append(.equal(balancer.transport.destination, .decimal(UInt64(port))))
        }
        let affinity = Action.Affinity(
            address: Action.Backend(service.address, port: service.port),
            backend: Action.Backend(backend.address, port: backend.port),
            protocol: hasPort ? balancer.transport : nil, timeout: timeout)
        flows.add(.inAffinityLearn, 100, .all(match), [.commitLoadBalancerAffinity(affinity)])
    }

    private func recall(
        _ backend: ServiceBackend, _ address: ServiceMatch, _ flows: inout SwitchFlows
    ) {
        var match: [Match] = [
            .equal(SwitchCell.isKnownClient, 1), .symbol(.ctNew), address.destination,
            .equal(ServiceMatch.register(service.address), .ip(backend.address)),
        ]
        if let port = backend.port {
            match.append(.equal(SwitchCell.virtualPort, .decimal(UInt64(port))))
        }
        let single = Action.LoadBalance(
            .mark, backends: [Action.Backend(backend.address, port: backend.port)])
        flows.add(
            .inLoadBalancer, 150, .all(match),
            ActionList(address.remember + [.ctLoadBalance(single)]),
            helper: balancer.options.helper)
    }
}

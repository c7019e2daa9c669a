// One service of a load balancer in the terms of a router's pipeline.

import LogicalFlow
import Wire

/// What becomes of the source of a balanced connection.
package enum BalancedOrigin: Hashable, Sendable {
    case kept
    /// It becomes the router's own.
    case forced
    /// Translation that would apply is left out.
    case skipped

    var snat: Action.LoadBalance.SNAT? {
        switch self {
        case .kept: nil
        case .forced: .force
        case .skipped: .skip
        }
    }

    var flag: [Action] {
        switch self {
        case .kept: []
        case .forced: [.load(.flagsForceSNATForLB, flag: true)]
        case .skipped: [.load(.flagsSkipSNATForLB, flag: true)]
        }
    }
}

struct ServiceTerms {
    let balancer: LoadBalancer
    let service: BalancedService

    private var virtual: VirtualService { service.service }
    var address: IPAddress { virtual.address }
    var port: UInt16? { virtual.port }

    private var isIPv4: Bool { address.v4 != nil }
    var family: Symbol { isIPv4 ? .ip4 : .ip6 }
    var source: Symbol { isIPv4 ? .ip4Src : .ip6Src }
    var destination: Symbol { isIPv4 ? .ip4Dst : .ip6Dst }

    var transport: Symbol {
        switch balancer.transport {
        case .tcp: .tcp
        case .udp: .udp
        case .sctp: .sctp
        }
    }

    var sourcePort: Symbol {
        switch balancer.transport {
        case .tcp: .tcpSrc
        case .udp: .udpSrc
        case .sctp: .sctpSrc
        }
    }

    var destinationPort: Symbol {
        switch balancer.transport {
        case .tcp: .tcpDst
        case .udp: .udpDst
        case .sctp: .sctpDst
        }
    }

    private var protocolNumber: UInt64 {
        switch balancer.transport {
        case .tcp: 6
        case .udp: 17
        case .sctp: 132
        }
    }

    // MARK: Matches

    var toAddress: Match { .equal(destination, .ip(address)) }

    /// A new connection to the service. The port is that of the connection, which fragments don't
    /// show.
    var opens: Match {
        var match: [Match] = [
            .symbol(.ctNew), .not(.symbol(.ctRel)), .symbol(family), toAddress,
        ]
        if let port {
            match += [
                .equal(RouterCell.protocol, .decimal(protocolNumber)),
                .equal(RouterCell.destinationPort, .decimal(UInt64(port))),
            ]
        }
        return .all(match)
    }

    /// Packets to the service, by their own headers.
    var toService: Match {
        var match: [Match] = [.symbol(family), toAddress, .symbol(transport)]
        if let port { match.append(.equal(destinationPort, .decimal(UInt64(port)))) }
        return .all(match)
    }

    /// Packets from any of the backends.
    var fromBackends: Match {
        let backends = virtual.backends.map { backend in
            Match.all(
                [.equal(source, .ip(backend.address))]
                    + (backend.port.map { [.equal(sourcePort, .decimal(UInt64($0)))] } ?? []))
        }
        return .both(.symbol(family), .any(backends))
    }

    /// Fragments from those backends that have ports, whatever theirs are.
    var piecesFromBackends: Match? {
        var seen: Set<IPAddress> = []
        let addresses = virtual.backends.filter { $0.port != nil }.map(\.address)
            .filter { seen.insert($0).inserted }
        guard !addresses.isEmpty else { return nil }
        let sources = addresses.map { Match.equal(source, .ip($0)) }
        return .all([.symbol(family), .symbol(.ipIsFrag), .any(sources)])
    }

    var hasBackends: Bool { !virtual.backends.isEmpty }

    // MARK: Actions

    /// Keeps the service for affinity.
    private var remember: [Action] {
        let register = isIPv4 ? RouterCell.virtual4 : RouterCell.virtual6
        return [.load(register, .ip(address))]
            + (port.map { [.load(RouterCell.virtualPort, .decimal(UInt64($0)))] } ?? [])
    }

    private var candidates: [Action.Backend] {
        let isDistributed = balancer.options.isDistributed
        return service.active.compactMap { backend in
            if isDistributed && backend.placement == nil { return nil }
            return Action.Backend(
                backend.address, port: backend.port,
                logicalPort: isDistributed ? backend.placement?.logicalPort : nil)
        }
    }

    /// Nobody serves and nobody is told.
    var drops: Bool { candidates.isEmpty && !balancer.options.rejects }
    var rejects: Bool { candidates.isEmpty && balancer.options.rejects }

    /// What is done with a new connection.
    func open(_ origin: BalancedOrigin) -> ActionList {
        if drops { return .drop }
        if rejects { return ServiceTerms.refusal(origin) }
        let kept = balancer.options.affinityTimeout == nil ? [] : remember
        return ActionList(origin.flag + kept + [.ctLoadBalance(balance(candidates, origin))])
    }

    /// Refuses a connection that finds no backend.
    static func refusal(_ origin: BalancedOrigin) -> ActionList {
        ActionList(
            origin.flag + [
                .load(.reg0, 0),
                .generate(.reject, [.exchange(.outport, .inport), RouterStage.outSNAT.jump]),
            ])
    }

    func balance(
        _ backends: [Action.Backend], _ origin: BalancedOrigin
    ) -> Action.LoadBalance {
        Action.LoadBalance(
            balancer.options.isDistributed ? .markLocal : .mark, backends: backends,
            hashFields: balancer.hashFields, snat: origin.snat)
    }

    /// Announces that nobody serves.
    func announcement(_ origin: String) -> ActionList {
        [
            .triggerEvent(
                Action.Event(options: [
                    Action.Option("vip", [.string(virtual.text)]),
                    Action.Option("protocol", [.string(balancer.transport.rawValue)]),
                    Action.Option("load_balancer", [.string(origin)]),
                ]))
        ]
    }
}

extension ServiceTerms {
    /// Chosen before, by the same client.
    func returns(to backend: ServiceBackend) -> Match {
        let register = isIPv4 ? RouterCell.virtual4 : RouterCell.virtual6
        var match: [Match] = [
            .equal(RouterCell.isKnownSession, 1), .symbol(.ctNew), toAddress,
            .equal(register, .ip(backend.address)),
        ]
        if let port = backend.port {
            match.append(.equal(RouterCell.virtualPort, .decimal(UInt64(port))))
        }
        return .all(match)
    }

    /// Chosen just now.
    func chose(_ backend: ServiceBackend) -> Match {
        let register = isIPv4 ? RouterCell.virtual4 : RouterCell.virtual6
        var match: [Match] = [
            .equal(RouterCell.isKnownSession, 0), .symbol(.ctNew), .symbol(family),
            .equal(register, .ip(address)),
        ]
        if let port { match.append(.equal(RouterCell.virtualPort, .decimal(UInt64(port)))) }
        match.append(.equal(destination, .ip(backend.address)))
        if let port = backend.port {
            match.append(.equal(destinationPort, .decimal(UInt64(port))))
        }
        return .all(match)
    }

    func learn(_ backend: ServiceBackend, _ timeout: UInt16) -> ActionList {
        [
            .commitLoadBalancerAffinity(
                Action.Affinity(
                    address: Action.Backend(address, port: port),
                    backend: Action.Backend(backend.address, port: backend.port),
                    protocol: port == nil ? nil : balancer.transport, timeout: timeout))
        ]
    }
}

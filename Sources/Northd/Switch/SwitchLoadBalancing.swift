// Load balancing on a switch: packets to a virtual address go through conntrack on their way in,
// and new connections are sent to one of the backends.
//
// The virtual address and port are kept in registers, because conntrack replaces them in the packet
// and hairpins and affinity need them later.

import LogicalFlow
import OVSDBModel
import Wire

package struct SwitchLoadBalancing: SwitchFeature {
    package let balancer: LoadBalancer
    package let service: BalancedService
    /// Connections that find no backend are announced; the load balancer's UUID goes with it.
    package let announcedAs: RowUUID?

    package init(balancer: LoadBalancer, service: BalancedService, announcedAs: RowUUID? = nil) {
        self.balancer = balancer
        self.service = service
        self.announcedAs = announcedAs
    }

    package func emit(into flows: inout SwitchFlows) {
        let address = ServiceMatch(service.service, balancer.transport)
        flows.add(
            .inPreStateful, 120,
            .all([.equal(SwitchCell.mustTranslate, 1)] + address.packet),
            ActionList(address.remember + [.ctLoadBalance(Action.LoadBalance(.mark))]))
        flows.add(
            .inLoadBalancer, service.service.port == nil ? 110 : 120,
            .all([.symbol(.ctNew)] + address.connection), distribute(address),
            helper: balancer.options.helper, ifDropped: .noBackends)
        announce(address, &flows)
        if let timeout = balancer.options.affinityTimeout {
            LoadBalancerAffinity(balancer: balancer, service: service.service, timeout: timeout)
                .emit(into: &flows)
        }
    }

    private func distribute(_ address: ServiceMatch) -> ActionList {
        guard !service.active.isEmpty else {
            return balancer.options.rejects
                ? ActionList(ACLVerdicts.reject(isIngress: true)) : .drop
        }
        return ActionList(
            address.remember + [.ctLoadBalance(balancer.distribution(over: service.active))])
    }

    /// A controller that hears of a connection without a backend may start one
    /// (Controller_Event).
    private func announce(_ address: ServiceMatch, _ flows: inout SwitchFlows) {
        guard let announcedAs, service.service.backends.isEmpty, !balancer.options.rejects else {
            return
        }
        let transport = balancer.transport.rawValue
        let event = Action.Event(options: [
            Action.Option("vip", [.string(service.service.text)]),
            Action.Option("protocol", [.string(transport)]),
            Action.Option("load_balancer", [.string(announcedAs.description)]),
        ])
        flows.add(
            .inPreLoadBalancer, 130, .all([address.destination] + address.transport),
            [.triggerEvent(event)])
    }
}

extension LoadBalancer {
    /// `ct_lb_mark` over these backends; a distributed load balancer names their ports.
    package func distribution(
        over backends: [ServiceBackend], snat: Action.LoadBalance.SNAT? = nil
    ) -> Action.LoadBalance {
        Action.LoadBalance(
            options.isDistributed ? .markLocal : .mark,
            backends: backends.map { backend in
                Action.Backend(
                    backend.address, port: backend.port,
                    logicalPort: options.isDistributed ? backend.placement?.logicalPort : nil)
            },
            hashFields: hashFields, snat: snat)
    }
}

/// How packets to a service are recognised, before conntrack has seen them and after.
struct ServiceMatch {
    let destination: Match
    /// The protocol, and the port if the service has one.
    let transport: [Match]
    private let port: UInt16?
    private let number: Constant
    private let address: IPAddress

    init(_ service: VirtualService, _ transport: Action.TransportProtocol) {
        address = service.address
        port = service.port
        number = transport.number
        destination = ServiceMatch.destination(service.address)
        self.transport =
            [.symbol(transport.symbol)]
            + (service.port.map { [.equal(transport.destination, .decimal(UInt64($0)))] } ?? [])
    }

    static func destination(_ address: IPAddress) -> Match {
        .equal(address.v4 == nil ? .ip6Dst : .ip4Dst, .ip(address))
    }

    /// A packet to the service.
    var packet: [Match] { [destination] + transport.dropFirst() }

    /// The first packet of a connection to the service, whose port is known even of a fragment.
    var connection: [Match] {
        guard let port else { return [destination] }
        return [
            destination, .equal(SwitchCell.connectionProtocol, number),
            .equal(SwitchCell.connectionPort, .decimal(UInt64(port))),
        ]
    }

    /// Keeps address and port.
    var remember: [Action] {
        [.load(ServiceMatch.register(address), .ip(address))]
            + (port.map { [.load(SwitchCell.virtualPort, .decimal(UInt64($0)))] } ?? [])
    }

    static func register(_ address: IPAddress) -> FieldRange {
        address.v4 == nil ? SwitchCell.virtual6 : SwitchCell.virtual4
    }
}

extension Action.TransportProtocol {
    /// The protocol's number (IANA).
    package var number: Constant {
        switch self {
        case .tcp: 6
        case .udp: 17
        case .sctp: 132
        }
    }

    package var symbol: Symbol {
        switch self {
        case .tcp: .tcp
        case .udp: .udp
        case .sctp: .sctp
        }
    }

    package var destination: Symbol {
        switch self {
        case .tcp: .tcpDst
        case .udp: .udpDst
        case .sctp: .sctpDst
        }
    }
}

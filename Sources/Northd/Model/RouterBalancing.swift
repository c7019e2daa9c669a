// Load balancers on routers, beyond what they have in common with switches: what kind of routers each
// is on, which gateway ports these have, and who answers for the services' addresses.
//
// Property: nothing here is derived per load balancer and router unless a flow needs it. Routers of
// one kind share a group; a service looks for the networks that it is on, not through the routers.

import Incremental
import OVSDBModel
import Wire

/// Where the flows of a load balancer differ between routers.
package struct BalancedVariant: Hashable, Sendable {
    package enum Gateways: String, CaseIterable, Hashable, Sendable {
        case none, one, several
    }

    package let isForced: Bool
    package let gateways: Gateways

    package init(isForced: Bool, gateways: Gateways) {
        self.isForced = isForced
        self.gateways = gateways
    }

    package init(_ router: Router, gateways count: Int) {
        self.init(
            isForced: !router.forcedAfterBalancing.isEmpty,
            gateways: count == 0 ? .none : count == 1 ? .one : .several)
    }

    package static let all = [false, true].flatMap { isForced in
        Gateways.allCases.map { BalancedVariant(isForced: isForced, gateways: $0) }
    }

    package var name: String { "\(isForced ? "forced" : "kept") \(gateways.rawValue)" }
}

package struct ReachVariant: Hashable, Sendable {
    package let reach: LoadBalancerReach
    package let variant: BalancedVariant

    package var group: DatapathGroup { .balancedRouters(reach.name, variant) }
}

/// A gateway port of a router in a reach.
package struct ReachGateway: Hashable, Comparable, Sendable {
    package let reach: LoadBalancerReach
    package let port: RowUUID

    package static func < (left: ReachGateway, right: ReachGateway) -> Bool {
        (left.port, left.reach.name) < (right.port, right.reach.name)
    }
}

/// A router answers for services of a family.
package struct AnsweringRouter: Hashable, Sendable {
    package let router: RowUUID
    package let isIPv4: Bool
}

package struct RouterBalancing: Sendable {
    let variants: Function<ReachVariant, Nothing>
    let gateways: Index<LoadBalancerReach, ReachGateway>
    /// Load balancers by the addresses of their services.
    let byAddress: Index<IPAddress, RowUUID>
    /// Routers with a load balancer that keeps to backends nearby.
    let distributed: Function<RowUUID, Nothing>
    let networks: RouterNetworks

    init(_ engine: Engine, _ model: Model, _ balancing: LoadBalancing, _ outputs: Outputs) {
        let variants: Incremental.Relation<ReachVariant> = engine.relation("reach variant")
        let gateways: Incremental.Relation<ReachGateway> = engine.relation("reach gateway")
        let nearby: Incremental.Relation<LoadBalancerReach> = engine.relation("nearby reach")
        engine.emitter("nearby balancer", over: balancing.balancers) { key, balancer, context in
            guard balancer?.options.isDistributed == true,
                let reach = context.read(balancing.reaches, key)
            else { return }
            context.emit(nearby, reach)
        }
        let nearbyReaches = engine.collect(nearby)
        let distributed: Incremental.Relation<RowUUID> = engine.relation("nearby router")
        engine.emitter("balanced router", over: balancing.places) { place, _, context in
            guard let router = context.read(model.gateways.routers, place.datapath) ?? nil else {
                return
            }
            let ports = context.members(model.gateways.portsOfRouter, place.datapath)
            let variant = ReachVariant(
                reach: place.reach, variant: BalancedVariant(router, gateways: ports.count))
            context.emit(variants, variant)
            context.emit(
                outputs.groupMembers,
                GroupMember(group: variant.group, datapath: place.datapath))
            for port in ports {
                context.emit(gateways, ReachGateway(reach: place.reach, port: port))
            }
            if context.read(nearbyReaches, place.reach) != nil {
                context.emit(distributed, place.datapath)
            }
        }
        self.variants = engine.collect(variants)
        self.gateways = engine.index("gateways of reach", of: engine.collect(gateways)) {
            gateway, _ in [gateway.reach]
        }
        self.distributed = engine.collect(distributed)
        byAddress = engine.index("load balancers by address", of: balancing.balancers) {
            _, balancer in Array(Set(balancer?.services.map(\.address) ?? []))
        }
        networks = RouterNetworks(engine, model)
    }

    /// Whether a router of the reach is in one of the reach's groups.
    func isMember(
        _ datapath: RowUUID, of group: DatapathGroup, _ reach: LoadBalancerReach, _ model: Model,
        _ context: Context
    ) -> Bool {
        guard case .balancedRouters(_, let variant) = group else { return true }
        guard let router = context.read(model.gateways.routers, datapath) ?? nil else {
            return false
        }
        let count = context.members(model.gateways.portsOfRouter, datapath).count
        return BalancedVariant(router, gateways: count) == variant
    }

    /// The groups of a reach that have routers.
    func groups(
        _ reach: LoadBalancerReach, where isWanted: (BalancedVariant) -> Bool,
        _ context: Context
    ) -> [ReachVariant] {
        BalancedVariant.all.filter(isWanted).map { ReachVariant(reach: reach, variant: $0) }
            .filter { context.read(variants, $0) != nil }
    }
}

/// The networks of all routers, by prefix.
struct RouterNetworks: Sendable {
    private struct Length: Hashable, Comparable {
        let isIPv4: Bool
        let bits: Int

        static func < (left: Length, right: Length) -> Bool {
            (left.isIPv4 ? 0 : 1, left.bits) < (right.isIPv4 ? 0 : 1, right.bits)
        }
    }

    private let ports: Index<IPPrefix, RowUUID>
    /// The lengths in use, by family.
    private let lengths: Index<Bool, Length>

    init(_ engine: Engine, _ model: Model) {
        ports = engine.index("router ports by prefix", of: model.routerPorts) { _, port in
            port.map { RouterNetworks.prefixes($0) } ?? []
        }
        let used: Incremental.Relation<Length> = engine.relation("prefix length")
        engine.emitter("prefix lengths of port", over: model.routerPorts) { _, port, context in
            for prefix in port.map({ RouterNetworks.prefixes($0) }) ?? [] {
                context.emit(
                    used, Length(isIPv4: prefix.address.v4 != nil, bits: prefix.length))
            }
        }
        lengths = engine.index("prefix lengths by family", of: engine.collect(used)) {
            length, _ in [length.isIPv4]
        }
    }

    private static func prefixes(_ port: RouterPort) -> [IPPrefix] {
        let networks =
            port.networks4.map { IPPrefix.v4($0.network) }
            + port.networks6.map { IPPrefix.v6($0.network) }
        return Array(Set(networks))
    }

    /// The ports of any router with a network that the address is on, each once, in order.
    func ports(reaching address: IPAddress, _ context: Context) -> [RowUUID] {
        let found = context.members(lengths, address.v4 != nil).flatMap { length in
            context.members(ports, address.prefix(length.bits))
        }
        return Set(found).sorted()
    }
}

extension IPAddress {
    /// The network of this length that the address is on.
    func prefix(_ length: Int) -> IPPrefix {
        switch self {
        case .v4(let address): .v4(IPv4Prefix(address, length: length).network)
        case .v6(let address): .v6(IPv6Prefix(address, length: length).network)
        }
    }
}

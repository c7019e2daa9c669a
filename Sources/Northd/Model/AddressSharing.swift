import Incremental
import OVSDBModel
import Wire

/// Which addresses of a router's ports translation or load balancing uses too.
struct AddressSharing: Sendable {
    let model: Model
    let translations: Translations
    let balancing: LoadBalancing
    /// Load balancers by the addresses of their services.
    let balancers: Index<IPAddress, RowUUID>

    func uses(_ address: IPAddress, of router: RowUUID, _ context: Context) -> Bool {
        if translations.isSource(address, of: router, context) { return true }
        if let router = context.read(model.gateways.routers, router) ?? nil,
            router.isGatewayRouter,
            (router.forcedAfterDNAT.addresses + router.forcedAfterBalancing.addresses)
                .contains(address)
        {
            return true
        }
        return context.members(balancers, address).contains { balancer in
            balancing.applies(balancer, to: router, context)
        }
    }
}

extension LoadBalancing {
    /// Whether the load balancer is on this datapath, itself or by a group.
    func applies(_ balancer: RowUUID, to datapath: RowUUID, _ context: Context) -> Bool {
        guard let reach = context.read(reaches, balancer), !reach.isEmpty else { return false }
        return context.read(places, LoadBalancerPlace(reach: reach, datapath: datapath)) != nil
    }

    /// The routers that a reach covers, in order.
    func routers(
        of reach: LoadBalancerReach, _ inputs: Inputs, _ model: Model, _ context: Context
    ) -> [RowUUID] {
        let direct =
            reach.direct.flatMap { context.read(inputs.datapathsOfLoadBalancer, $0)?.all } ?? []
        let members = reach.groups.flatMap { context.members(datapathsOfGroup, $0) }
        return Set(direct + members).sorted().filter {
            (context.read(model.gateways.routers, $0) ?? nil) != nil
        }
    }

    /// All load balancers of a datapath, in order.
    func balancers(of datapath: RowUUID, _ groups: [RowUUID], _ context: Context) -> [RowUUID] {
        let members = groups.flatMap { context.members(byGroup, $0) }
        return Set(context.members(byDatapath, datapath) + members).sorted()
    }
}

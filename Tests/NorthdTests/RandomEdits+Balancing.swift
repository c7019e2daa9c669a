import OVSDBModel
import OVSDBSession
import Schemas

@testable import Northd

extension RandomEdits {
    /// Load balancers on routers, directly and by group, with addresses that others have too.
    mutating func changeBalancing(_ network: TestNetwork) {
        switch number(4) {
        case 0: addBalancer(network)
        case 1: changeBalancer(network)
        case 2: changeGroup(network)
        default:
            guard let router = pick(NB.LogicalRouter.self, network) else { return }
            let balancer = pick(NB.LoadBalancer.self, network)?.uuid
            network.edit {
                $0.update(
                    router.uuid, [.loadBalancer],
                    of: NB.LogicalRouter(loadBalancer: balancer.map { [$0] } ?? []))
            }
        }
    }

    private mutating func services() -> [String: String] {
        var result: [String: String] = [:]
        for _ in 0...number(2) {
            let backends = (0..<number(3)).map { "10.9.0.\($0 + number(3)):80" }
            result["10.0.\(number(3)).\(number(9) + 1):80"] = backends.joined(separator: ",")
        }
        return result
    }

    private mutating func options() -> [String: String] {
        let all = [
            ["skip_snat": "true"], ["reject": "true"], ["event": "true"], ["distributed": "true"],
            ["affinity_timeout": "30"], ["use_stateless_nat": "true"],
            ["neighbor_responder": "all"], ["neighbor_responder": "none"], [:],
        ]
        return all[number(all.count)]
    }

    private mutating func addBalancer(_ network: TestNetwork) {
        let (vips, options) = (services(), options())
        network.balance("lb\(number(1000))", vips) { $0.options = options }
    }

    private mutating func changeBalancer(_ network: TestNetwork) {
        guard let item = pick(NB.LoadBalancer.self, network) else { return }
        if chance(5) { return network.edit { $0.delete(NB.LoadBalancer.self, item.uuid) } }
        var row = item.row
        if chance(2) { row.vips = services() } else { row.options = options() }
        network.edit { $0.update(item.uuid, from: item.row, to: row) }
    }

    private mutating func changeGroup(_ network: TestNetwork) {
        let members = network.northbound.replica.rows(NB.LoadBalancer.self).map(\.uuid)
        let chosen = canonicalSet(members.filter { _ in chance(2) })
        let known = network.northbound.replica.rows(NB.LoadBalancerGroup.self).first
        let group = known?.uuid ?? network.northbound.makeUUID()
        let router = pick(NB.LogicalRouter.self, network)?.uuid
        network.edit { builder in
            if known == nil {
                builder.insert(NB.LoadBalancerGroup(name: "g", loadBalancer: chosen), uuid: group)
            } else {
                builder.update(
                    group, [.loadBalancer], of: NB.LoadBalancerGroup(loadBalancer: chosen))
            }
            if let router {
                builder.mutate(
                    NB.LogicalRouter.self, router, .loadBalancerGroup, .insert(.ofSet([group])))
            }
        }
    }
}

import OVSDBModel
import OVSDBSession
import Schemas

extension TestNetwork {
    @discardableResult
    func addLoadBalancerGroup(_ name: String) -> RowUUID {
        let uuid = northbound.makeUUID()
        edit { $0.insert(NB.LoadBalancerGroup(name: name), uuid: uuid) }
        return uuid
    }

    @discardableResult
    func addLoadBalancer(
        _ name: String, _ vips: [String: String], in group: RowUUID? = nil,
        _ change: (inout NB.LoadBalancer) -> Void = { _ in }
    ) -> RowUUID {
        let uuid = northbound.makeUUID()
        var row = NB.LoadBalancer(name: name, vips: vips)
        change(&row)
        edit { builder in
            builder.insert(row, uuid: uuid)
            guard let group else { return }
            builder.mutate(
                NB.LoadBalancerGroup.self, group, .loadBalancer, .insert(.ofSet([uuid])))
        }
        return uuid
    }
}

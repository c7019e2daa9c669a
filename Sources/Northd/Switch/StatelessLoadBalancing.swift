import LogicalFlow
import OVSDBModel
import Wire

/// On switches with stateless ACLs and other_config:enable-stateless-acl-with-lb, what is sent to a
/// virtual address, and what comes back from it, passes conntrack whatever the ACLs have said.
package struct StatelessLoadBalancing: SwitchFeature {
    package let balancer: LoadBalancer
    package let service: VirtualService
    /// Load_Balancer.options:hairpin_snat_ip of the service's family.
    package let hairpinSource: IPAddress?

    package func emit(into flows: inout SwitchFlows) {
        let address = ServiceMatch(service, balancer.transport)
        let balance = Action.ctLoadBalance(Action.LoadBalance(.mark))
        flows.add(
            .inPreStateful, 150, .all(address.packet), ActionList(address.remember + [balance]))
        guard service.port != nil || hairpinSource != nil else { return }
        flows.add(
            .inPreStateful, 105,
            .both(
                .symbol(balancer.transport.symbol),
                ServiceMatch.destination(hairpinSource ?? service.address)),
            [balance])
    }
}

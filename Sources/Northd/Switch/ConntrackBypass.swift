import LogicalFlow

/// Traffic from and to routers, other switches and physical networks is tracked by the router or by
/// nobody: the switch's zone is that of a port of its own, and the two directions may pass different
/// chassis.
package struct ConntrackBypass: SwitchFeature {
    package let port: SwitchPort
    package let hasStatefulACL: Bool
    package let hasLoadBalancer: Bool

    package init(port: SwitchPort, hasStatefulACL: Bool = false, hasLoadBalancer: Bool = false) {
        self.port = port
        self.hasStatefulACL = hasStatefulACL
        self.hasLoadBalancer = hasLoadBalancer
    }

    package init(port: SwitchPort, profile: SwitchProfile?) {
        self.init(
            port: port, hasStatefulACL: profile?.hasStatefulACL == true,
            hasLoadBalancer: profile?.hasLoadBalancer == true)
    }

    package func emit(into flows: inout SwitchFlows) {
        if hasStatefulACL, !port.filtersRouter {
            bypass(.inPreACL, .outPreACL, keepsState: port.kind != .localnet, &flows)
        }
        // What comes from a physical network may be for a load balancer.
        if port.kind == .localnet, hasLoadBalancer { return }
        let keepsState = port.kind.isSwitch || port.kind.isRouter && hasStatefulACL
        bypass(.inPreLoadBalancer, .outPreLoadBalancer, keepsState: keepsState, &flows)
    }

    /// The state of the sender's zone means nothing to the ACLs of the other side.
    private func bypass(
        _ ingress: SwitchStage, _ egress: SwitchStage, keepsState: Bool,
        _ flows: inout SwitchFlows
    ) {
        flows.add(
            ingress, 110, .both(.symbol(.ip), .inport(port.name)), [.next], port: port.name)
        let clear: [Action] =
            keepsState ? [] : [.load(.flagsPktSampled, flag: false), .ctClear]
        flows.add(
            egress, 110, .both(.symbol(.ip), .outport(port.name)), ActionList(clear + [.next]),
            port: port.name)
    }
}

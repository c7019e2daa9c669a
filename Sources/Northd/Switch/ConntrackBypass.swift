import LogicalFlow

/// Traffic from and to routers and physical networks is tracked by the router or by nobody; the
/// switch's zone is that of a port of its own.
package struct ConntrackBypass: SwitchFeature {
    package let port: SwitchPort

    package init(port: SwitchPort) { self.port = port }

    package func emit(into flows: inout SwitchFlows) {
        guard port.kind.isRouter || port.kind == .localnet else { return }
        flows.add(
            .inPreLoadBalancer, 110, .both(.symbol(.ip), .inport(port.name)), [.next],
            port: port.name)
        flows.add(
            .outPreLoadBalancer, 110, .both(.symbol(.ip), .outport(port.name)),
            [.load(.flagsPktSampled, flag: false), .ctClear, .next], port: port.name)
    }
}

import LogicalFlow

/// The queue of a port: what it sends to the physical network goes through it.
package struct Shaping: SwitchFeature {
    package let port: SwitchPort
    package let queue: Int
    /// The ports to physical networks on the same switch.
    package let localnets: [String]

    package func emit(into flows: inout SwitchFlows) {
        flows.add(
            .inCheckPortSecurity, 70, .inport(port.name),
            [
                .setQueue(queue), .evaluate(SwitchCell.isRefused, .check(.inPortSecurity)), .next,
            ],
            port: port.name)
        if port.kind == .localnet {
            flows.add(
                .outApplyPortSecurity, 100, .outport(port.name), [.setQueue(queue), .output],
                port: port.name)
        }
        for localnet in localnets where localnet != port.name {
            flows.add(
                .outApplyPortSecurity, 110, .both(.outport(localnet), .inport(port.name)),
                [.setQueue(queue), .output], port: localnet)
        }
    }
}

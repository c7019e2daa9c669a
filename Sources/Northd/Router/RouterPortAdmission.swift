import LogicalFlow
import Wire

/// What may enter a router at a port, and leave it there.
package struct RouterPortAdmission: RouterFeature {
    package let port: RouterPort

    package init(port: RouterPort) { self.port = port }

    package func emit(into flows: inout RouterFlows) {
        guard port.isEnabled else { return }
        let accept: ActionList = [
            .load(RouterCell.inportAddress, .ethernet(port.mac)), .next,
        ]
        flows.add(
            .inAdmission, 50, .both(.symbol(.ethMcast), .inport(port.name)), accept)
        flows.add(
            .inAdmission, 50, .both(.equal(.ethDst, .ethernet(port.mac)), .inport(port.name)),
            accept)
        flows.add(.outDelivery, 100, .outport(port.name), [.output])
        for (index, network) in port.networks4.enumerated() {
            identify(.symbol(.ip4), .equal(RouterCell.nextHop4, .ip4(network)), index, &flows)
        }
        for (index, network) in port.networks6.enumerated() {
            identify(.symbol(.ip6), .equal(RouterCell.nextHop6, .ip6(network)), index, &flows)
        }
    }

    /// Four bits carry the index of the network that a packet leaves to.
    private func identify(
        _ family: Match, _ isOnNetwork: Match, _ index: Int, _ flows: inout RouterFlows
    ) {
        let number = index > 15 ? 0 : UInt64(index)
        flows.add(
            .inNetworkID, 110, .both(.outport(port.name), family, isOnNetwork),
            [.load(.flagsNetworkID, .decimal(number)), .next])
    }
}

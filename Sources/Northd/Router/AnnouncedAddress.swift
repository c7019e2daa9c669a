import LogicalFlow
import Wire

/// An address of another router on the same switch, which it asks its neighbours to know a way to
/// (options:add_route of NAT and Load_Balancer).
package struct AnnouncedAddress: RouterFeature {
    package let port: RouterPort
    package let address: IPAddress
    package let mac: MACAddress
    /// The router takes its neighbour's Ethernet address from the configuration.
    package let isResolved: Bool

    package init(port: RouterPort, address: IPAddress, mac: MACAddress, isResolved: Bool) {
        self.port = port
        self.address = address
        self.mac = mac
        self.isResolved = isResolved
    }

    package func emit(into flows: inout RouterFlows) {
        guard let source = port.anySource(like: address) else { return }
        let prefix = address.prefix(address.v4 == nil ? 128 : 32)
        let hop = RouteHop(portName: port.name, mac: port.mac, source: source, nextHop: nil)
        flows.route(
            RoutePriority.of(prefix, .connected), .route(to: prefix), hop, hasSessions: false)
        guard isResolved else { return }
        let nextHop = address.v4 == nil ? RouterCell.nextHop6 : RouterCell.nextHop4
        flows.add(
            .inNeighbourResolve, 100,
            .both(.outport(port.name), .equal(nextHop, .ip(address))),
            [.load(.ethDst, mac), .next])
    }
}

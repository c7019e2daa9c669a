import LogicalFlow
import Wire

/// Next hops of a router port whose Ethernet addresses the configuration tells: nothing needs to
/// be asked for, and nothing learned.
package struct KnownNeighbours: RouterFeature {
    package let port: RouterPort
    package let stations: [StationAddress]
    /// IPv4 next hops are left to the chassis that has the port.
    package let isBridged: Bool

    package init(port: RouterPort, stations: [StationAddress], isBridged: Bool = false) {
        self.port = port
        self.stations = stations
        self.isBridged = isBridged
    }

    package func emit(into flows: inout RouterFlows) {
        for station in stations {
            for address in station.addresses where port.source(for: address) != nil {
                if isBridged && address.v4 != nil { continue }
                let isNextHop =
                    switch address {
                    case .v4(let address): Match.equal(RouterCell.nextHop4, .ip4(address))
                    case .v6(let address): Match.equal(RouterCell.nextHop6, .ip6(address))
                    }
                flows.add(
                    .inNeighbourResolve, 100, .both(.outport(port.name), isNextHop),
                    [.load(.ethDst, station.mac), .next])
            }
        }
    }
}

import LogicalFlow
import Wire

/// A switch port that leads to a router, from the switch's side.
package struct SwitchSide: Hashable, Sendable {
    package let port: SwitchPort
    package let router: RouterPort
    package let requests: RequestsToRouter
}

/// Requests for an address that the router has besides those of its port.
package struct TranslationOnSwitch: SwitchFeature {
    package let side: SwitchSide
    package let address: IPAddress

    package init(side: SwitchSide, address: IPAddress) {
        self.side = side
        self.address = address
    }

    package func emit(into flows: inout SwitchFlows) { side.requests.add(for: address, &flows) }
}

/// Delivery to the router by the Ethernet address of a translation, where that is done.
package struct StationDelivery: SwitchFeature {
    package let port: SwitchPort
    package let station: NATRule.Station

    package init(port: SwitchPort, station: NATRule.Station) {
        self.port = port
        self.station = station
    }

    package func emit(into flows: inout SwitchFlows) {
        flows.add(
            .inL2Lookup, 50,
            .both(.equal(.ethDst, .ethernet(station.mac)), .isChassisResident(station.port)),
            port.isEnabled ? ActionList(Action.output(to: port.name)) : .drop,
            ifDropped: .disabledPort)
    }
}

import LogicalFlow
import Wire

/// Delivery to the stations that a port is known to have.
package struct Unicast: SwitchFeature {
    package let port: SwitchPort
    package let stations: [StationAddress]

    package init(port: SwitchPort, stations: [StationAddress]) {
        self.port = port
        self.stations = stations
    }

    package func emit(into flows: inout SwitchFlows) {
        var seen: Set<MACAddress> = []
        for station in stations where seen.insert(station.mac).inserted {
            flows.add(
                .inL2Lookup, 50, .equal(.ethDst, .ethernet(station.mac)),
                port.isEnabled ? ActionList(Action.output(to: port.name)) : .drop)
        }
        if !port.isEnabled {
            flows.add(.inL2Unknown, 50, .outport(port.name), .drop)
        }
    }
}

import LogicalFlow
import Wire

/// Delivery to the stations that a port is known to have.
package struct Unicast: SwitchFeature {
    package let port: SwitchPort
    package let stations: [StationAddress]
    /// Somebody takes packets to unknown stations.
    package let switchFloodsUnknown: Bool

    package init(
        port: SwitchPort, stations: [StationAddress], switchFloodsUnknown: Bool = false
    ) {
        self.port = port
        self.stations = stations
        self.switchFloodsUnknown = switchFloodsUnknown
    }

    package func emit(into flows: inout SwitchFlows) {
        guard port.kind != .external, !port.delivery.contains(.isLearned) else { return }
        var seen: Set<MACAddress> = []
        for station in stations where seen.insert(station.mac).inserted {
            flows.add(
                .inL2Lookup, 50, .equal(.ethDst, .ethernet(station.mac)),
                port.isEnabled ? deliver : .drop, ifDropped: .disabledPort)
        }
        if !port.isEnabled {
            flows.drop(.inL2Unknown, 50, .outport(port.name), because: .disabledPort)
        }
    }

    private var deliver: ActionList {
        let output = Action.output(to: port.name)
        guard switchFloodsUnknown, port.delivery.contains(.copiesToUnknown) else {
            return ActionList(output)
        }
        return ActionList([.clone(output)] + Action.output(to: MulticastGroup.unknown.name))
    }
}

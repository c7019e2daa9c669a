import LogicalFlow

/// Learning of stations behind ports with unknown addresses, into the forwarding database.
package struct StationLearning: SwitchFeature {
    package let port: SwitchPort

    package init(port: SwitchPort) { self.port = port }

    package func emit(into flows: inout SwitchFlows) {
        let isLocalnet = port.kind == .localnet
        guard port.learnsStations else {
            if isLocalnet {
                flows.add(
                    .inLookupFDB, 50, .inport(port.name),
                    [.load(.flagsLocalnet, flag: true), .next], port: port.name)
            }
            return
        }
        let station = FieldRange(.ethSrc)
        let lookup: [Action] = [
            .evaluate(
                SwitchCell.isKnownStation,
                .lookupFDB(port: FieldRange(.inport), ethernet: station)),
            .next,
        ]
        let mark: [Action] = isLocalnet ? [.load(.flagsLocalnet, flag: true)] : []
        flows.add(
            .inLookupFDB, 100, .inport(port.name), ActionList(mark + lookup), port: port.name)
        flows.add(
            .inPutFDB, 100, .both(.inport(port.name), .equal(SwitchCell.isKnownStation, 0)),
            [.putFDB(port: FieldRange(.inport), ethernet: station), .next], port: port.name)
    }
}

/// The same on a transit switch for ports of other zones: what comes from them enters the egress
/// pipeline here.
package struct RemoteStationLearning: SwitchFeature {
    package let port: SwitchPort

    package func emit(into flows: inout SwitchFlows) {
        let station = FieldRange(.ethSrc)
        let inport = FieldRange(.inport)
        flows.add(
            .outLookupFDB, 100, .inport(port.name),
            [
                .evaluate(
                    SwitchCell.isKnownStation, .lookupFDB(port: inport, ethernet: station)),
                .next,
            ])
        flows.add(
            .outPutFDB, 100, .both(.inport(port.name), .equal(SwitchCell.isKnownStation, 0)),
            [.putFDB(port: inport, ethernet: station), .next])
    }
}

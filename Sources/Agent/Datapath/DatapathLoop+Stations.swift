import AgentCore

extension DatapathLoop {
    struct Station: Sendable {
        let key: StationKey
        let port: BridgePortName
        let age: Milliseconds
    }

    /// By VLAN and address.
    func stations(of bridge: String) -> [Station] {
        translator.stations.stations(of: bridge, now: now)
            .map { Station(key: $0.key, port: $0.port, age: $0.age) }
    }

    /// Forgets the stations of a bridge, or of all.
    func flushStations(of bridge: String?) {
        recheck(translator.stations.flush(bridge).map { .station($0) })
    }
}

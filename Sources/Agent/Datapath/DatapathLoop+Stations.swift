import AgentCore

extension DatapathLoop {
    struct Station: Sendable {
        let key: StationKey
        let port: BridgePortName
        /// Nil for one that an administrator has put there.
        let age: Milliseconds?
    }

    /// By VLAN and address.
    func stations(of bridge: String) -> [Station] {
        translator.stations.stations(of: bridge, now: now)
            .map { Station(key: $0.key, port: $0.port, age: $0.age) }
    }

    /// A bridge learns where a station is.
    /// - Returns: what flows find otherwise from now on.
    func see(_ sighting: StationSighting) -> [PhysicalDependency] {
        translator.stations.see(sighting, now: now).map { .station($0) }
    }

    /// - Returns: what is to be told of it.
    func fix(_ key: StationKey, to port: BridgePortName) -> String {
        let old = translator.stations[key]
        let wasStatic = translator.stations.isStatic(key)
        recheck(translator.stations.fix(key, to: port).map { .station($0) })
        guard old != nil, old != port || !wasStatic else { return "" }
        return "Overriding already existing \(wasStatic ? "static" : "dynamic") entry\n"
    }

    /// - Returns: whether there was one.
    func release(_ key: StationKey) -> Bool {
        guard translator.stations.release(key) else { return false }
        recheck([.station(key)])
        return true
    }

    func stationStatistics(of bridge: String, capacity: Int) -> String {
        StationText.statistics(
            of: bridge, translator.stations.statistics(of: bridge),
            numbers: translator.stations.numbers(of: bridge), capacity: capacity)
    }

    /// Forgets the stations of a bridge, or of all.
    func flushStations(of bridge: String?) {
        recheck(translator.stations.flush(bridge).map { .station($0) })
    }
}

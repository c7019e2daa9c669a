import OVSDBModel
import OVSDBSession
import Schemas

/// A Service_Monitor: what a chassis probes and tells the health of. A new one is offline, so that
/// a backend gets traffic only after its first success.
package struct ServiceMonitorRow: OwnedRow {
    package typealias Row = SB.ServiceMonitor

    package let origin: RowUUID
    package let key: ServiceMonitorKey
    /// Service_Monitor.type.
    package let type: String
    package var sourceMAC = ""
    package var sourceAddress = ""
    package var mac = ""
    package var inputPort = ""
    package var options: [String: String] = [:]
    /// The chassis that probes; "" while the port is nowhere.
    package var chassis = ""
    /// A port that isn't up can't be reached, whatever was known of it.
    package var isPortUp = false
    /// Another zone probes.
    package var isRemote = false

    package init(origin: RowUUID, key: ServiceMonitorKey, type: String) {
        self.origin = origin
        self.key = key
        self.type = type
    }

    package var name: RowName {
        RowName(key.logicalPort, key.address, String(key.port), key.transport)
    }

    package static func claim(on row: Identified<Row>, _ places: Places) -> RowClaim {
        if row.row.icLearned { return .foreign }
        let key = ServiceMonitorKey(row.row)
        return .own(RowName(key.logicalPort, key.address, String(key.port), key.transport))
    }

    package func row(over actual: Row?, _ scene: Scene) -> Row? {
        var row = actual ?? SB.ServiceMonitor(status: SB.ServiceMonitor.statusOffline)
        row.type = type
        row.logicalPort = key.logicalPort
        row.ip = key.address
        row.port = key.port
        row.protocol = key.transport
        row.mac = mac
        row.srcMAC = sourceMAC
        row.srcIP = sourceAddress
        row.logicalInputPort = inputPort
        row.options = options
        row.chassisName = chassis
        row.remote = isRemote
        if !isPortUp && !isRemote { row.status = SB.ServiceMonitor.statusOffline }
        return row
    }
}

import OVSDBModel
import OVSDBSession
import Schemas

/// The local datapaths and their ports by the numbers that packets have.
package struct ServiceRows {
    package enum Limits {
        /// Seconds until something ages, and how many there may be of anything: no northd writes more.
        package static let threshold = Int(UInt32.max)
    }

    /// Rows of Datapath_Binding by tunnel key.
    package var datapaths: [UInt32: RowUUID] = [:]
    package var ports: [PortReference: Identified<SB.PortBinding>] = [:]
    package var references: [String: PortReference] = [:]
    /// In order of their numbers.
    package private(set) var sortedPorts: [(PortReference, Identified<SB.PortBinding>)] = []
    /// Seconds after which northd deletes what is not refreshed, by datapath.
    package var neighbourThresholds: [UInt32: Int] = [:]
    package var stationThresholds: [UInt32: Int] = [:]
    /// Neighbours that a router may have, where northd says so.
    package var neighbourLimits: [UInt32: Int] = [:]
    /// Datapaths whose router doesn't announce anything.
    package var quietRouters: Set<UInt32> = []

    /// The tables that are read.
    package static let tables: [any TypedRow.Type] = [
        SB.DatapathBinding.self, SB.PortBinding.self,
    ]

    package init(_ everything: Replica, datapaths local: LocalDatapaths) {
        let replica = everything.limited(to: Self.tables)
        var keys: [RowUUID: UInt32] = [:]
        for row in replica.rows(SB.DatapathBinding.self) where local.rows.contains(row.uuid) {
            let key = UInt32(truncatingIfNeeded: row.row.tunnelKey)
            keys[row.uuid] = key
            datapaths[key] = row.uuid
            if row.row.externalIDs["disable_garp_rarp"] == "true" { quietRouters.insert(key) }
            neighbourThresholds[key] = Self.threshold(row.row, "mac_binding_age_threshold")
            stationThresholds[key] = Self.threshold(row.row, "fdb_age_threshold")
            neighbourLimits[key] = row.row.neighbourLimit
        }
        for port in replica.rows(SB.PortBinding.self) {
            guard let datapath = keys[port.row.datapath] else { continue }
            let reference = PortReference(
                datapath: datapath, port: UInt32(truncatingIfNeeded: port.row.tunnelKey))
            ports[reference] = port
            references[port.row.logicalPort] = reference
        }
        sortedPorts = ports.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    static func threshold(_ row: SB.DatapathBinding, _ key: String) -> Int? {
        row.externalIDs[key].flatMap { Int($0) }
            .flatMap { $0 > 0 ? min($0, Limits.threshold) : nil }
    }

    /// The port whose neighbours a router has learned under a key: of a gateway port's redirect port
    /// the gateway port itself.
    func holder(of key: PortReference) -> (PortReference, SB.PortBinding)? {
        guard let row = ports[key]?.row else { return nil }
        guard row.type == "chassisredirect" else { return (key, row) }
        return row.options["distributed-port"].flatMap { port(named: $0) }
            .map { ($0.0, $0.1.row) }
    }

    package func port(named name: String) -> (PortReference, Identified<SB.PortBinding>)? {
        guard let reference = references[name], let port = ports[reference] else { return nil }
        return (reference, port)
    }
}

import OVSDBModel
import OVSDBSession
import Schemas

/// An ECMP_Nexthop: a next hop that connections remember (options:ecmp_symmetric_reply). A chassis
/// asks for its Ethernet address, and forgets the connections by it when the row goes or the
/// address changes.
package struct ECMPNextHopRow: OwnedRow {
    package typealias Row = SB.ECMPNexthop

    package let origin: RowUUID
    package let router: RowUUID
    package let port: String
    package let address: String
    /// "" as long as nobody knows it.
    package let mac: String

    package var name: RowName { RowName(address, port) }

    package static func claim(on row: Identified<Row>, _ places: Places) -> RowClaim {
        places.ports[row.row.port].map { .own(RowName(row.row.nexthop, $0)) } ?? .stray
    }

    package func row(over actual: Row?, _ scene: Scene) -> Row? {
        guard let port = scene.row(ofPort: port), scene.hasDatapath(router) else { return nil }
        var row = actual ?? SB.ECMPNexthop()
        row.nexthop = address
        row.port = port
        row.datapath = scene.row(ofDatapath: router)
        row.mac = mac
        return row
    }
}

import OVSDBModel
import OVSDBSession
import Schemas

/// A BFD session of a router port with a next hop (RFC 5881). Chassis write the status, except
/// that northd opens and closes the session.
package struct BFDRow: OwnedRow {
    package typealias Row = SB.BFD

    package enum Defaults {
        /// Milliseconds between packets (RFC 5880 §4.1).
        package static let interval = 1000
        package static let multiplier = 5
    }

    static let adminDown = "admin_down"

    package let origin: RowUUID
    package let key: BFDKey
    package let contents: NB.BFD
    package let sourcePort: Int
    /// Some route or policy asks for the session.
    package let isUsed: Bool
    package let chassis: String

    package var name: RowName { RowName(key.port, key.address) }

    package static func claim(on row: Identified<SB.BFD>, _ places: Places) -> RowClaim {
        .own(RowName(row.row.logicalPort, row.row.dstIP))
    }

    package func row(over actual: SB.BFD?, _ scene: Scene) -> SB.BFD? {
        var row = actual ?? SB.BFD(disc: discriminator, status: BFDRow.adminDown)
        row.logicalPort = key.port
        row.dstIP = key.address
        row.srcPort = sourcePort
        row.minTx = contents.minTx ?? Defaults.interval
        row.minRx = contents.minRx ?? Defaults.interval
        row.detectMult = contents.detectMult ?? Defaults.multiplier
        row.options = contents.options
        row.externalIDs = contents.externalIDs
        row.chassisName = chassis
        if !isUsed {
            row.status = BFDRow.adminDown
        } else if row.status == BFDRow.adminDown {
            row.status = SB.BFD.statusDown
        }
        return row
    }

    /// Never zero (RFC 5880 §6.8.1), and the same for every northd.
    private var discriminator: Int { Int(uuid.low >> 33) | 1 }
}

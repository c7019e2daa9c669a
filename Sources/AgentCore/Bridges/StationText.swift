// The stations of a bridge as ovs-vswitchd(8) lists them (`fdb/show`).

import Wire

package enum StationText {
    package static let heading = " port  VLAN  MAC                Age"

    /// - Parameters:
    ///   - port: the number or name of the port behind which the station is.
    ///   - age: since it was seen last.
    package static func line(port: String, station: StationKey, age: Milliseconds) -> String {
        "\(padded(port, 5))  \(padded(String(station.vlan), 4))  \(station.address)  "
            + padded(String(age / 1000), 3)
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}

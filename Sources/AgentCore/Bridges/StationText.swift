// The stations of a bridge as ovs-vswitchd(8) lists them (`fdb/show`).

import Wire

package enum StationText {
    package static let heading = " port  VLAN  MAC                Age"

    /// - Parameters:
    ///   - port: the number or name of the port behind which the station is.
    ///   - age: since it was seen last; nil for one that an administrator has put there.
    package static func line(port: String, station: StationKey, age: Milliseconds?) -> String {
        "\(padded(port, 5))  \(padded(String(station.vlan), 4))  \(station.address)  "
            + (age.map { padded(String($0 / 1000), 3) } ?? "static")
    }

    /// `fdb/stats-show`
    package static func statistics(
        of bridge: String, _ statistics: StationTable.Statistics, numbers: (all: Int, fixed: Int),
        capacity: Int
    ) -> String {
        """
        Statistics for bridge "\(bridge)":
          Current/maximum MAC entries in the table: \(numbers.all)/\(capacity)
          Current static MAC entries in the table : \(numbers.fixed)
          Total number of learned MAC entries     : \(statistics.learned)
          Total number of expired MAC entries     : \(statistics.expired)
          Total number of evicted MAC entries     : \(statistics.evicted)
          Total number of port moved MAC entries  : \(statistics.moved)

        """
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}

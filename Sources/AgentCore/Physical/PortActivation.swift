// A port that moves is on two chassis meanwhile. On the new one it stays silent until its workload
// runs there, which the workload (or who moves it) says with one of the frames of the port's
// `activation-strategy` (ovn-nb(5), Logical_Switch_Port): from then on it forwards. So no packet is
// taken twice, and none before there is somebody to take it.

import OVSDBModel
import Schemas
import Wire

package struct PortActivation: Hashable, Sendable {
    package enum Strategy: String, Hashable, Sendable { case rarp, garp, na }

    let strategies: Set<Strategy>
    let stations: [StationAddresses]

    /// - Parameter chassis: the name of this one, which holds the port beside another.
    /// - Returns: nil for a port that waits for nothing.
    package init?(_ row: SB.PortBinding, chassis: String, problem: (String) -> Void) {
        let activated = row.options[Self.activatedKey] ?? ""
        guard let text = row.options["activation-strategy"],
            !activated.split(separator: ",").contains(where: { $0 == chassis })
        else { return nil }
        var strategies: Set<Strategy> = []
        for word in text.split(separator: ",").map(\.trimmed) where !word.isEmpty {
            guard let strategy = Strategy(rawValue: word) else {
                problem("Port_Binding \(row.logicalPort): unknown activation strategy \"\(word)\"")
                continue
            }
            strategies.insert(strategy)
        }
        let stations = row.mac.compactMap { StationAddresses(parsing: $0) }
        guard !strategies.isEmpty, !stations.isEmpty else { return nil }
        self.strategies = strategies
        self.stations = stations
    }

    /// The option with the chassis on which the port has been activated.
    static let activatedKey = "additional-chassis-activated"
}

// A VLAN trunk port: one Logical_Switch_Port whose options:trunk says which logical switch each of
// its VLANs is (decision 6). Every VLAN becomes a port of its switch, nested in the trunk, as if the
// configuration had a row for it; so features see ordinary ports, and every chassis that binds
// nested ports can carry it.
//
// What must hold: a VLAN that comes or goes concerns itself, however many the trunk has.

import OVSDBModel
import Schemas
import Wire

/// options:trunk, `VLAN:SWITCH[,VLAN:SWITCH...]`.
package struct Trunk: Hashable, Sendable {
    package enum Limits {
        /// IEEE 802.1Q, 0 and 4095 are none.
        package static let vlans = 1...4094
    }

    /// The name or UUID of the switch of each VLAN.
    package let switches: [Int: String]

    /// What can't be understood is told to `report` and left out.
    package init(parsing text: String, report: (_ reason: String) -> Void = { _ in }) {
        var switches: [Int: String] = [:]
        for entry in text.split(separator: ",") {
            let entry = entry.drop { $0 == " " }
            guard let colon = entry.firstIndex(of: ":"), let vlan = Int(entry[..<colon]),
                Limits.vlans.contains(vlan)
            else {
                report("no VLAN and switch: \"\(entry)\"")
                continue
            }
            if switches[vlan] == nil {
                switches[vlan] = String(entry[entry.index(after: colon)...])
            } else {
                report("VLAN \(vlan) has a switch already")
            }
        }
        self.switches = switches
    }

    package static func name(of vlan: Int, on trunk: String) -> String { "\(trunk).vlan\(vlan)" }

    /// The UUID of a VLAN's row. It begins as that of the trunk, so that flows point to the trunk.
    static func uuid(of vlan: Int, on trunk: RowUUID) -> RowUUID {
        let own = SouthboundUUID.named("VLAN of a trunk", "\(trunk) \(vlan)")
        return RowUUID(high: trunk.high, low: own.low)
    }
}

/// Options of a row that stands for one VLAN of a trunk.
enum TrunkOption {
    static let trunk = "trunk"
    /// In a VLAN's row: the trunk's row, and its switch.
    static let port = "trunk-port"
    static let `switch` = "trunk-switch"
    /// What a VLAN has of its trunk.
    static let inherited = [
        "receive_multicast", "lsp_learn_fdb", "force_fdb_lookup", "pkt_clone_type", "mtu",
        "control_limits",
    ]
}

extension NB.LogicalSwitchPort {
    /// The rows of the port's VLANs; none of a port that is no trunk.
    func vlans(of key: RowUUID) -> [RowUUID: NB.LogicalSwitchPort] {
        guard let text = options[TrunkOption.trunk], type.isEmpty,
            parentName?.isEmpty != false
        else { return [:] }
        var base = NB.LogicalSwitchPort()
        base.enabled = enabled
        base.parentName = name
        // Addresses of one network say nothing about another.
        base.addresses = NB.LogicalSwitchPort.stations(addresses)
        base.portSecurity = NB.LogicalSwitchPort.stations(portSecurity)
        base.options[TrunkOption.port] = key.description
        for option in TrunkOption.inherited { base.options[option] = options[option] }
        var rows: [RowUUID: NB.LogicalSwitchPort] = [:]
        for (vlan, name) in Trunk(parsing: text).switches {
            var row = base
            row.name = Trunk.name(of: vlan, on: self.name)
            row.tagRequest = vlan
            row.options[TrunkOption.switch] = name
            rows[Trunk.uuid(of: vlan, on: key)] = row
        }
        return rows
    }

    /// Ethernet addresses without what follows them.
    private static func stations(_ addresses: [String]) -> [String] {
        canonicalSet(
            addresses.compactMap { text in
                let word = text.split(separator: " ").first.map(String.init)
                return word == "dynamic" || word == "router" ? nil : word
            })
    }

    /// The row that a VLAN's row was made from.
    var trunk: RowUUID? { options[TrunkOption.port].flatMap { RowUUID(parsing: $0) } }
}

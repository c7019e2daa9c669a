import OVSDBModel
import Schemas

@testable import Northd

extension RandomEdits {
    /// What stock northd doesn't know: sizes of networks, trunks, limits.
    mutating func changeExtensions(_ network: TestNetwork) {
        switch number(4) {
        case 0: changeNetworkMTU(network)
        case 1: changePortMTU(network)
        default: changeTrunk(network)
        }
    }

    private mutating func changeNetworkMTU(_ network: TestNetwork) {
        guard let item = pick(NB.LogicalSwitch.self, network) else { return }
        var row = item.row
        row.otherConfig["mtu"] = chance(3) ? nil : chance(9) ? "short" : "\(1400 + 100 * number(3))"
        network.edit { $0.update(item.uuid, from: item.row, to: row) }
    }

    private mutating func changePortMTU(_ network: TestNetwork) {
        if chance(2) {
            guard let item = pick(NB.LogicalRouterPort.self, network) else { return }
            var row = item.row
            row.ipv6RAConfigs["mtu"] = chance(3) ? nil : "\(1280 + 100 * number(3))"
            row.options["gateway_mtu"] = chance(3) ? "\(1400 + 100 * number(2))" : nil
            network.edit { $0.update(item.uuid, from: item.row, to: row) }
        } else {
            guard let item = pick(NB.LogicalSwitchPort.self, network) else { return }
            var row = item.row
            row.options["mtu"] = chance(3) ? nil : "\(1200 + 100 * number(3))"
            network.edit { $0.update(item.uuid, from: item.row, to: row) }
        }
    }

    private mutating func changeTrunk(_ network: TestNetwork) {
        guard let item = pick(NB.LogicalSwitchPort.self, network) else { return }
        var row = item.row
        let names = network.northbound.replica.rows(NB.LogicalSwitch.self).map {
            chance(3) ? $0.uuid.description : $0.row.name
        }
        let entries = (0..<number(4)).map { _ in
            "\(number(3) + 1):\(names.randomElement(using: &random) ?? "none")"
        }
        row.options["trunk"] = chance(4) ? nil : entries.joined(separator: ",")
        if !chance(3) { (row.type, row.parentName) = ("", nil) }
        network.edit { $0.update(item.uuid, from: item.row, to: row) }
    }
}

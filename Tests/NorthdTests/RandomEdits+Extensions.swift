import OVSDBModel
import Schemas

@testable import Northd

extension RandomEdits {
    /// What stock northd doesn't know: sizes of networks, trunks, limits.
    mutating func changeExtensions(_ network: TestNetwork) {
        switch number(6) {
        case 0: changeNetworkMTU(network)
        case 1: changePortMTU(network)
        case 2: changeHelper(network)
        case 3: changeMonitoring(network)
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

    private mutating func changeHelper(_ network: TestNetwork) {
        let helper = chance(3) ? nil : chance(6) ? "irc" : chance(2) ? "ftp" : "tftp"
        if chance(2) {
            guard let item = pick(NB.ACL.self, network) else { return }
            var row = item.row
            row.options["ct_helper"] = helper
            if !chance(3) { row.action = "allow-related" }
            network.edit { $0.update(item.uuid, from: item.row, to: row) }
        } else {
            guard let item = pick(NB.LoadBalancer.self, network) else { return }
            var row = item.row
            row.options["ct_helper"] = helper
            network.edit { $0.update(item.uuid, from: item.row, to: row) }
        }
    }

    /// Next hops that connections remember.
    private mutating func changeMonitoring(_ network: TestNetwork) {
        network.setOptions(["ecmp_nexthop_monitor_enable": chance(4) ? "false" : "true"])
        guard let item = pick(NB.LogicalRouterStaticRoute.self, network) else { return }
        var row = item.row
        row.options["ecmp_symmetric_reply"] = chance(4) ? nil : "true"
        network.edit { $0.update(item.uuid, from: item.row, to: row) }
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

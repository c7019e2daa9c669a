import OVSDBModel
import OVSDBSession
import Schemas

@testable import Northd

extension RandomEdits {
    /// Puts router ports on gateway chassis, by list and by group, and takes them away again.
    mutating func changeGateways(_ network: TestNetwork) {
        guard let item = pick(NB.LogicalRouterPort.self, network) else { return }
        switch number(6) {
        case 0, 1: network.addGateways("hv\(number(3))", to: item.uuid)
        case 2:
            network.edit {
                $0.update(
                    item.uuid, [.gatewayChassis, .haChassisGroup], of: NB.LogicalRouterPort())
            }
        case 3: useGroup(item.uuid, network)
        default: changeOptions(item, network)
        }
    }

    private mutating func useGroup(_ port: RowUUID, _ network: TestNetwork) {
        let name = "ha\(number(2))"
        let known = network.northbound.replica.rows(NB.HAChassisGroup.self).first {
            $0.row.name == name
        }
        let (group, member) = (
            known?.uuid ?? network.northbound.makeUUID(), network.northbound.makeUUID()
        )
        let row = NB.HAChassis(chassisName: "hv\(number(3))", priority: number(5))
        network.edit { builder in
            builder.insert(row, uuid: member)
            if known == nil {
                builder.insert(NB.HAChassisGroup(name: name, haChassis: [member]), uuid: group)
            } else {
                builder.update(group, [.haChassis], of: NB.HAChassisGroup(haChassis: [member]))
            }
            builder.update(
                port, [.haChassisGroup], of: NB.LogicalRouterPort(haChassisGroup: group))
        }
    }

    private mutating func changeOptions(
        _ item: Identified<NB.LogicalRouterPort>, _ network: TestNetwork
    ) {
        var row = item.row
        row.options = [:]
        if chance(3) { row.options["redirect-type"] = chance(2) ? "bridged" : "overlay" }
        if chance(3) { row.options["reside-on-redirect-chassis"] = "true" }
        if chance(3) { row.options["gateway_mtu"] = "\(1400 + number(2))" }
        if chance(3) { row.options["route_table"] = "t\(number(2))" }
        if chance(4) { row.options["mcast_flood"] = "true" }
        if chance(5) { row.options["routing-protocol-redirect"] = "p\(number(40))" }
        if chance(6) { row.options["gateway_mtu_bypass"] = chance(3) ? "&&" : "tcp" }
        network.edit { $0.update(item.uuid, from: item.row, to: row) }
    }
}

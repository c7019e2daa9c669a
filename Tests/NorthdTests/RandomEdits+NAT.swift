import OVSDBModel
import OVSDBSession
import Schemas

@testable import Northd

extension RandomEdits {
    /// Rules come and go, with addresses that collide with those of ports, and of every kind.
    mutating func changeNAT(_ network: TestNetwork) {
        guard let router = pick(NB.LogicalRouter.self, network) else { return }
        if chance(3), let rule = router.row.nat.randomElement(using: &random) {
            return network.edit {
                $0.mutate(NB.LogicalRouter.self, router.uuid, .nat, .delete(.ofSet([rule])))
            }
        }
        if chance(4) { return network.setOption("use_common_zone", chance(2) ? "true" : "false") }
        let kinds = ["snat", "dnat", "dnat_and_snat"]
        let kind = kinds[number(3)]
        let external = chance(5) ? "fd00::1\(number(9) + 1)" : "10.0.\(number(3)).\(number(9) + 1)"
        let logical =
            kind == "snat" && !chance(4) ? "10.0.\(number(3)).0/24" : "10.9.0.\(number(5))"
        var row = NB.NAT()
        if chance(3) {
            row.logicalPort = "p\(number(40))"
            row.externalMAC = chance(9) ? "x" : "02:00:00:00:03:0\(number(9))"
        }
        if chance(4) { row.options["stateless"] = "true" }
        if chance(5) { row.match = chance(4) ? "((" : "tcp" }
        if chance(5) { row.externalPortRange = "1-\(number(3))" }
        if chance(4) {
            let set = network.northbound.replica.rows(NB.AddressSet.self)
                .randomElement(using: &random)?.uuid
            if chance(2) { row.allowedExtIPs = set } else { row.exemptedExtIPs = set }
        }
        network.addNAT(kind, external, logical, on: router.uuid) { rule in
            let (type, address, host) = (rule.type, rule.externalIP, rule.logicalIP)
            rule = row
            (rule.type, rule.externalIP, rule.logicalIP) = (type, address, host)
        }
    }
}

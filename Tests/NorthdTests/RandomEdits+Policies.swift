import OVSDBModel
import OVSDBSession
import Schemas

@testable import Northd

extension RandomEdits {
    /// Policies, and routes with everything that a route may have.
    mutating func changePolicies(_ network: TestNetwork) {
        guard let router = pick(NB.LogicalRouter.self, network) else { return }
        if chance(3), let policy = router.row.policies.randomElement(using: &random) {
            return network.edit {
                $0.mutate(NB.LogicalRouter.self, router.uuid, .policies, .delete(.ofSet([policy])))
            }
        }
        let actions = ["allow", "drop", "reroute", "jump"]
        var row = NB.LogicalRouterPolicy()
        if chance(3) { row.chain = "c\(number(2))" }
        row.jumpChain = "c\(number(3))"
        if chance(3) { row.options["pkt_mark"] = "\(number(3))" }
        row.nexthops = canonicalSet(
            (0..<number(3)).map { _ in "10.0.\(number(3)).\(number(9) + 1)" })
        row.bfdSessions = pick(NB.BFD.self, network).map { [$0.uuid] } ?? []
        network.addPolicy(
            number(9), chance(9) ? "((" : "tcp.dst == \(number(3))", actions[number(4)],
            on: router.uuid
        ) { policy in
            let (priority, match, action) = (policy.priority, policy.match, policy.action)
            policy = row
            (policy.priority, policy.match, policy.action) = (priority, match, action)
        }
    }

    /// BFD sessions, and what chassis say of them.
    mutating func changeSessions(_ network: TestNetwork) {
        if chance(2), let item = network.rows(SB.BFD.self).randomElement(using: &random) {
            let status = ["up", "down", "init"][number(3)]
            return network.editSouthbound {
                $0.update(item.uuid, [.status], of: SB.BFD(status: status))
            }
        }
        let (port, address) = ("lrp\(number(12))", "10.0.\(number(3)).\(number(9) + 1)")
        let isKnown = network.northbound.replica.rows(NB.BFD.self).contains {
            $0.row.logicalPort == port && $0.row.dstIP == address
        }
        if isKnown { return }
        let uuid = network.northbound.makeUUID()
        network.edit { $0.insert(NB.BFD(logicalPort: port, dstIP: address), uuid: uuid) }
    }

    mutating func addElaborateRoute(_ network: TestNetwork) {
        guard let router = pick(NB.LogicalRouter.self, network) else { return }
        var row = NB.LogicalRouterStaticRoute()
        if chance(3) { row.routeTable = "t\(number(2))" }
        if chance(3) { row.options["ecmp_symmetric_reply"] = "true" }
        if chance(4) { row.options["override-connected"] = "true" }
        if chance(4) { row.options["origin"] = "connected" }
        if chance(3) { row.selectionFields = ["ip_src", "tp_dst"] }
        if chance(3) { row.bfd = pick(NB.BFD.self, network)?.uuid }
        if chance(4) { row.outputPort = "lrp\(number(12))" }
        let hop = chance(5) ? "" : chance(6) ? "fd00::99" : "10.0.\(number(3)).\(number(9) + 1)"
        network.addRoute("10.\(number(3)).0.0/24", via: hop, on: router.uuid) { route in
            let (prefix, nexthop) = (route.ipPrefix, route.nexthop)
            route = row
            (route.ipPrefix, route.nexthop) = (prefix, nexthop)
        }
    }
}

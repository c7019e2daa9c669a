import OVSDBModel
import Schemas
import Testing

@testable import Northd

/// What is wrong is named with its table, row, column and reason, once, and stops nothing else.
@Suite struct ProblemTests {
    private let gateway = GatewayNetwork()
    private var network: TestNetwork { gateway.network }

    /// One bad row of each kind that the router side has, beside good ones.
    private func spoil() -> [String: RowUUID] {
        var rows: [String: RowUUID] = [:]
        rows["no prefix"] = network.addRoute("10.0.0.0/40", via: "10.0.0.9", on: gateway.router)
        rows["no port leads"] = network.addRoute(
            "10.7.0.0/16", via: "9.9.9.9", on: gateway.router)
        rows["no address: \"x\""] = network.addRoute("10.6.0.0/16", via: "x", on: gateway.router)
        rows["match"] = network.addPolicy(10, "ip4 ==", "drop", on: gateway.router)
        rows["external"] = network.addNAT("snat", "172.16", "10.0.0.0/24", on: gateway.router)
        rows["peer of nothing"] = network.addRouterPort(
            "lost", to: gateway.router, mac: "02:00:00:00:09:01", networks: ["10.8.0.1/24"]
        ) { $0.peer = "nowhere" }
        rows["own peer"] = network.addRouterPort(
            "self", to: gateway.router, mac: "02:00:00:00:09:02", networks: ["10.8.1.1/24"]
        ) { $0.peer = "self" }
        rows["mac"] = network.addRouterPort(
            "bad-mac", to: gateway.router, mac: "nothing", networks: ["10.8.2.1/24"])
        rows["router-port"] = network.addPort("dangling", to: gateway.inner) {
            $0.type = "router"
            $0.options["router-port"] = "nowhere"
        }
        rows["BFD port"] = network.insert(NB.BFD(logicalPort: "nowhere", dstIP: "10.0.0.9"))
        rows["BFD address"] = network.insert(NB.BFD(logicalPort: "r-in", dstIP: "ten"))
        rows["HA group"] = network.insert(NB.HAChassisGroup(name: "empty"))
        return rows
    }

    @Test func everyKindIsNamedOnce() {
        let rows = spoil()
        network.settle()
        let problems = network.northd.problems
        for (kind, row) in rows {
            let found = problems.filter { $0.row == row }
            #expect(found.count == 1, "\(kind): \(found)")
            #expect(found.allSatisfy { !$0.column.isEmpty && !$0.reason.isEmpty }, "\(kind)")
        }
        #expect(problems.count == rows.count)
        let told = network.takeReports().filter {
            if case .problem = $0 { true } else { false }
        }
        #expect(told.count == rows.count, "each once")
        network.addPort("another", to: gateway.inner, addresses: ["02:00:00:00:00:09 10.0.0.9"])
        network.settle()
        #expect(network.takeReports().isEmpty, "not again")
    }

    @Test func nothingElseStops() {
        _ = spoil()
        network.addRoute("10.5.0.0/16", via: "10.0.0.9", on: gateway.router)
        network.addPolicy(11, "ip6", "drop", on: gateway.router)
        network.addNAT("snat", "172.16.0.100", "10.0.0.0/24", on: gateway.router)
        network.settle()
        #expect(
            network.flows("lr_in_ip_routing", on: "r").contains { $0.contains("10.5.0.0/16") })
        network.expectFlows("lr_in_policy", on: "r", "[11] ip6 -> drop;")
        #expect(
            network.flows("lr_out_snat", on: "r").contains { $0.contains("172.16.0.100") })
        #expect(network.binding("cr-r-out")?.type == "chassisredirect")
        #expect(network.binding("lost") != nil, "the port is there, its peer isn't")
    }

    @Test func whatIsMendedIsSolved() {
        let rows = spoil()
        network.settle()
        _ = network.takeReports()
        guard let lost = rows["peer of nothing"], let dangling = rows["router-port"] else {
            Issue.record("no rows")
            return
        }
        let other = network.addRouter("other")
        network.addRouterPort(
            "nowhere", to: other, mac: "02:00:00:00:09:09", networks: ["10.8.0.2/24"]
        ) { $0.peer = "lost" }
        network.settle()
        let open = Set(network.northd.problems.map(\.row))
        #expect(!open.contains(lost) && !open.contains(dangling))
        let solved = network.takeReports().compactMap {
            if case .solved(let problem) = $0 { problem.row } else { nil }
        }
        #expect(Set(solved).isSuperset(of: [lost, dangling]))
    }

    @Test func peersThatDisagree() {
        let other = network.addRouter("other")
        let one = network.addRouterPort(
            "one", to: gateway.router, mac: "02:00:00:00:09:01", networks: ["10.8.0.1/24"]
        ) { $0.peer = "two" }
        network.addRouterPort(
            "two", to: other, mac: "02:00:00:00:09:02", networks: ["10.8.0.2/24"])
        network.settle()
        #expect(network.northd.problems.map(\.row) == [one])
        #expect(network.northd.problems.map(\.reason) == ["\"two\" has another peer"])
        #expect(network.binding("one")?.options["peer"] == nil)
    }
}

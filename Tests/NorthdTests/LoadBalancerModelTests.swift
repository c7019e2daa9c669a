import OVSDBModel
import Schemas
import Testing
import Wire

@testable import Northd

@Suite struct LoadBalancerModelTests {
    private func parse(
        _ row: NB.LoadBalancer, checks: [NB.LoadBalancerHealthCheck] = [],
        problems: [String] = []
    ) -> LoadBalancer {
        final class Reports { var lines: [String] = [] }
        let reports = Reports()
        let balancer = LoadBalancer(row, healthChecks: checks) { column, reason in
            reports.lines.append("\(column): \(reason)")
        }
        #expect(reports.lines == problems)
        return balancer
    }

    @Test func servicesOfBothFamilies() {
        let balancer = parse(
            NB.LoadBalancer(
                name: "lb",
                vips: [
                    "10.0.0.10:80": "10.0.1.1:8080, 10.0.1.2:8080",
                    "[fd00::10]:443": "[fd01::1]:8443", "10.0.0.11": "10.0.1.1",
                    "fd00::11": "fd01::1,fd01::2",
                ],
                protocol: "udp", selectionFields: ["ip_src", "tp_dst"]))
        #expect(
            balancer.services.map(\.text) == [
                "10.0.0.10:80", "10.0.0.11", "[fd00::10]:443", "fd00::11",
            ])
        #expect(balancer.services.map(\.backends.count) == [2, 1, 1, 2])
        #expect(balancer.services[0].backends[1].port == 8080)
        #expect(balancer.hashFields == ["ip_src", "udp_dst"])
        #expect(balancer.transport == .udp)
    }

    @Test func aBadPartIsLeftOutAlone() {
        let balancer = parse(
            NB.LoadBalancer(
                vips: [
                    "nonsense": "10.0.0.1:1", "10.0.0.1:80": "10.0.0.2:8080,fd00::1,10.0.0.3",
                    "fd00:0::1": "", "fd00::1": "",
                ]),
            problems: [
                "vips: no backend of 10.0.0.1:80: \"fd00::1\"",
                "vips: no backend of 10.0.0.1:80: \"10.0.0.3\"",
                "vips: no address: \"nonsense\"", "vips: fd00::1 is there twice",
            ])
        #expect(balancer.services.map(\.text) == ["10.0.0.1:80", "fd00::1"])
        #expect(balancer.services[0].backends.map(\.address.description) == ["10.0.0.2"])
    }

    @Test(
        arguments: [
            ("p1", "p1", nil, nil), ("p1:10.0.0.5", "p1", "10.0.0.5", nil),
            ("p1:[fd00::5]:az2", "p1", "fd00::5", "az2"),
            ("p1:10.0.0.5:az1", "p1", "10.0.0.5", "az1"),
        ] as [(String, String, String?, String?)])
    func placements(text: String, port: String, source: String?, zone: String?) {
        let placement = BackendPlacement(parsing: text)
        #expect(placement.logicalPort == port)
        #expect(placement.source?.description == source)
        #expect(placement.zone == zone)
    }

    @Test func templatesStayText() {
        let balancer = parse(
            NB.LoadBalancer(
                vips: ["^vip:^port": "^backends", "^vip6": "^b1"],
                options: ["template": "true", "address-family": "ipv4"]))
        #expect(balancer.services.isEmpty && balancer.isInUse)
        #expect(balancer.templates.map(\.address) == ["^vip6", "^vip"])
        #expect(balancer.templates.map(\.port) == [nil, "^port"])
    }
}

/// Load balancers in a network: Southbound rows, groups, and what a join costs.
@Suite struct LoadBalancerGraphTests {
    @Test func aGroupsLoadBalancersShareOneDatapathGroup() throws {
        let network = TestNetwork()
        let group = network.addLoadBalancerGroup("all")
        let first = network.addLoadBalancer("lb1", ["10.0.0.1:80": "10.1.0.1:80"], in: group)
        network.addLoadBalancer("lb2", ["10.0.0.2:80": "10.1.0.1:80"], in: group)
        let single = network.addLoadBalancer("lb3", ["10.0.0.3:80": "10.1.0.1:80"])
        let switches = (0..<3).map { number in
            network.addSwitch("s\(number)") { row in
                row.loadBalancerGroup = [group]
                if number == 0 { row.loadBalancer = [single] }
            }
        }
        network.settle()
        let rows = network.rows(SB.LoadBalancer.self)
        #expect(rows.count == 3)
        let shared = Set(rows.filter { $0.row.name != "lb3" }.map(\.row.lsDatapathGroup))
        #expect(shared.count == 1, "two load balancers of one group are on one datapath group")
        let row = try #require(rows.first { $0.row.name == "lb1" })
        #expect(row.uuid == first && row.row.lrDatapathGroup == nil)
        #expect(members(row.row.lsDatapathGroup, network) == ["s0", "s1", "s2"])
        let other = try #require(rows.first { $0.row.name == "lb3" })
        #expect(members(other.row.lsDatapathGroup, network) == ["s0"])

        network.edit {
            $0.mutate(
                NB.LogicalSwitch.self, switches[1], .loadBalancerGroup, .delete(.ofSet([group])))
        }
        network.settle()
        #expect(members(row.row.lsDatapathGroup, network) == ["s0", "s2"])
    }

    @Test func withoutDatapathsOrAddressesThereIsNoRow() {
        let network = TestNetwork()
        let empty = network.addLoadBalancer("empty", [:])
        network.addLoadBalancer("unused", ["10.0.0.1:80": ""])
        let used = network.addLoadBalancer("used", ["10.0.0.1:80": ""])
        let datapath = network.addSwitch("s") { $0.loadBalancer = [empty, used] }
        network.settle()
        #expect(network.rows(SB.LoadBalancer.self).map(\.row.name) == ["used"])
        network.edit {
            $0.mutate(
                NB.LogicalSwitch.self, datapath, .loadBalancer, .delete(.ofSet([used])))
        }
        network.settle()
        #expect(network.rows(SB.LoadBalancer.self).isEmpty)
    }

    private func members(_ group: RowUUID?, _ network: TestNetwork) -> [String] {
        let datapaths = network.rows(SB.LogicalDPGroup.self).first { $0.uuid == group }?.row
            .datapaths
        return network.rows(SB.DatapathBinding.self)
            .filter { datapaths?.contains($0.uuid) == true }
            .compactMap { $0.row.externalIDs["name"] }.sorted()
    }
}

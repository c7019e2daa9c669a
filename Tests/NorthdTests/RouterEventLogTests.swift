import Incremental
import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@testable import Northd

/// What re-runs after typical changes of routers with gateways: the objects concerned.
@Suite struct RouterEventLogTests {
    private final class Network {
        let network = TestNetwork()
        let router: RowUUID
        private(set) var gatewayPort = RowUUID.zero
        private(set) var rules: [RowUUID] = []
        private(set) var policies: [RowUUID] = []
        private(set) var balancers: [RowUUID] = []
        private(set) var ports: [RowUUID] = []
        var names: [RowUUID: String] = [:]

        init() {
            router = network.addRouter("r")
            names[router] = "r"
            for number in 0..<4 {
                let datapath = network.addSwitch("s\(number)")
                names[datapath] = "s\(number)"
                let sides = network.connect(
                    router, datapath, name: "r-s\(number)", mac: "02:00:00:00:0\(number):fe",
                    networks: ["10.0.\(number).254/24"])
                names[sides.routerPort] = "r-s\(number)"
                names[sides.switchPort] = "to-r-s\(number)"
                ports.append(sides.routerPort)
                if number == 0 {
                    gatewayPort = sides.routerPort
                    network.addLocalnet(to: datapath)
                    network.addGateways("gw1", "gw2", to: gatewayPort)
                }
                let port = network.addPort(
                    "p\(number)", to: datapath,
                    addresses: ["02:00:00:00:0\(number):01 10.0.\(number).1"])
                names[port] = "p\(number)"
            }
            for number in 0..<3 {
                addRule(number)
                add(
                    network.addPolicy(number, "ip4.src == 10.0.0.\(number)", "drop", on: router),
                    "policy\(number)", to: \.policies)
                add(
                    network.balance(
                        "lb\(number)", ["9.9.9.\(number):80": "10.0.1.1:80"], on: router),
                    "lb\(number)", to: \.balancers)
            }
            network.settle()
            network.northd.compiler.engine.log = EventLog()
        }

        private func add(
            _ uuid: RowUUID, _ name: String, to list: ReferenceWritableKeyPath<Network, [RowUUID]>
        ) {
            names[uuid] = name
            self[keyPath: list].append(uuid)
        }

        func addRule(_ number: Int) {
            let rule = network.addNAT(
                "snat", "10.0.0.10\(number)", "10.\(number + 1).0.0/16", on: router)
            add(rule, "nat\(number)", to: \.rules)
        }

        /// The objects whose cells ran since the last call.
        func concerned() -> Set<String> {
            network.settle()
            let engine = network.northd.compiler.engine
            let events = engine.log?.events ?? []
            engine.log?.clear()
            return Set(
                events.compactMap { event in
                    names.first { event.cell.contains($0.key.description) }?.value
                })
        }
    }

    @Test func aRuleThatJoinsConcernsItself() {
        let network = Network()
        network.addRule(7)
        #expect(network.concerned() == ["nat7"])
    }

    @Test func aRuleThatChangesConcernsItself() {
        let network = Network()
        network.network.edit {
            $0.update(network.rules[1], [.logicalIP], of: NB.NAT(logicalIP: "10.77.0.0/16"))
        }
        #expect(network.concerned() == ["nat1"])
    }

    /// The first rule makes the router one that translates; that is news for its own flows only.
    @Test func theLastRuleThatLeavesConcernsTheRouter() {
        let network = Network()
        network.network.edit {
            $0.update(network.router, [.nat], of: NB.LogicalRouter())
        }
        let concerned = network.concerned()
        #expect(concerned.isSuperset(of: ["nat0", "nat1", "nat2"]))
        #expect(!concerned.contains { $0.hasPrefix("p") || $0.hasPrefix("lb") })
    }

    @Test func aPolicyConcernsItself() {
        let network = Network()
        network.network.edit {
            $0.update(network.policies[1], [.action], of: NB.LogicalRouterPolicy(action: "allow"))
        }
        #expect(network.concerned() == ["policy1"])
    }

    @Test func aServicesAddressConcernsItsLoadBalancer() {
        let network = Network()
        network.network.edit {
            $0.update(
                network.balancers[1], [.vips],
                of: NB.LoadBalancer(vips: ["9.9.9.77:80": "10.0.1.1:80"]))
        }
        #expect(network.concerned() == ["lb1"])
    }

    @Test func aBackendConcernsItsLoadBalancer() {
        let network = Network()
        network.network.edit {
            $0.update(
                network.balancers[0], [.vips],
                of: NB.LoadBalancer(vips: ["9.9.9.0:80": "10.0.1.1:80,10.0.2.1:80"]))
        }
        #expect(network.concerned() == ["lb0"])
    }

    /// A claim of the gateway is told to the configuration, and to nobody else.
    @Test func aClaimOfTheGatewayConcernsItsPort() {
        let network = Network()
        let chassis = network.network.addChassis("gw1")
        _ = network.concerned()
        let row = network.network.rows(SB.PortBinding.self).first {
            $0.row.logicalPort == "cr-r-s0"
        }
        network.network.editSouthbound {
            $0.update(row?.uuid ?? .zero, [.chassis], of: SB.PortBinding(chassis: chassis))
        }
        #expect(network.concerned().isSubset(of: ["r-s0", "to-r-s0"]))
    }

    /// A chassis that has all features concerns nothing that there is.
    @Test func aChassisConcernsNoRouter() {
        let network = Network()
        network.network.addChassis("hv9")
        #expect(network.concerned().isEmpty)
    }

    @Test func aPriorityConcernsTheGroupOfThePort() {
        let network = Network()
        let row = network.network.northbound.replica.rows(NB.GatewayChassis.self).first
        network.network.edit {
            $0.update(row?.uuid ?? .zero, [.priority], of: NB.GatewayChassis(priority: 3))
        }
        #expect(network.concerned() == ["r-s0"])
    }
}

import OVSDBModel
import OVSDBSession
import Schemas
import Testing
import Wire

@testable import Northd

@Suite struct AgeingTests {
    private func network(
        _ threshold: String
    ) -> (network: TestNetwork, router: RowUUID) {
        let network = TestNetwork()
        let router = network.addRouter("r1") {
            $0.options["mac_binding_age_threshold"] = threshold
        }
        network.addRouterPort(
            "r1-s1", to: router, mac: "02:00:00:00:01:01", networks: ["10.0.0.254/24"])
        network.settle()
        return (network, router)
    }

    private func learn(_ ip: String, age seconds: Int, _ network: TestNetwork) {
        let datapath = network.rows(SB.DatapathBinding.self).first {
            $0.row.type == "logical-router"
        }
        let uuid = network.southbound.makeUUID()
        network.editSouthbound {
            $0.insert(
                SB.MACBinding(
                    logicalPort: "r1-s1", ip: ip, mac: "02:00:00:00:00:09",
                    timestamp: Int(network.now) - seconds * 1000, datapath: datapath?.uuid ?? .zero),
                uuid: uuid)
        }
    }

    private func known(_ network: TestNetwork) -> Set<String> {
        Set(network.rows(SB.MACBinding.self).map(\.row.ip))
    }

    /// The clock goes to northd's own deadline, and no further.
    private func wait(_ network: TestNetwork) {
        guard let deadline = network.northd.deadline else { return }
        network.now = max(network.now, deadline)
        network.settle()
    }

    @Test func neighboursAge() {
        let (network, _) = network("10")
        learn("10.0.0.1", age: 20, network)
        learn("10.0.0.2", age: 0, network)
        network.settle()
        wait(network)
        #expect(known(network) == ["10.0.0.2"])
        for _ in 0..<20 where !known(network).isEmpty { wait(network) }
        #expect(known(network).isEmpty)
        #expect(network.northd.deadline == nil, "nothing is left to wait for")
    }

    /// Deleting is for the active one; a standby that waited for it would never rest.
    @Test func aStandbyWaitsForNothing() {
        let (network, _) = network("10")
        network.mayWrite = false
        learn("10.0.0.1", age: 20, network)
        network.settle()
        #expect(network.northd.deadline == nil)
        network.mayWrite = true
        network.settle()
        wait(network)
        #expect(known(network).isEmpty)
    }

    @Test func aRefreshedNeighbourStays() {
        let (network, _) = network("10")
        learn("10.0.0.1", age: 0, network)
        network.settle()
        let start = network.now
        for _ in 0..<5 {
            network.now += 8000
            let row = network.rows(SB.MACBinding.self)
            guard let first = row.first else { break }
            network.editSouthbound {
                $0.update(
                    first.uuid, [.timestamp], of: SB.MACBinding(timestamp: Int(network.now)))
            }
            network.settle()
        }
        #expect(network.now - start >= 40_000 && known(network) == ["10.0.0.1"])
    }

    @Test func prefixesHaveTheirOwnAge() {
        let (network, _) = network("10;10.0.0.0/24:0;10.0.0.128/25:50")
        for address in ["10.0.0.1", "10.0.0.200", "10.9.9.9"] { learn(address, age: 30, network) }
        network.settle()
        wait(network)
        #expect(known(network) == ["10.0.0.1", "10.0.0.200"])
        network.now += 60_000
        network.settle()
        wait(network)
        #expect(known(network) == ["10.0.0.1"])
    }

    @Test func aRoundDeletesOnlySoMany() throws {
        let (network, _) = network("10")
        let global = try #require(network.northbound.replica.only(NB.NBGlobal.self))
        network.change(NB.NBGlobal.self, global.uuid) {
            $0.options["mac_binding_removal_limit"] = "2"
        }
        network.settle()
        for host in 1...5 { learn("10.0.0.\(host)", age: 30, network) }
        network.settle()
        wait(network)
        #expect(known(network).count == 3)
        let start = network.now
        wait(network)
        #expect(known(network).count == 1)
        #expect(network.now - start >= 4000)
    }

    @Test func neighboursOfNoPortGo() {
        let (network, router) = network("10")
        learn("10.0.0.1", age: 0, network)
        network.settle()
        network.edit {
            $0.update(router, [.ports], of: NB.LogicalRouter(ports: []))
        }
        network.settle()
        #expect(known(network).isEmpty)
        learn("10.0.0.2", age: 0, network)
        network.settle()
        #expect(known(network).isEmpty, "learned too late")
    }

    /// Logical_Router.options:mac_binding_limit, an extension.
    @Test func theLeastUsedNeighboursGoFirst() throws {
        let (network, router) = network("1000")
        for host in 1...6 { learn("10.0.0.\(host)", age: 10 * host, network) }
        network.settle()
        #expect(known(network).count == 6)
        network.change(NB.LogicalRouter.self, router) { $0.options["mac_binding_limit"] = "4" }
        network.settle()
        #expect(known(network) == ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"])
        network.failures = 1
        learn("10.0.0.7", age: 0, network)
        network.settle()
        #expect(known(network) == ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.7"])
        network.change(NB.LogicalRouter.self, router) {
            $0.options = ["mac_binding_limit": "few"]
        }
        learn("10.0.0.8", age: 0, network)
        network.settle()
        #expect(known(network).count == 5, "no limit, no ageing")
        #expect(network.northd.problems.map(\.column) == ["options:mac_binding_limit"])
    }

    @Test func stationsAge() {
        let network = TestNetwork()
        network.addSwitch("s1") { $0.otherConfig["fdb_age_threshold"] = "10" }
        network.settle()
        let key = network.rows(SB.DatapathBinding.self)[0].row.tunnelKey
        network.editSouthbound { builder in
            for (number, stamp) in [0, Int.max, Int(network.now)].enumerated() {
                builder.insert(
                    SB.FDB(
                        mac: "02:00:00:00:00:0\(number)", dpKey: key, portKey: 1,
                        timestamp: stamp),
                    uuid: RowUUID(high: 8, low: UInt64(number)))
            }
        }
        network.settle()
        for _ in 0..<20 { wait(network) }
        #expect(
            network.rows(SB.FDB.self).map(\.row.mac) == ["02:00:00:00:00:01"],
            "what a hardware VTEP learned never ages")
    }

    @Test func aRefreshedStationStays() {
        let network = TestNetwork()
        network.addSwitch("s1") { $0.otherConfig["fdb_age_threshold"] = "10" }
        network.settle()
        let key = network.rows(SB.DatapathBinding.self)[0].row.tunnelKey
        let uuid = RowUUID(high: 8, low: 1)
        network.editSouthbound {
            $0.insert(
                SB.FDB(
                    mac: "02:00:00:00:00:01", dpKey: key, portKey: 1, timestamp: Int(network.now)),
                uuid: uuid)
        }
        for _ in 0..<30 {
            network.editSouthbound {
                $0.update(uuid, [.timestamp], of: SB.FDB(timestamp: Int(network.now)))
            }
            wait(network)
        }
        #expect(network.rows(SB.FDB.self).count == 1, "its chassis still uses it")
        for _ in 0..<20 { wait(network) }
        #expect(network.rows(SB.FDB.self).isEmpty)
    }

    @Test(arguments: [
        ("600", "10.0.0.1", Int64(600_000)), ("10.0.0.0/8:5;600", "10.0.0.1", 5000),
        ("fd00::/8:7;600", "fd00::1", 7000), ("fd00::/8:7;600", "10.0.0.1", 600_000),
    ])
    func thresholds(text: String, address: String, age: Int64) {
        let thresholds = AgeThresholds(parsing: text) { Issue.record("\($0)") }
        #expect(thresholds?.age(of: address) == age)
    }

    @Test func badThresholdsAreReported() {
        var reasons: [String] = []
        let thresholds = AgeThresholds(parsing: "x;10.0.0.0/99:5;7") { reasons.append($0) }
        #expect(thresholds?.age(of: "10.0.0.1") == 7000)
        #expect(reasons == ["no age threshold: \"x\"", "no age threshold: \"10.0.0.0/99:5\""])
    }
}

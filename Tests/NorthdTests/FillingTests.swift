import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@testable import Northd

/// An empty Southbound database gets its flows in parts.
@Suite struct FillingTests {
    private static let parts = 7

    /// Two switches and a router, of which no northd has heard yet.
    private func network(partSize: Int = .max) -> TestNetwork {
        let network = TestNetwork(empty: ())
        network.replaceNorthd(Northd(generator: SequentialGenerator(), partSize: partSize))
        network.edit {
            $0.insert(NB.NBGlobal(nbCfg: 3), uuid: network.northbound.makeUUID())
        }
        let router = network.addRouter("r")
        for number in 1...2 {
            let own = network.addSwitch("s\(number)")
            network.addPort(
                "p\(number)", to: own, addresses: ["02:00:00:00:00:0\(number) 10.0.\(number).2"])
            network.connect(
                router, own, name: "r\(number)", mac: "0a:00:00:00:00:0\(number)",
                networks: ["10.0.\(number).1/24"])
        }
        return network
    }

    private func text(_ network: TestNetwork) -> Set<String> {
        var rows: Set<String> = []
        let replica = network.southbound.replica
        for table in replica.schema.tables.indices
        where replica.schema.tables[table].name != SB.SBGlobal.table.name {
            for (uuid, row) in replica.rows(in: table) { rows.insert("\(table) \(uuid) \(row)") }
        }
        return rows
    }

    /// A network as one transaction made it, and the size of a part of its flows.
    private func whole() -> (text: Set<String>, partSize: Int) {
        let network = network()
        network.settle()
        return (text(network), network.rows(SB.LogicalFlow.self).count / Self.parts)
    }

    @Test func partsComeToTheSame() {
        let (whole, partSize) = whole()
        let network = network(partSize: partSize)
        network.settle()
        #expect(network.southboundCommits > Self.parts)
        #expect(text(network).symmetricDifference(whole) == [])
        #expect(network.northd.isIdle)
    }

    /// What admits packets comes last, and the number of the configuration after everything.
    @Test func nothingIsAdmittedOrSaidBefore() {
        let (_, partSize) = whole()
        let network = network(partSize: partSize)
        var admitted: [Int] = []
        var others: [Int] = []
        var numbers: [Int] = []
        network.observe = { replica in
            let flows = replica.rows(SB.LogicalFlow.self).map(\.row)
            admitted.append(flows.count { $0.pipeline == "ingress" && $0.tableID == 0 })
            others.append(flows.count - (admitted.last ?? 0))
            numbers.append(replica.only(SB.SBGlobal.self)?.row.nbCfg ?? 0)
        }
        network.settle()
        let last = (admitted.last ?? 0, others.last ?? 0)
        #expect(last.0 > 0)
        for (admitted, others) in zip(admitted, others) {
            #expect(admitted == 0 || others == last.1)
        }
        for (number, admitted) in zip(numbers, admitted) {
            #expect(number == (admitted == last.0 && number > 0 ? 3 : 0))
        }
        #expect(numbers.last == 3)
    }

    /// Whatever part is lost: no number before all is there, and all is there in the end.
    @Test(arguments: 0...8) func aLostPartIsMadeAgain(_ number: Int) {
        let (whole, partSize) = whole()
        let network = network(partSize: partSize)
        network.successes = number
        network.failures = 1
        network.mayBeRefused = true
        let flows = whole.count
        network.observe = { replica in
            guard replica.only(SB.SBGlobal.self)?.row.nbCfg == 3 else { return }
            #expect(
                replica.schema.tables.indices.reduce(0) { $0 + replica.rows(in: $1).count } > flows)
        }
        network.settle()
        #expect(text(network).symmetricDifference(whole) == [])
    }

    private func disablePorts(_ network: TestNetwork) {
        network.edit { builder in
            for item in network.northbound.replica.rows(NB.LogicalSwitchPort.self) {
                builder.update(
                    item.uuid, [.enabled], of: NB.LogicalSwitchPort(enabled: false))
            }
        }
    }

    /// What is configured while the parts are under way is written after them.
    @Test func changesMeanwhileFollow() {
        let (_, partSize) = whole()
        let network = network(partSize: partSize)
        var isFirst = true
        network.observe = { _ in
            guard isFirst else { return }
            isFirst = false
            disablePorts(network)
        }
        network.settle()
        let other = self.network()
        disablePorts(other)
        other.settle()
        #expect(text(network).symmetricDifference(text(other)) == [])
    }

    /// A northd that loses its lock leaves what is there to the next one.
    @Test func theNextNorthdGoesOn() {
        let (whole, partSize) = whole()
        let network = network(partSize: partSize)
        var commits = 0
        network.observe = { _ in
            commits += 1
            if commits == 4 { network.mayWrite = false }
        }
        network.settle()
        #expect(network.rows(SB.LogicalFlow.self).count > 0)
        #expect(network.rows(SB.SBGlobal.self).isEmpty)
        network.observe = { _ in }
        network.mayWrite = true
        network.restartNorthd()
        network.settle()
        #expect(text(network).symmetricDifference(whole) == [])
    }

    /// A standby that followed the filling has nothing to write when it takes over.
    @Test func aStandbyFollows() {
        let (_, partSize) = whole()
        let network = network(partSize: partSize)
        let standby = Northd(generator: SequentialGenerator(), partSize: partSize)
        standby.changed(.northbound, network.northbound.replica.asChanges)
        network.listener = standby
        func step(mayWrite: Bool) -> [NorthdAction] {
            standby.step(
                NorthdView(
                    northbound: network.northbound.replica,
                    southbound: network.southbound.replica, mayWrite: mayWrite),
                now: network.now)
        }
        network.observe = { _ in #expect(step(mayWrite: false).isEmpty) }
        network.settle()
        #expect(step(mayWrite: false).isEmpty)
        #expect(standby.isIdle)
        #expect(step(mayWrite: true).isEmpty)
    }
}

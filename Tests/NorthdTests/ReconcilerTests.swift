import OVSDBModel
import OVSDBSession
import Schemas
import Testing

@testable import Northd

/// What happens when the Southbound database isn't as northd left it.
@Suite struct ReconcilerTests {
    private func network() -> TestNetwork {
        let network = TestNetwork()
        let s1 = network.addSwitch("s1")
        network.addPort("p1", to: s1, addresses: ["02:00:00:00:00:01 10.0.0.1"])
        network.addPort("p2", to: s1, addresses: ["02:00:00:00:00:02 10.0.0.2", "unknown"])
        network.settle()
        return network
    }

    private func contents(_ network: TestNetwork) -> Set<String> {
        var rows: Set<String> = []
        for table in network.southbound.replica.schema.tables.indices
        where network.southbound.replica.schema.tables[table].name != SB.SBGlobal.table.name {
            for (uuid, row) in network.southbound.replica.rows(in: table) {
                rows.insert("\(table) \(uuid) \(row)")
            }
        }
        return rows
    }

    @Test func whatSomebodyElseChangesIsSetRight() {
        let network = network()
        let before = contents(network)
        let binding = network.rows(SB.PortBinding.self)[0]
        let flow = network.rows(SB.LogicalFlow.self)[0]
        let other = network.rows(SB.LogicalFlow.self)[1]
        let group = network.rows(SB.MulticastGroup.self)[0]
        let datapaths = network.rows(SB.LogicalDPGroup.self)[0]
        network.editSouthbound {
            $0.update(binding.uuid, [.options, .mac], of: SB.PortBinding(options: ["x": "y"]))
            $0.update(flow.uuid, [.actions], of: SB.LogicalFlow(actions: "drop;"))
            $0.delete(SB.LogicalFlow.self, other.uuid)
            $0.update(group.uuid, [.ports], of: SB.MulticastGroup(ports: []))
            $0.update(datapaths.uuid, [.datapaths], of: SB.LogicalDPGroup())
            $0.insert(
                SB.LogicalFlow(
                    logicalDatapath: flow.row.logicalDatapath ?? binding.row.datapath,
                    pipeline: "ingress", tableID: 3, priority: 7, match: "1", actions: "next;"),
                uuid: RowUUID(high: 9, low: 9))
            $0.insert(SB.AddressSet(name: "stray"), uuid: RowUUID(high: 9, low: 10))
        }
        network.settle()
        #expect(contents(network).symmetricDifference(before) == [])
        let commits = network.southboundCommits
        network.settle()
        #expect(network.southboundCommits == commits)
    }

    /// A deleted port comes back as the same row.
    @Test func aDeletedRowComesBack() {
        let network = network()
        let before = contents(network)
        let binding = network.rows(SB.PortBinding.self)[0]
        network.editSouthbound { $0.delete(SB.PortBinding.self, binding.uuid) }
        network.settle()
        #expect(contents(network).symmetricDifference(before) == [])
    }

    /// Rows of a northd that chose other identities stay; only what they say is compared.
    @Test func rowsOfAnotherNorthdAreAdopted() {
        let first = network()
        let other = TestNetwork(copying: first)
        let datapath = RowUUID(high: 5, low: 1)
        let flow = RowUUID(high: 5, low: 2)
        other.editSouthbound {
            $0.insert(
                SB.DatapathBinding(
                    tunnelKey: 42,
                    externalIDs: [
                        "logical-switch": first.rows(SB.DatapathBinding.self)[0].row.nbUUID?
                            .description ?? ""
                    ]),
                uuid: datapath)
            $0.insert(
                SB.PortBinding(logicalPort: "p1", datapath: datapath, tunnelKey: 17),
                uuid: RowUUID(high: 5, low: 3))
            $0.insert(
                SB.LogicalFlow(
                    logicalDatapath: datapath, pipeline: "ingress", tableID: 33, priority: 50,
                    match: "eth.dst == 02:00:00:00:00:01", actions: "outport = \"p1\"; output;"),
                uuid: flow)
        }
        other.settle()
        let binding = other.rows(SB.DatapathBinding.self)
        #expect(binding.map(\.uuid) == [datapath])
        #expect(binding.first?.row.tunnelKey == 42)
        #expect(other.binding("p1")?.tunnelKey == 17)
        let adopted = other.rows(SB.LogicalFlow.self).first { $0.uuid == flow }
        #expect(adopted?.row.externalIDs["stage-name"] == "ls_in_l2_lkup")
        let unicast = other.flows("ls_in_l2_lkup", on: "s1").filter { $0.contains("00:01 ->") }
        #expect(unicast.count == 1)
        other.edit { $0.delete(NB.LogicalSwitch.self, binding[0].row.nbUUID ?? .zero) }
        other.settle()
        #expect(other.rows(SB.LogicalFlow.self).isEmpty)
    }

    /// A standby derives with the active one, and takes over without writing anything.
    @Test func takingOverWritesNothing() {
        let network = network()
        let standby = Northd(generator: SequentialGenerator())
        standby.changed(.northbound, network.northbound.replica.asChanges)
        standby.changed(.southbound, network.southbound.replica.asChanges)
        func step(_ mayWrite: Bool) -> Int {
            let view = NorthdView(
                northbound: network.northbound.replica, southbound: network.southbound.replica,
                mayWrite: mayWrite)
            return standby.step(view, now: 0).count
        }
        #expect(step(false) == 0)
        network.listener = standby
        let s2 = network.addSwitch("s2")
        network.addPort("p9", to: s2, addresses: ["02:00:00:00:00:09 10.0.0.9"])
        #expect(step(false) == 0)
        network.settle()
        #expect(step(false) == 0)
        #expect(step(true) == 0, "everything is as it shall be")
        network.addPort("p10", to: s2)
        #expect(step(true) == 2, "and from here on it writes, to both databases")
    }

    @Test func aRefusedTransactionIsMadeAgain() {
        let network = TestNetwork()
        network.failures = 2
        let s1 = network.addSwitch("s1")
        network.addPort("p1", to: s1)
        network.settle()
        #expect(network.binding("p1") != nil)
    }

    @Test func aPortThatMovesBecomesAnotherRow() {
        let network = TestNetwork()
        let (s1, s2) = (network.addSwitch("s1"), network.addSwitch("s2"))
        let port = network.addPort("p1", to: s1)
        network.settle()
        let before = network.rows(SB.PortBinding.self)[0]
        network.edit {
            $0.mutate(NB.LogicalSwitch.self, s1, .ports, .delete(.ofSet([port])))
            $0.mutate(NB.LogicalSwitch.self, s2, .ports, .insert(.ofSet([port])))
        }
        network.settle()
        let after = network.rows(SB.PortBinding.self)
        #expect(after.count == 1 && after[0].uuid != before.uuid)
        #expect(network.group("_MC_flood", on: "s2") == ["p1"])
        #expect(network.group("_MC_flood", on: "s1").isEmpty)
    }

    @Test func badRowsAreLocalAndReported() {
        let network = TestNetwork()
        let s1 = network.addSwitch("s1") { $0.acls = [] }
        let bad = network.addPort(
            "bad", to: s1, addresses: ["nonsense", "02:00:00:00:00:03 10.0.0.3"])
        network.addPort("good", to: s1, addresses: ["02:00:00:00:00:01 10.0.0.1"])
        let router = network.addRouter("r1")
        network.addRouterPort("bad", to: router, mac: "02:00:00:00:00:09", networks: [])
        network.addRoute("10.0.0.0/33", via: "10.0.0.1", on: router)
        network.addRoute("10.9.0.0/16", via: "172.16.0.1", on: router)
        network.settle()
        #expect(network.binding("good") != nil && network.binding("bad")?.type == "")
        let columns = network.northd.problems.map { "\($0.table) \($0.column)" }
        #expect(
            columns == [
                "Logical_Router_Port name", "Logical_Router_Static_Route ip_prefix",
                "Logical_Router_Static_Route nexthop", "Logical_Switch_Port addresses",
            ])
        #expect(network.flows("ls_in_l2_lkup", on: "s1").contains { $0.contains("00:03 ->") })
        network.edit {
            $0.update(bad, [.addresses], of: NB.LogicalSwitchPort(addresses: []))
        }
        network.settle()
        #expect(network.northd.problems.count == 3)
        let solved = network.reports.contains {
            if case .solved(let problem) = $0 { problem.row == bad } else { false }
        }
        #expect(solved)
    }
}

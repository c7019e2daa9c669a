import OVSDBModel
import Schemas
import Testing

@testable import Northd

/// A chassis drops what is for a group without a row, and says so at every packet of a trace.
@Suite struct FloodTests {
    let network = TestNetwork()
    let s1: RowUUID

    init() { s1 = network.addSwitch("s1") }

    private func lookup(_ part: String) -> [String] {
        network.flows("ls_in_l2_lkup", on: "s1").filter { $0.contains(part) }
    }

    private func connectRouters() {
        for (name, mac) in [("r1", "02:00:00:00:01:01"), ("r2", "02:00:00:00:01:02")] {
            network.connect(
                network.addRouter(name), s1, name: name + "-s1", mac: mac,
                networks: ["10.0.0.\(name.suffix(1))/24"])
        }
        network.settle()
    }

    @Test func routersAloneGetWhatTheyAskEachOther() {
        connectRouters()
        #expect(lookup("_MC_flood_l2").isEmpty)
        #expect(
            lookup("] eth.mcast") == [
                "[72] eth.mcast && (nd_na || nd_rs || nd_ra) -> outport = \"_MC_flood\"; output;",
                "[72] eth.mcast && nd_ns -> outport = \"_MC_flood\"; output;",
                "[71] eth.mcast && arp -> outport = \"_MC_flood\"; output;",
                "[71] eth.mcast && ip -> drop;",
                "[70] eth.mcast -> drop;",
            ])
    }

    /// What other_config:broadcast-arps-to-all-routers=false spares routers of has nobody left.
    @Test func sparedRoutersAlone() {
        connectRouters()
        network.change(NB.LogicalSwitch.self, s1) {
            $0.otherConfig["broadcast-arps-to-all-routers"] = "false"
        }
        network.settle()
        #expect(lookup("eth.mcast && nd_ns ->").isEmpty)
        #expect(
            lookup("arp.op == 1 || nd_ns") == ["[72] eth.mcast && (arp.op == 1 || nd_ns) -> drop;"])
        network.addPort("p1", to: s1, addresses: ["unknown"])
        network.settle()
        #expect(
            lookup("arp.op == 1 || nd_ns").first
                == "[72] eth.mcast && (arp.op == 1 || nd_ns) -> outport = \"_MC_unknown\"; output;")
    }

    /// A host counts while it gets what is flooded.
    @Test func hostsComeAndGo() {
        connectRouters()
        let port = network.addPort("p1", to: s1, addresses: ["02:00:00:00:00:01 10.0.0.9"])
        network.settle()
        #expect(lookup("_MC_flood_l2").count == 6)
        #expect(lookup("eth.mcast && nd_ns ->").isEmpty)
        network.change(NB.LogicalSwitchPort.self, port) { $0.enabled = false }
        network.settle()
        #expect(lookup("_MC_flood_l2").isEmpty)
        network.change(NB.LogicalSwitchPort.self, port) {
            $0.enabled = nil
            $0.options["receive_multicast"] = "false"
        }
        network.settle()
        #expect(lookup("_MC_flood_l2").isEmpty)
    }

    @Test func snoopingAmongRoutersAlone() {
        connectRouters()
        network.change(NB.LogicalSwitch.self, s1) { $0.otherConfig["mcast_snoop"] = "true" }
        network.settle()
        #expect(
            lookup("224.0.0.0/24") == ["[85] ip4.mcast && ip4.dst == 224.0.0.0/24 -> drop;"])
    }

    /// A switch without an enabled port that takes multicast packets has nobody who sends them.
    @Test(arguments: 0..<6 as Range<UInt64>)
    func noFlowNamesAGroupThatIsNotThere(seed: UInt64) {
        let network = TestNetwork()
        var edits = RandomEdits(seed: seed)
        for round in 0..<30 {
            for _ in 0..<8 { edits.edit(network) }
            network.settle()
            let groups = Set(
                network.rows(SB.MulticastGroup.self).map { Place($0.row.datapath, $0.row.name) })
            let missing = named(network).subtracting(groups)
                .filter { $0.group != MulticastGroup.flood.name }
            #expect(missing.isEmpty, "seed \(seed), round \(round)")
            if !missing.isEmpty { return }
        }
    }

    private struct Place: Hashable {
        let datapath: RowUUID?
        let group: String

        init(_ datapath: RowUUID?, _ group: String) {
            (self.datapath, self.group) = (datapath, group)
        }
    }

    private func named(_ network: TestNetwork) -> Set<Place> {
        let members = Dictionary(
            uniqueKeysWithValues: network.rows(SB.LogicalDPGroup.self).map {
                ($0.uuid, $0.row.datapaths)
            })
        var result: Set<Place> = []
        for flow in network.rows(SB.LogicalFlow.self).map(\.row) {
            let datapaths =
                flow.logicalDatapath.map { [$0] } ?? flow.logicalDPGroup.flatMap { members[$0] }
                ?? []
            let names = flow.actions.split(separator: "\"").filter { $0.hasPrefix("_MC_") }
            for name in names {
                for datapath in datapaths { result.insert(Place(datapath, String(name))) }
            }
        }
        return result
    }
}
